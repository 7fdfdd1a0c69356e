"""Lines of error logs, one by one: each becomes a wording, counted with its first and last time."""

from functools import partial

from badgateway.logs.clock import Times
from badgateway.logs.examples import example_of
from badgateway.logs.source import Log, line_text, split_lines
from badgateway.logs.summary import Summary
from badgateway.logs.wordings import Wordings


class Entries:
    """Adds lines of an error log to a summary, one by one.

    Args:
        log: the log.
        times: its clock.
    """

    def __init__(self, log: Log, times: Times) -> None:
        self._log, self._times = log, times
        self._wordings = Wordings(log.kind)
        self._last: int | None = None

    def block(self, data: bytes, summary: Summary) -> None:
        """Add the lines of `data`."""
        for number, line in enumerate(split_lines(data), summary.lines + 1):
            self._line(line, number, summary)
            summary.lines = number

    def _line(self, line: bytes, number: int, summary: Summary) -> None:
        text = line_text(line)
        if not text or text.isspace():
            return
        second = self._times.of(text)
        # A line without a time, such as one of a traceback, belongs to the one before it.
        self._last = second = self._last if second is None else second
        summary.entries += 1
        example = partial(example_of, self._log, number, line)
        summary.say(self._wordings.of(text, self._times.end), second, example)

    def finish(self, summary: Summary) -> None:
        """Nothing was held back."""
