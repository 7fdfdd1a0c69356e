"""The closed vocabulary: hops, causes and the names that observations may have.

`causes.toml` and the files of `observations/` beside this one are the only places where such a
word is made. A word is added there, never renamed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
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
    """An observation's name, its sentence with the value's keys in braces, and its theme.

    The theme is the name of the file that the word stands in. `derived` words are not seen but
    follow from others, and are made anew whenever evidence is judged. Words of one aspect tell of
    one and the same thing, each from where it stands, so they count once; it is the word itself
    where it stands alone.
    """

    name: str
    says: str
    theme: str
    derived: bool
    aspect: str


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
        ValueError: the file does not name exactly the hops of `Hop`, a cause has no such hop, or an
            observation is defined twice.
    """
    here = files("badgateway.model")
    data = tomllib.loads(here.joinpath("causes.toml").read_text("utf-8"))
    words = _observation_words(here.joinpath("observations"))
    if set(data["hops"]) != set(Hop):
        odd = sorted(set(data["hops"]) ^ set(Hop))
        raise ValueError(f"causes.toml and Hop disagree on: {', '.join(odd)}")
    return Vocabulary(
        sides=MappingProxyType({Hop(name): Side(h["side"]) for name, h in data["hops"].items()}),
        hop_titles=MappingProxyType({Hop(name): h["title"] for name, h in data["hops"].items()}),
        causes=MappingProxyType(
            {name: CauseWord(name, Hop(c["hop"]), c["title"]) for name, c in data["causes"].items()}
        ),
        observations=MappingProxyType(words),
    )


def _observation_words(folder: Traversable) -> dict[str, ObservationWord]:
    words: dict[str, ObservationWord] = {}
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        for name, table in tomllib.loads(file.read_text("utf-8")).items():
            if name in words:
                raise ValueError(f"observations/{file.name}: '{name}' is defined twice")
            words[name] = ObservationWord(
                name,
                table["says"],
                file.name.removesuffix(".toml"),
                table.get("derived", file.name == "joined.toml"),
                table.get("aspect", name),
            )
    return words


def side_of(hop: Hop) -> Side:
    """Whose problem a fault at `hop` is."""
    return vocabulary().sides[hop]
