"""Load: files and arrays become :class:`Sequences`; tasks frame those as a :class:`Frame`."""
