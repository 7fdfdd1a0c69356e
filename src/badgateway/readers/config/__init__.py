"""Configuration files: one file per dialect."""
