"""Asking the person at the terminal whether something may be done."""

import sys

YES = ("y", "yes", "o", "oui")
"""What means yes."""


def somebody() -> bool:
    """Whether there is a terminal to ask on and to answer at."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(asking: str) -> bool:
    """Ask, on standard error; anything but a yes is none."""
    print(asking, end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in YES
