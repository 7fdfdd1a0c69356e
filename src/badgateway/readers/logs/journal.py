"""The journal and syslog files: lines of many programs, each with its name.

Each message goes through the signatures of all products: whichever program wrote it, its words
tell. Formats: `journalctl` short and short-iso, /var/log/syslog, `-o cat` with unit names, and
`systemctl status`, whose header tells the unit's state (systemd src/shared/logs-show.c).
"""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import share_of_lines, yearless_time, zoned_time
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "journal"

_LINE = re.compile(
    r"(?:(\w{3} [ \d]\d \d\d:\d\d:\d\d)|(\d{4}-\d\d-\d\dT\S+))?\s*(?:[\w.-]+ )?"
    r"([\w@./-]+)\[(\d+)\]: (.*)"
)
_STATUS = re.compile(
    r"\s*(?:[●○×↻*] \S+\.\w+|Loaded: \w+|Active: \w+|Process: \d+ |Main PID: \d+|Tasks: |Memory: "
    r"|CPU: |CGroup: |[├└]|Docs: |Status: |TriggeredBy|Drop-In)"
)
_UNIT = re.compile(r"\s*[●○×↻*] (\S+\.\w+)")
_ACTIVE = re.compile(r"\s*Active: (\w[\w-]*)(?: \(([^)]*)\))?")


def fits(head: str) -> float:
    """Lines with a program and its process number, or a unit's status."""
    shape = re.compile(f"{_LINE.pattern}|{_STATUS.pattern}")
    return 0.91 * share_of_lines(head, shape)


def read(material: Material) -> Iterator[Observation]:
    """The state of units, and what the signatures of every product find."""
    unit = ""
    for number, line in material.lines():
        if found := _UNIT.match(line):
            unit = found[1]
        elif found := _ACTIVE.match(line):
            value = {"unit": unit, "state": found[1], "result": found[2] or "", "line": number}
            source = f"{KIND}:{material.name}:{number}"
            yield Observation(Hop.UPSTREAM, "unit-state", value, source)

    def entry(text: str) -> Entry | None:
        found = _LINE.match(text)
        if found is None:
            return Entry(text)

        def at() -> datetime | None:
            if found[2]:
                return zoned_time(found[2])
            return yearless_time(found[1], material.changed) if found[1] else None

        message = f"{found[3]}[{found[4]}]: {found[5]}"
        return Entry(message if found[3] == "systemd" else found[5], at)

    yield from scan(material, KIND, None, entry)
