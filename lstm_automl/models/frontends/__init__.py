"""What stands before or beside the recurrent layers: one file each."""
