"""Logs of any size, in one pass: each piece of a log becomes a summary, and summaries add up.

Law of this folder: whoever fills a summary knows the shape of lines, but no cause. The same scan
serves a file, several processes, a cluster and a log that is followed; all they need is `merge`.
"""
