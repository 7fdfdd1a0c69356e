"""Looking for signatures in a log of any length, in bounded memory.

Lines that say the same of the same thing become one observation with a count, the first line's
number and excerpt, and the first and last time.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from string import Formatter
from typing import TypeAlias

from badgateway.knowledge.signature import LONGEST, Signature, load_signatures
from badgateway.model.hop import Hop
from badgateway.model.material import Material, too_old
from badgateway.model.observation import Observation, Value, frozen
from badgateway.model.secret import masked
from badgateway.model.vocabulary import vocabulary

EXCERPT = 400
"""Characters of a line that are kept."""
LOOKED_AT = 4_096
"""Characters that are looked at for secrets, so that none is cut before it is recognised."""
MOST_GROUPS = 2_000
"""Different statements that are kept of one log; further ones are only counted."""
_PIECE = 5
"""Characters of the pieces of text by which signatures are found."""
MOST_TIMES = 50
"""Times of a group that are kept, its first ones, to be paired with those of other logs."""


When: TypeAlias = Callable[[], datetime | None]
"""When a line was written, worked out only for lines that matter."""


def undated() -> None:
    """The time of a line that has none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line as its dialect takes it apart.

    Attributes:
        message: what signatures are looked for in.
        at: when, None where the line does not say.
        values: what the dialect itself tells (`upstream`, `server`, `request`), evaluated only
            for lines that matter.
    """

    message: str
    at: When = undated
    values: Callable[[], Mapping[str, Value]] = dict

    @property
    def dated(self) -> bool:
        """Whether the line has a time of its own."""
        return self.at is not undated


@dataclass(slots=True)
class _Group:
    observation: Observation
    count: int = 0
    last: datetime | None = None
    times: list[str] = field(default_factory=list)


class _Candidates:
    """Which of many signatures a line may hold, without trying each of them.

    Each is found by one piece of a text that it must contain, the piece that the fewest others
    share; a line is cut into all its pieces once.
    """

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self._signatures = signatures
        self._always: list[int] = []
        self._by_piece: dict[str, list[int]] = {}
        common = Counter(
            piece for s in signatures for text in s.contains for piece in _pieces(text)
        )
        for number, signature in enumerate(signatures):
            pieces = [piece for text in signature.contains for piece in _pieces(text)]
            if pieces:
                rarest = min(pieces, key=lambda piece: common[piece])
                self._by_piece.setdefault(rarest, []).append(number)
            else:
                self._always.append(number)

    def of(self, line: str) -> Iterator[Signature]:
        """Those that may fit, in their order."""
        shared = self._by_piece.keys() & _pieces(line[:LONGEST])
        numbers = sorted([*self._always, *(n for piece in shared for n in self._by_piece[piece])])
        return (self._signatures[number] for number in numbers)


def _pieces(text: str) -> set[str]:
    return {text[at : at + _PIECE] for at in range(len(text) - _PIECE + 1)}


@cache
def _candidates(products: tuple[str, ...] | None) -> _Candidates:
    known = load_signatures()
    names = list(known) if products is None else products
    return _Candidates([signature for name in names for signature in known.get(name, ())])


class Statements:
    """What the signatures of some products find in a log, said once for each thing.

    Args:
        material: the log.
        kind: its dialect, the first word of every observation's source.
        products: names of signature files; order decides where two would fit; all where None.
    """

    def __init__(self, material: Material, kind: str, products: Iterable[str] | None) -> None:
        self._candidates = _candidates(None if products is None else tuple(products))
        self._material, self._kind = material, kind
        self._groups: dict[tuple[object, ...], _Group] = {}
        self.beyond = 0
        """Lines that say something which was not kept, because there was too much."""

    def look(self, number: int, line: str, parts: Entry, dated: When | None = None) -> bool:
        """Keep what line `number` says, and tell whether it says anything.

        `dated` is its time where it has none of its own.
        """
        for signature in self._candidates.of(parts.message):
            values = signature.find(parts.message)
            if values is None:
                continue
            when = (dated or parts.at)()
            if not too_old(self._material, when):
                self._keep(signature, {**parts.values(), **values}, number, line, when)
            return True
        return False

    def _keep(
        self,
        signature: Signature,
        values: Mapping[str, Value],
        number: int,
        line: str,
        when: datetime | None,
    ) -> None:
        key = (signature.product, signature.id, *_identity(values))
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MOST_GROUPS:
                self.beyond += 1
                return
            said = _stated(signature, values, self._material, self._kind, number, line, when)
            group = self._groups[key] = _Group(said)
        group.count += 1
        if when is not None:
            group.last = when
            if len(group.times) < MOST_TIMES:
                group.times.append(when.isoformat())

    def observations(self) -> Iterator[Observation]:
        """Each statement with its count, first line, and first and last time."""
        for group in self._groups.values():
            first = group.observation
            more: dict[str, Value] = {**first.value, "count": group.count}
            if group.last is not None:
                more["last"] = group.last.isoformat()
                more["times"] = tuple(group.times)
            yield replace(first, value=more)


def scan(
    material: Material,
    kind: str,
    products: Iterable[str] | None,
    entry: Callable[[str], Entry | None] = Entry,
) -> Iterator[Observation]:
    """State what the signatures of `products` (all where None) find in the lines of a log.

    Args:
        material: the log.
        kind: its dialect, the first word of every observation's source.
        products: names of signature files; order decides where two would fit.
        entry: takes a line apart; None for a line that is not of the dialect. Such lines are
            counted and reported, unless they are empty.
    """
    statements = Statements(material, kind, products)
    unread = read = 0
    dated: When = undated
    for number, line in material.lines():
        if not line.strip():
            continue
        parts = entry(line)
        if parts is None:
            unread += 1
            continue
        read += 1
        # A line without a time, such as one of a traceback, belongs to the one before it.
        dated = parts.at if parts.dated else dated
        statements.look(number, line, parts, dated)
    yield from statements.observations()
    if unread + statements.beyond and read:
        yield unread_lines(material, kind, unread + statements.beyond)


def unread_lines(material: Material, kind: str, count: int) -> Observation:
    """That `count` lines of a log could not be read as what it is."""
    lost: dict[str, Value] = {"count": count, "name": material.name, "kind": kind}
    return Observation(Hop.HOST, "lines-unread", lost, f"{kind}:{material.name}")


_PLAIN = re.compile(r"\d+")
_IDENTITY = (
    *("upstream", "name", "status", "signal", "pool", "process", "path", "unit", "address"),
    *("module", "kind", "scope", "database", "file", "user", "most", "code", "upstream_status"),
)
"""Values that tell one statement from another; all others are those of the first line."""


def _identity(values: Mapping[str, Value]) -> tuple[object, ...]:
    return tuple(values.get(key) for key in _IDENTITY)


def _stated(
    signature: Signature,
    values: Mapping[str, Value],
    material: Material,
    kind: str,
    number: int,
    line: str,
    at: datetime | None,
) -> Observation:
    value = {
        **_unsaid(signature.observation),
        **{key: frozen(_clean(item)) for key, item in values.items() if item is not None},
        "signature": f"{signature.product}/{signature.id}",
        "trust": str(signature.trust),
        "line": number,
        "excerpt": masked(line[:LOOKED_AT])[:EXCERPT],
    }
    source = f"{kind}:{material.name}:{number}"
    return Observation(signature.hop, signature.observation, value, source, at)


_NEUTRAL = {"upstream": "the upstream", "name": "the name", "database": "the database"}


@cache
def _unsaid(observation: str) -> Mapping[str, Value]:
    """What stands in an observation's sentence where the line does not tell it."""
    says = vocabulary().observations[observation].says
    return {
        key: _NEUTRAL.get(key, "unknown")
        for _, key, _, _ in Formatter().parse(says)
        if key and key != "count"
    }


def _clean(value: Value) -> Value:
    """A captured text as a value: masked, bounded, and a number where it is one."""
    if not isinstance(value, str):
        return value
    if _PLAIN.fullmatch(value) and len(value) < 16:
        return int(value)
    return masked(value[:LOOKED_AT])[:EXCERPT]
