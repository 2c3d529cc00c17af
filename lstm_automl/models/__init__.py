"""Build: values -> Keras model, the loop that trains it, and the model on disk."""

import os

# Else the first model in a process takes nearly all memory of each GPU, and the workers of a search find none.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
