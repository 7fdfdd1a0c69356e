"""A small site that is really broken, on loopback, for a first try without network or root.

Law of this folder: real sockets and a real failure; nothing is pretended.
"""
