"""What to try next: one file each."""
