"""Files of which no more is known than their lines: only what stands there can be replaced."""
