"""Where rungs run: processes of this machine, dask, ray."""
