"""HAProxy's HTTP log (doc/configuration.txt, section 8.2.3, "HTTP log format")."""

import re
from collections.abc import Sequence

from badgateway.logs.clock import Times
from badgateway.logs.hit import PATH_LIMIT, TEXT_LIMIT, Form, Hit, form_by

_LINE = re.compile(
    r"(?P<client>[0-9a-fA-F.:]{2,45}):\d{1,5} \[(?P<time>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d)\.\d{3}\] "
    r"\S{1,200} (?P<server>\S{1,200}) (?:-?\d{1,9}/){2}(?P<connect>-?\d{1,9})/(?P<answer>-?\d{1,9})"
    r"/\+?(?P<took>\d{1,9}) (?P<status>-1|\d{3}) \d+ \S+ \S+ (?P<state>\S{4}) [^\"]{0,400}"
    r"(?:\"(?P<request>[^\"]{0,8000}))?"
)
_NOTE = re.compile(r"haproxy\[\d+\]: (?!\S+:\d+ \[)")


def form(head: Sequence[str], formats: Sequence[str], times: Times) -> Form | None:
    """Lines with its times in milliseconds and its termination state."""
    return form_by(_LINE.search, head, times, "haproxy-log", _hit, _is_note)


def _hit(found: re.Match[str], second: int) -> Hit:
    words = (found["request"] or "").split(" ", 2)
    status = max(0, int(found["status"]))
    ended = found["state"][:2]
    server = found["server"]
    answered = ended == "--" and not server.endswith("<NOSRV>")
    return Hit(
        second,
        status,
        found["client"][:TEXT_LIMIT],
        (words[1] if len(words) > 1 else "").split("?", 1)[0][:PATH_LIMIT],
        int(found["answer"]) if found["answer"] != "-1" else -1,
        int(found["took"]),
        server[:TEXT_LIMIT],
        str(status) if answered else f"- ({ended})",
        ("-" if found["connect"] == "-1" else "+") + ("-" if found["answer"] == "-1" else "+"),
    )


def _is_note(line: str) -> bool:
    return _NOTE.search(line) is not None
