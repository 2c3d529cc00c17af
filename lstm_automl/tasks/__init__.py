"""Frame: what X and y mean, how they are split and scored. One file a task; no Keras here."""
