"""Access logs: one line for each request, one file per dialect."""
