"""Metrics as plain NumPy functions, one module a family; tasks say which they report and in which direction."""
