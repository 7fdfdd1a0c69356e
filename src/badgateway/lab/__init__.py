"""The fault lab: an internet in a box, out of real software, broken on purpose.

Law of this folder: nothing imports it but the command line; it uses the product as a user does,
by its command and its JSON. No packet leaves the box. A fault that did not happen is not graded.
"""
