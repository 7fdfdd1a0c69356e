"""A line of a log that stands for many, cut and without secrets."""

from badgateway.logs.source import Log, line_text
from badgateway.logs.summary import Example
from badgateway.model.secret import masked

EXCERPT = 1_500
"""Characters of an example that are kept."""


def example_of(log: Log, number: int, line: bytes) -> Example:
    """The line of this number as an example."""
    text = line_text(line)
    return Example(log.name, log.kind, number, masked(text[: EXCERPT * 2])[:EXCERPT])
