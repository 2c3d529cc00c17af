"""Remember: MLflow runs and model registry. The only room that imports MLflow."""
