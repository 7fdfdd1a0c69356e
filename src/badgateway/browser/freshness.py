"""How long an answer in a browser's cache is shown without asking the site (RFC 9111, 4.2)."""

import re
from email.utils import parsedate_to_datetime

from badgateway.browser.profile import Stored

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_UNASKED = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses that may be reused without an explicit time (RFC 9110, section 15.1)."""
_HEURISTIC = 0.1
"""Share of an answer's age when it came for which browsers then reuse it."""


def fresh_for(stored: Stored, now: float) -> float:
    """Seconds for which the browser still shows it without asking; 0 or less where it asks.

    Args:
        stored: the answer.
        now: the time, in seconds since 1970.
    """
    if stored.at is None:
        return 0.0
    head = dict(stored.head)
    control = head.get("cache-control", "").lower()
    if re.search(r"(?:^|[\s,])no-(?:cache|store)(?:$|[\s,=])", control):
        return 0.0
    date = _time(head.get("date")) or stored.at
    age = max(0.0, now - stored.at) + _seconds(head.get("age"))
    if found := _MAX_AGE.search(control):
        return float(found[1]) - age
    if "expires" in head:
        return (_time(head["expires"]) or 0.0) - date - age
    modified = _time(head.get("last-modified"))
    if modified is not None and stored.status in _UNASKED:
        return (date - modified) * _HEURISTIC - age
    return 0.0


def _time(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() and len(text) < 11 else 0.0
