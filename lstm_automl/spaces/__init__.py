"""Declare: what may be searched, in YAML; plain Python inside."""
