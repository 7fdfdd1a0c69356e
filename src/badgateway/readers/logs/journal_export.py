"""What `journalctl -o json` and `-o export` print: the journal with its fields.

https://systemd.io/JOURNAL_EXPORT_FORMATS/: one JSON object a line, or one field a line and an empty
line behind each entry; times are microseconds since the epoch.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "journal-export"

_JSON = re.compile(r"\{(?=[^\n]{0,15000}\"MESSAGE\"\s?:)(?=[^\n]{0,15000}\"__REALTIME_TIMESTAMP\")")
_EXPORT = re.compile(r"(?m)^__REALTIME_TIMESTAMP=\d+\r?$")
_OF_A_UNIT = re.compile(r"\S{1,256}\.(?:service|socket|timer|mount|scope)\b")


def fits(head: str) -> float:
    """Entries with a message and the journal's own time."""
    if _EXPORT.search(head) and re.search(r"(?m)^MESSAGE=", head):
        return 0.97
    return 0.97 * share_of_lines(head, _JSON)


def read(material: Material) -> Iterator[Observation]:
    """What the signatures of every product find in the messages."""
    time = [0]

    def exported(line: str) -> Entry | None:
        name, sign, text = line.partition("=")
        if name == "__REALTIME_TIMESTAMP":
            time[0] = _microseconds(text)
        if name != "MESSAGE" or not sign:
            return Entry("")
        at = time[0]
        said = f"systemd[1]: {text}" if _OF_A_UNIT.match(text) else text
        return Entry(said, lambda: _moment(at))

    is_json = material.head.lstrip().startswith("{")
    return scan(material, KIND, None, _object if is_json else exported)


def _object(line: str) -> Entry | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    said, at = entry.get("MESSAGE"), _microseconds(str(entry.get("__REALTIME_TIMESTAMP", "")))
    if isinstance(said, list):  # Messages that are no UTF-8 come as a list of bytes.
        numbers = [n for n in said[:16_384] if isinstance(n, int) and 0 <= n < 256]
        said = bytes(numbers).decode("utf-8", "replace")
    if not isinstance(said, str):
        return None
    who = entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM")
    message = f"systemd[1]: {said}" if who == "systemd" else said
    return Entry(message, lambda: _moment(at))


def _microseconds(text: str) -> int:
    text = text.strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 17 else 0


def _moment(microseconds: int) -> datetime | None:
    return datetime.fromtimestamp(microseconds / 1e6, UTC) if microseconds else None
