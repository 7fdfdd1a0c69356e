"""Lines of error logs with their variable parts named, so that equal wordings are counted once.

What changes from line to line (addresses, paths, numbers) is replaced by its name in angle
brackets; numbers that mean something (a signal, a status, an errno) stay. A line is cut at its
time and its connection first, and what remains is remembered, so most lines cost one look-up.
"""

import re
from collections.abc import Callable

from badgateway.logs.summary import Said

LOOKED_AT = 400
"""Characters of a message that make its wording."""
MOST_REMEMBERED = 50_000
_SUBJECT = 120

# Every repetition is bounded: masking takes time in proportion to the text.
_VARIABLE = re.compile(
    r"(?P<kept>(?:\bsignal|\bstatus|\bcode|\berrno|\berror:?|\bHTTP/\d\.|\bSIG[A-Z]{2,6}\b)"
    r"[ =:]{0,2}"
    r"\d{1,3}\b|\(\d{1,3}: |\bphp\d\.\d|\bHTTP/\d(?:\.\d)?)"
    r"|(?P<request>\"[A-Z]{3,8} [^\"]{1,300}\")"
    r"|(?P<url>\b[a-z][a-z0-9+]{1,9}://[^\s\"',;)\]]{1,300})"
    r"|(?P<socket>\bunix:[^\s:,\"')]{1,200})"
    r"|(?P<address>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\w.])"
    r"|\[[0-9a-fA-F:]{3,45}\](?::\d{1,5})?)"
    r"|(?P<id>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    r"|\b(?=[a-f]{0,40}\d)(?=\d{0,40}[a-f])[0-9a-f]{8,64}\b|\b0x[0-9a-fA-F]{1,16}\b)"
    r"|(?P<path>(?<![\w/])/[\w.%+@~-]{1,100}(?:/[\w.%+@~-]{0,100}){0,20})"
    r"|(?P<number>(?<![A-Za-z_])\d{1,20}(?:\.\d{1,12})?)"
)
_NGINX = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (\[\w+\]) \d+#\d+: (?:\*\d+ )?")
_LEAD = re.compile(r"^[\s\[\]<>(){}:,|-]{1,20}")


def wording(message: str) -> tuple[str, str]:
    """The wording of a message, and what it is about: its first address, socket or path."""
    subject = ""

    def named(found: re.Match[str]) -> str:
        nonlocal subject
        name = found.lastgroup or "number"
        if name == "kept":
            return found[0]
        if not subject and name in ("address", "socket", "path", "url"):
            subject = found[0][:_SUBJECT]
        return f"<{name}>"

    return _VARIABLE.sub(named, message[:LOOKED_AT]), subject


class Wordings:
    """Takes the lines of one log apart, with a memory.

    Args:
        kind: the log's dialect.
    """

    def __init__(self, kind: str) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        self.of: Callable[[str, int], Said] = self._any
        if kind == "nginx-error-log":
            self.of = self._nginx

    def _remembered(self, text: str) -> tuple[str, str]:
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = self._known[text] = wording(text)
        return known

    def _nginx(self, line: str, _start: int) -> Said:
        """Nginx puts what is of one request behind `, client: `."""
        found = _NGINX.match(line)
        start = found.end() if found else 0
        end = line.find(", client: ", start)
        template, subject = self._remembered(line[start : end if end > 0 else start + LOOKED_AT])
        if found:
            template = f"{found[1]} {template}"
        if end > 0 and (at := line.find(', upstream: "', end)) > 0:
            upstream = line[at + 13 : at + 13 + _SUBJECT].partition('"')[0]
            scheme, _, rest = upstream.partition("://")
            if rest:
                stop = rest.find(":", 5) if rest.startswith("unix:") else rest.find("/")
                subject = rest[:stop] if stop > 0 else rest
            else:
                subject = scheme
        return Said(template, subject)

    def _any(self, line: str, start: int) -> Said:
        """A line of any dialect; `start` is where its time ends."""
        text = _LEAD.sub("", line[start : start + LOOKED_AT])
        template, subject = self._remembered(text)
        return Said(template, subject)
