"""Operate: the command line; a lazy click group, one file per verb."""
