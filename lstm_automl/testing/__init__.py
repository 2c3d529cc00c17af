"""Contract suites for those who extend this package; no room imports them."""
