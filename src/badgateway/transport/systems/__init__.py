"""What other systems than Linux tell of their network, by the tools that they bring along.

Law of this folder: each function takes the text of one tool and returns what it says; none runs
anything. They are tested with recorded texts, so they work, and are tested, on every system.
"""
