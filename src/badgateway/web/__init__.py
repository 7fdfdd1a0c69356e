"""The page: what the command line does, for the person who would rather look than type.

Law of this folder: it asks `investigate`, shows with `report`, and judges nothing. Whatever comes
from outside reaches a browser through the templates, which escape it, and nowhere else.
"""
