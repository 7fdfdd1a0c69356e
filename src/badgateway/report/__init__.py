"""Showing a verdict: one file per output format, all from the same verdict.

Law of this folder: it words and draws, and concludes nothing. Everything that came from outside
goes through `safe` before a person's terminal sees it.
"""
