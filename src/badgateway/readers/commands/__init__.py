"""What commands print: one file per command."""
