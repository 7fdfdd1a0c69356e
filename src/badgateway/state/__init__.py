"""The state of this machine, read-only: one file per subject.

Law of this folder: what is seen is stated as observations; it knows no cause and changes nothing.
What may not be read is stated as well (`permission-lacking`), once.
"""
