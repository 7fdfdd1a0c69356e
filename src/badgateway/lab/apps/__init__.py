"""The applications of the lab's sites, and a server that misbehaves on purpose.

Law of this folder: these files run by themselves under the lab's servers; nothing imports them.
"""
