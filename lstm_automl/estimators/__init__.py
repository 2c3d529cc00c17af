"""Offer: the scikit-learn face, and the whole flow once, for it and for the command line."""
