"""From an encoded sequence to outputs: one file a head."""
