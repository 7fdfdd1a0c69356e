"""Words for people: numbers with units, observations as sentences, in the language asked for.

English sentences are the message ids of the gettext catalogues in `locale/`.
"""

import gettext
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from string import Formatter

from badgateway.model.hop import Side
from badgateway.model.message import Message, sentence
from badgateway.model.observation import Observation, Value
from badgateway.model.secret import masked
from badgateway.model.verdict import Outcome, Verdict
from badgateway.model.vocabulary import side_of, vocabulary
from badgateway.report.safe import safe
from badgateway.report.values import said_of

LANGUAGES = ("en", "fr")
__all__ = ["CLEAR_SIDE", "LANGUAGES", "Words", "sentence", "status_title"]

_COUNTED = frozenset({"count", "size", "head", "limit", "most", "used", "entries"})
"""Keys under which whole numbers are amounts, whose thousands are set apart from here on:"""
_GROUPED = 10_000
_DECIMAL = re.compile(r"\d+\.\d+")
_LONGEST = 8_192
"""Characters of a sentence that are looked at for secrets before it is cut."""


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    folder = str(files("badgateway").joinpath("locale"))
    return gettext.translation("badgateway", folder, [language], fallback=True)


class Words:
    """Everything that is said to a person, in one language."""

    def __init__(self, language: str = "en") -> None:
        """Args: language: one of `LANGUAGES`."""
        self._catalogue = _catalogue(language)
        self.language = language
        self._comma = "," if language == "fr" else "."
        self._before_unit = "\u202f" if language == "fr" else " "

    def say(self, text: str, /, **values: object) -> str:
        """A sentence of the product with its values filled in."""
        said = self._catalogue.gettext(text)
        return said.format(**values) if values else said

    def message(self, told: Message | str) -> str:
        """A message in this language, those within it too; what is no sentence of ours as it is."""
        if isinstance(told, str):
            return told
        values = {
            name: self.message(value) if isinstance(value, Message) else value
            for name, value in told.values.items()
        }
        return self.say(told.says, **values)

    def seconds(self, seconds: float) -> str:
        """A time with its unit: ms below a second."""
        if seconds < 0.001:
            return self._number(f"{seconds * 1000:.1f}") + f"{self._before_unit}ms"
        if seconds < 1:
            return f"{seconds * 1000:.0f}{self._before_unit}ms"
        return self._number(f"{seconds:.1f}") + f"{self._before_unit}s"

    def lasting(self, seconds: float) -> str:
        """A longer time in the largest units that fit: `4 min 12 s`."""
        whole = round(seconds)
        if whole < 60:
            return self.say("{seconds} s", seconds=whole)
        if whole < 3_600:
            return self.say("{minutes} min {seconds} s", minutes=whole // 60, seconds=whole % 60)
        hours, minutes = whole // 3_600, whole % 3_600 // 60
        return self.say("{hours} h {minutes} min", hours=hours, minutes=minutes)

    def percent(self, share: float) -> str:
        """A probability for people."""
        return self.say("{number} %", number=f"{share * 100:.0f}")

    def count(self, number: int) -> str:
        """A whole number, its thousands set apart as the language does."""
        return f"{number:,}".replace(",", "\u202f" if self.language == "fr" else ",")

    def decimal(self, number: float, places: int) -> str:
        """A number with so many decimal places."""
        return self._number(f"{number:.{places}f}")

    def _number(self, text: str) -> str:
        return text.replace(".", self._comma)

    def observed(self, observation: Observation) -> str:
        """An observation as a sentence; hostile values are made harmless."""
        word = vocabulary().observations.get(observation.name)
        if word is None:
            return safe(
                f"{observation.name}: {self._shown(observation.name, '', observation.value)}"
            )
        sentence = self._catalogue.gettext(word.says)
        keys = [key for _, key, _, _ in Formatter().parse(sentence) if key]
        filled = {
            key: safe(self._shown(observation.name, key, observation.value.get(key)), 120)
            for key in keys
        }
        return safe(" ".join(masked(sentence.format(**filled)[:_LONGEST]).split()), 400)

    def _shown(self, name: str, key: str, value: Value) -> str:
        """A value inside a sentence: words of ours in this language, numbers as it writes them."""
        if value is None:
            return "?"
        if isinstance(value, bool):
            return self.say("yes") if value else self.say("no")
        if isinstance(value, float):
            return self._number(f"{value:.12g}")
        if isinstance(value, int):
            return self.count(value) if key in _COUNTED and value >= _GROUPED else str(value)
        if isinstance(value, tuple):
            return ", ".join(self._shown(name, key, item) for item in value) or self.say("nothing")
        if isinstance(value, Mapping):
            return ", ".join(f"{k} {self._shown(name, k, item)}" for k, item in value.items())
        return self.value(name, key, value)

    def value(self, name: str, key: str, value: str) -> str:
        """A text that stands under `key` in the observation `name`; as it is where not ours."""
        told = said_of(name, key, value)
        text = self._catalogue.pgettext("value", told.says)
        if not told.values:
            return text
        return text.format(**{name: self._own_number(v) for name, v in told.values.items()})

    def failure(self, word: str) -> str:
        """A word for a failure, or a status, in plain words."""
        return self.value("", "failure", word)

    def test(self, name: str) -> str:
        """What a test of ours is called; one without a title yet by its name."""
        called = self.value("", "probe", name)
        return name.replace("_", " ") if called == name else called

    def date(self, moment: datetime) -> str:
        """A date with the time, to the minute; in what zone the moment itself is."""
        return moment.strftime(self.say("%Y-%m-%d %H:%M"))

    def _own_number(self, value: object) -> str:
        text = str(value)
        return self._number(text) if _DECIMAL.fullmatch(text) else text

    def headline(self, verdict: Verdict) -> str:
        """One line: what the person meets."""
        status = verdict.status or ""
        if verdict.outcome is Outcome.HEALTHY:
            return self.say("The page works: it answers {status}.", status=status)
        if verdict.outcome is Outcome.NONE:
            if verdict.empty:
                return self.say(
                    "Nothing can be said: there was nothing that could be seen or read."
                )
            return self.say("No gateway error here.")
        if verdict.outcome is Outcome.UNREACHABLE:
            return self.say("No page came back at all.")
        if verdict.outcome is Outcome.OTHER_ERROR:
            return self.say(
                "The page answers an error of another kind ({status}).", status=status or "?"
            )
        return status_title(verdict)

    def whose(self, verdict: Verdict) -> str:
        """One line: whose problem it is, as far as can be told."""
        if verdict.outcome in (Outcome.HEALTHY, Outcome.NONE):
            return ""
        if verdict.side is None:
            return self.say("Whose problem it is cannot be told from here.")
        sides = [(side_of(ranked.hop), ranked.probability) for ranked in verdict.causes]
        mine = sum(share for side, share in sides if side is verdict.side)
        sure = mine >= CLEAR_SIDE * sum(share for _, share in sides)
        return self.say((_SURE if sure else _PROBABLE)[verdict.side])


CLEAR_SIDE = 0.9
"""Share of the named causes that must lie on one side for it to be said without "probably"."""

_SURE = {
    Side.VISITOR: sentence("It is on your side: your device, browser, resolver, proxy or VPN."),
    Side.PATH: sentence("It is on the way between you and the site, not the site itself."),
    Side.SITE: sentence(
        "It is the site's problem, not yours. Nothing on your device will mend it."
    ),
}
_PROBABLE = {
    Side.VISITOR: sentence(
        "It is probably on your side: your device, browser, resolver, proxy or VPN."
    ),
    Side.PATH: sentence("It is probably on the way between you and the site."),
    Side.SITE: sentence(
        "It is probably the site's problem, but that cannot be told for sure from here."
    ),
}

_TITLES: Mapping[int, str] = {
    502: "502 Bad Gateway",
    503: "503 Service Unavailable",
    504: "504 Gateway Timeout",
    520: "520 Unknown Error",
    521: "521 Web Server Is Down",
    522: "522 Connection Timed Out",
    523: "523 Origin Is Unreachable",
    524: "524 A Timeout Occurred",
    525: "525 SSL Handshake Failed",
    526: "526 Invalid SSL Certificate",
    527: "527 Railgun Error",
    530: "530 Origin Error",
}


def status_title(verdict: Verdict) -> str:
    """The status with the words people know it by."""
    if verdict.status is None:
        return "Bad Gateway"
    return _TITLES.get(verdict.status, str(verdict.status))
