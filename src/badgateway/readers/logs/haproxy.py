"""HAProxy's log: one line for each request with its state at disconnection, and health checks."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines
from badgateway.knowledge.requests import Request, counted, seconds_of, status_of
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "haproxy-log"

_LINE = re.compile(
    r"(?:<\d+>)?(?:\w{3} [ \d]\d \d\d:\d\d:\d\d (?:\S+ )?)?(?:haproxy\[\d+\]: "
    r"|\[(?:ALERT|WARNING|NOTICE)\] )|\S+:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] "
    r"\S+ \S+/\S+ [-\d/+]+ "
)
_TIME = re.compile(r"\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d)\.\d{3}\]")
_REQUEST = re.compile(
    r"(\S{1,100}):\d{1,5} \[([^\]]{1,40})\] \S{1,200} (\S{1,200}) (?:-?\d{1,9}/){4}\+?(\d{1,9}) "
    r"(-1|\d{3}) \d+ \S+ \S+ (\S{4}) [^\"]{0,400}(?:\"\S+ ([^\s\"]*))?"
)
"""The HTTP format: client, time, server, times in milliseconds, status, termination state."""


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say, and what its requests have in common."""
    yield from scan(material, KIND, ["haproxy"], _entry)
    yield from counted(material, KIND, "haproxy", [], _request, mixed=True)


def _entry(line: str) -> Entry | None:
    found = _TIME.search(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return local_time(found[1], "%d/%b/%Y:%H:%M:%S")

    return Entry(line, at)


def _request(line: str) -> Request | None:
    found = _REQUEST.search(line)
    status = status_of(found[5].replace("-1", "0")) if found else None
    if found is None or status is None:
        return None
    ended = found[6][:2]
    return Request(
        status=status,
        fields={},
        when=lambda: local_time(found[2].split(".")[0], "%d/%b/%Y:%H:%M:%S"),
        minute=found[2][:17],
        seconds=seconds_of(found[4], 1e-3),
        upstream=found[3],
        upstream_status=str(status) if ended == "--" and status and "<NOSRV>" not in line else "",
        path=(found[7] or "").split("?", 1)[0][:200],
        client=found[1].rsplit(" ", 1)[-1],
        explained=ended != "--",
    )
