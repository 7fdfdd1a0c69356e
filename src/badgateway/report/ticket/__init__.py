"""A verdict as a letter to whoever has to act: host, CDN, site, or the visitor's own network.

Law of this folder: it words what the verdict holds and concludes nothing. All that came from
outside is masked, made harmless, and shown as a quotation.
"""
