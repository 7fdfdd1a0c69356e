"""The visitor's browser: what its profile holds about a site, and the page opened in it.

Law of this folder: profiles are read and never written; what has to be opened is copied first.
Of cookies only names and sizes are taken, never values. It states what it sees; nothing here
knows a cause.
"""
