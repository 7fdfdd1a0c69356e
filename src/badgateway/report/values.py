"""What this program itself puts into an observation, in words: its closed words and its phrases.

The value stays as it is in JSON and for whoever judges; here it is only said. Both are kept in
`values.toml`, and the phrases of log signatures where those are. What a server said is none of
these and is left as it is.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter

from badgateway.model.message import Message

LONGEST = 400
"""Characters of a value that may be a phrase of ours."""


@dataclass(frozen=True, slots=True)
class Values:
    """All of it.

    Attributes:
        words: by `KEY` or `OBSERVATION.KEY`, what each closed word is called in English.
        phrases: patterns of the phrases with their texts, those with the most own text first.
    """

    words: Mapping[str, Mapping[str, str]]
    phrases: tuple[tuple[re.Pattern[str], str], ...]


@cache
def values() -> Values:
    """Those that ship with the package."""
    data = tomllib.loads(files("badgateway.report").joinpath("values.toml").read_text("utf-8"))
    filled = [text for text in data["phrases"] if "{" in text]
    filled.sort(key=lambda text: -len(re.sub(r"\{\w+\}", "", text)))
    return Values(data["words"], tuple((_pattern(text), text) for text in filled))


def _pattern(text: str) -> re.Pattern[str]:
    parts = []
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(re.escape(literal) + (f"(?P<{name}>.+?)" if name else ""))
    return re.compile("".join(parts), re.DOTALL)


def said_of(observation: str, key: str, value: str) -> Message:
    """One text of an observation as a message; what is no word of ours is its own message."""
    known = values().words
    for place in (f"{observation}.{key}", key):
        if value in known.get(place, {}):
            return Message(known[place][value])
    if " " in value and len(value) <= LONGEST:
        for pattern, text in values().phrases:
            if found := pattern.fullmatch(value):
                return Message(text, found.groupdict())
    return Message(value)


def named(key: str, value: str) -> str:
    """A closed word in English, by the key that it stands under; itself where it is none."""
    return values().words.get(key, {}).get(value, value)
