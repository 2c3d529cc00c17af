"""Recurrent cells: one file each, a stock layer of Keras by name."""
