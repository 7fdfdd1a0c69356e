"""Watching: a page asked for again and again, or a name at many resolvers, until it is clear.

Law of this folder: it repeats what `investigate` and the probes do, politely, and tells whoever
listens by frozen events. It draws nothing, and what it concludes about causes comes from the
judging of everything that was seen.
"""
