"""Which plugin, theme or drop-in breaks a WordPress site, found also while the site is dead.

Law of this folder: visitors see no difference. A switch that only our own requests can throw
leaves parts out for those requests alone; it is taken away whatever happens, and expires.
"""
