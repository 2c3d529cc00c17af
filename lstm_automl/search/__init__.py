"""Search: what to try, how far, where; the store is the only truth. Never imports MLflow."""
