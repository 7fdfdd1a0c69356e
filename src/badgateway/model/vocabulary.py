"""The closed vocabulary: hops, causes and the names that observations may have.

`causes.toml` and `observations.toml` beside this file are the only places where such a word is
made. A word is added there, never renamed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from badgateway.model.hop import Hop, Side


@dataclass(frozen=True, slots=True)
class CauseWord:
    """A cause's name, the hop it lives at, and its title in plain words."""

    name: str
    hop: Hop
    title: str


@dataclass(frozen=True, slots=True)
class ObservationWord:
    """An observation's name and the sentence that states it, with its value's keys in braces."""

    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words, by name."""

    sides: Mapping[Hop, Side]
    hop_titles: Mapping[Hop, str]
    causes: Mapping[str, CauseWord]
    observations: Mapping[str, ObservationWord]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with the package.

    Raises:
        ValueError: the file does not name exactly the hops of `Hop`, or a cause has no such hop.
    """
    here = files("badgateway.model")
    data = tomllib.loads(here.joinpath("causes.toml").read_text("utf-8"))
    words = tomllib.loads(here.joinpath("observations.toml").read_text("utf-8"))
    if set(data["hops"]) != set(Hop):
        odd = sorted(set(data["hops"]) ^ set(Hop))
        raise ValueError(f"causes.toml and Hop disagree on: {', '.join(odd)}")
    return Vocabulary(
        sides=MappingProxyType({Hop(name): Side(h["side"]) for name, h in data["hops"].items()}),
        hop_titles=MappingProxyType({Hop(name): h["title"] for name, h in data["hops"].items()}),
        causes=MappingProxyType(
            {name: CauseWord(name, Hop(c["hop"]), c["title"]) for name, c in data["causes"].items()}
        ),
        observations=MappingProxyType(
            {name: ObservationWord(name, o["says"]) for name, o in words.items()}
        ),
    )


def side_of(hop: Hop) -> Side:
    """Whose problem a fault at `hop` is."""
    return vocabulary().sides[hop]
