"""Build: values -> Keras model, the loop that trains it, and the model on disk."""
