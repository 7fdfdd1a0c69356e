"""When to ask again, as a well-behaved client: what the site asks for, else slower and slower.

A `Retry-After` is kept (RFC 9110 10.2.3), and so is a time that the page itself names, such as
"try again in 30 seconds". Without either the pauses double, each a little different, so that many
who watch do not come back all at once.
"""

import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from badgateway.knowledge.page import visible
from badgateway.model.response import Response

FIRST = 5.0
"""Seconds of the first pause, and the shortest that there is."""
LONGEST = 60.0
"""Seconds that pauses of our own grow to."""
MOST = 3_600.0
"""Seconds that are waited at the most, whatever the site asks: once an hour harms nobody."""
_LOOKED_AT = 65_536
_DIGITS = re.compile(r"[0-9]{1,12}")
_REFRESH = re.compile(
    r"[ \t]*(?P<number>[0-9]{1,6})(?:\.[0-9]{0,3})?[ \t]*(?:[;,].{0,2000})?", re.DOTALL
)
"""The value of a Refresh header or of its equivalent in a page: seconds, then perhaps a URL."""
_META = re.compile(r"<meta\b(?P<inside>[^<>]{1,500})>", re.IGNORECASE)
_CONTENT = re.compile(r"\bcontent\s{0,5}=\s{0,5}[\"']?(?P<value>[^\"'<>]{1,300})", re.IGNORECASE)
_SOON = re.compile(
    r"""
    \b(?:try(?:ing)?|retry(?:ing)?|reload(?:ing|s)?|refresh(?:ing|es)?|again|back|wait|return
      |réessayer|réessayez|patientez|rechargez|reviendra|retour)\b
    [^.!?0-9]{0,40}?
    \b(?:in|after|for|every|within|about|another|at\s+least|dans|après|environ|pendant)?\s{0,3}
    (?<![\d.,:])(?P<number>[0-9]{1,4})\s{0,3}-?\s{0,3}
    (?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|h|secondes?|heures?)\b(?!\s{0,3}ago\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_UNITS = {"s": 1, "m": 60, "h": 3_600}


class Because(StrEnum):
    """Why a pause is as long as it is."""

    RETRY_AFTER = "retry-after"
    PAGE = "page"
    BACK_OFF = "back-off"
    CONFIRMING = "confirming"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause before the next try.

    Attributes:
        seconds: how long it is.
        because: why.
        asked: the seconds that the site asks for; None where it asks for nothing.
    """

    seconds: float
    because: Because
    asked: float | None = None


class Pace:
    """The pauses of one watch, one after the other."""

    def __init__(
        self,
        first: float = FIRST,
        longest: float = LONGEST,
        chance: random.Random | None = None,
    ) -> None:
        """Args: first, longest: seconds. chance: what makes the pauses differ."""
        self._first, self._longest = first, max(first, longest)
        self._chance = chance or random.Random()  # noqa: S311 - no secret is made of it
        self._next = first

    def after_good(self) -> Pause:
        """The pause after a good answer: short, to see whether the next is good as well."""
        self._next = self._first
        return Pause(self._first * self._chance.uniform(1.0, 1.2), Because.CONFIRMING)

    def after_bad(self, response: Response | None, now: datetime) -> Pause:
        """The pause after a failure: what the answer asks for, never less, else our own.

        Args:
            response: the answer, None where there was none.
            now: the time at which it came.
        """
        if response is not None:
            for asked, because in (
                (retry_after(response, now), Because.RETRY_AFTER),
                (named_by_page(response), Because.PAGE),
            ):
                if asked is not None:
                    granted = min(MOST, max(asked, self._first))
                    # Later than asked by up to a tenth, never earlier.
                    return Pause(granted * self._chance.uniform(1.0, 1.1), because, asked)
        pause = self._next * self._chance.uniform(0.5, 1.0)
        self._next = min(self._longest, self._next * 2)
        return Pause(max(self._first, pause), Because.BACK_OFF)


def retry_after(response: Response, now: datetime) -> float | None:
    """Seconds that the Retry-After header asks to wait, 0 or more; None without a readable one.

    A date is compared with the answer's own Date, so that a wrong clock on either side is no harm.
    """
    value = (response.header("retry-after") or "").strip()
    if _DIGITS.fullmatch(value):
        return float(value)
    until = _date(value)
    if until is None:
        return None
    since = _date(response.header("date") or "") or now
    return max(0.0, (until - since).total_seconds())


def _date(value: str) -> datetime | None:
    """An HTTP date in any of its three forms (RFC 9110 5.6.7); None for anything else."""
    if not 20 <= len(value) <= 64:
        return None
    try:
        found = parsedate_to_datetime(value)
        # A date without a zone is GMT: so the oldest of the three forms means it.
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def named_by_page(response: Response) -> float | None:
    """Seconds after which the page says to come back, or reloads itself; None where it does not."""
    if (header := response.header("refresh")) and (found := _REFRESH.fullmatch(header)):
        return float(found["number"]) or None
    body = response.body[:_LOOKED_AT]
    for tag in _META.finditer(body):
        inside = tag["inside"].lower()
        if "http-equiv" in inside and "refresh" in inside:
            content = _CONTENT.search(tag["inside"])
            found = _REFRESH.fullmatch(content["value"]) if content else None
            if found and (seconds := float(found["number"])):
                return seconds
    text = " ".join((visible(body)[0] if "<" in body else body).split())
    if told := _SOON.search(text):
        return float(told["number"]) * _UNITS[told["unit"][0].lower()] or None
    return None


def until(seconds: float, now: datetime) -> datetime:
    """The moment at which a pause ends."""
    return now + timedelta(seconds=seconds)
