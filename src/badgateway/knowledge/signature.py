"""Signatures: which line of a log means which observation. One file for each product."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from badgateway.knowledge.files import Table, load_folder
from badgateway.knowledge.mark import choice
from badgateway.model.hop import Hop
from badgateway.model.observation import Value, frozen
from badgateway.model.vocabulary import vocabulary

LONGEST = 4_096
"""Characters of a line in which a wording is looked for, so that no expression takes long."""


class Trust(StrEnum):
    """Where a wording comes from.

    The product's source, its documentation, a public report of somebody who met it, the lab, or
    general knowledge that nobody has looked up.
    """

    SOURCE = "source"
    DOC = "doc"
    ISSUE = "issue"
    LAB = "lab"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Signature:
    """One wording.

    Attributes:
        id: its name within its file.
        product: its file's name, the product that writes it.
        contains: texts that must all stand in the line, letter for letter.
        matches: a regular expression that must match as well; its groups become values.
        observation: the word of the vocabulary that the line states.
        hop: where it was seen.
        value: values that are the same for every such line.
        trust: where the wording comes from.
        source: where it can be read.
    """

    id: str
    product: str
    contains: tuple[str, ...]
    matches: re.Pattern[str] | None
    observation: str
    hop: Hop
    value: Mapping[str, Value]
    trust: Trust
    source: str

    def find(self, line: str) -> dict[str, Value] | None:
        """The values that the line gives, `by` among them; None where it is another line."""
        line = line[:LONGEST]
        for literal in self.contains:
            if literal not in line:
                return None
        values: dict[str, Value] = {"by": self.product, **self.value}
        if self.matches is not None:
            found = self.matches.search(line)
            if found is None:
                return None
            values.update((name, text) for name, text in found.groupdict().items() if text)
        return values


@cache
def load_signatures() -> Mapping[str, tuple[Signature, ...]]:
    """The signatures of each product, in the order of its file: the first that fits counts."""
    return load_folder("signatures", signatures_of)


def signatures_of(name: str, table: Table) -> tuple[Signature, ...]:
    """The signatures of one file, once their samples have proved them."""
    table.only("signature")
    found: list[Signature] = []
    for item in table.tables("signature"):
        signature = _signature(name, item)
        if any(other.id == signature.id for other in found):
            raise item.error(f"'{signature.id}' is there twice", "id")
        found.append(signature)
    if not table.proved:
        for item in table.tables("signature"):
            _prove(tuple(found), item)
    return tuple(found)


def _signature(product: str, table: Table) -> Signature:
    table.only(
        *("id", "contains", "matches", "observation", "hop", "value"),
        *("trust", "source", "samples", "others"),
    )
    word = table.get("observation", str)
    if word not in vocabulary().observations:
        raise table.error(f"'{word}' is no word of observations/*.toml", "observation")
    contains, pattern = table.strings("contains"), table.pattern("matches")
    if not contains or not all(contains):
        raise table.error("a signature needs 'contains', texts by which it is found fast")
    try:
        hop = Hop(table.get("hop", str))
    except ValueError:
        raise table.error(f"'hop' must be one of {', '.join(Hop)}", "hop") from None
    return Signature(
        id=table.get("id", str),
        product=product,
        contains=contains,
        matches=re.compile(pattern) if pattern else None,
        observation=word,
        hop=hop,
        value={key: frozen(item) for key, item in table.get("value", dict, {}).items()},
        trust=choice(table, "trust", Trust, Trust.GENERAL),
        source=table.get("source", str),
    )


def _prove(signatures: tuple[Signature, ...], table: Table) -> None:
    """Refuse a file whose samples do not reach the signature that they stand under."""
    wanted = table.get("id", str)
    samples, others = table.strings("samples"), table.strings("others")
    if not samples or not others:
        raise table.error("a signature needs 'samples' that match and 'others' that do not")
    for sample in samples:
        first = next((s.id for s in signatures if s.find(sample) is not None), None)
        if first != wanted:
            raise table.error(f"this sample is taken by {first}: {sample[:80]}", "samples")
    this = next(s for s in signatures if s.id == wanted)
    for sample in others:
        if this.find(sample) is not None:
            raise table.error(f"this one must not match and does: {sample[:80]}", "others")
