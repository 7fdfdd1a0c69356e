"""Marks: what betrays that a product made a page, or that it stood on the way."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeVar

from badgateway.knowledge.files import Table
from badgateway.knowledge.page import Page

E = TypeVar("E", bound=StrEnum)

_VIEWS = ("text", "html", "title", "reason")


class Strength(StrEnum):
    """How far one mark settles who it was.

    proof: nothing else is known to write this; strong: others could, hardly do;
    hint: others do, it only leans this way.
    """

    PROOF = "proof"
    STRONG = "strong"
    HINT = "hint"


class Kind(StrEnum):
    """What a page with this mark is; the first of these that is found decides.

    block: a filter refuses on purpose; challenge: a filter wants proof of a human;
    portal: a network wants a sign-in first; browser: drawn by the browser itself for an empty
    answer; error: its words alone say that the server behind a gateway failed, whatever the
    status; page: anything else the product writes itself, the status says what it is.
    """

    BLOCK = "block"
    CHALLENGE = "challenge"
    PORTAL = "portal"
    BROWSER = "browser"
    ERROR = "error"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Hit:
    """A mark that was found, with what it captured."""

    mark: "Mark"
    captures: dict[str, str]


@dataclass(frozen=True, slots=True)
class Mark:
    """One sign of a product.

    Attributes:
        id: name within its emitter.
        where: the view it looks at (`text`, `html`, `title`, `reason`, `header:NAME`).
        contains: literals that must all be there, in any case of letters.
        matches: regular expression that must match as well; its groups are captured.
        status: the statuses it holds for; empty means any, an unknown status passes.
        without: headers that must be absent, where the headers are known.
        empty: the body must be empty.
        kind: what a page with this mark is.
        strength: how far it settles the question.
        source: where this is written or was recorded.
    """

    id: str
    where: str
    contains: tuple[str, ...]
    matches: str | None
    status: frozenset[int]
    without: tuple[str, ...]
    empty: bool
    kind: Kind
    strength: Strength
    source: str

    def find(self, page: Page) -> Hit | None:
        """The hit of this mark on `page`, or None."""
        # The cheapest look first: of some thousand marks all but a few end here.
        lowered = page.lowered(self.where)
        if lowered is None or not all(literal in lowered for literal in self.contains):
            return None
        response = page.response
        if self.status and response.status is not None and response.status not in self.status:
            return None
        if self.empty and (response.body.strip() or not response.headed):
            return None
        if any(response.header(name) is not None for name in self.without):
            return None
        if self.matches is None:
            return Hit(self, {})
        view = page.view(self.where) or ""
        found = _compiled(self.matches).search(view)
        if found is None:
            return None
        return Hit(self, {name: text for name, text in found.groupdict().items() if text})


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def mark_of(table: Table) -> Mark:
    """The mark that a `[[made]]` or `[[passed]]` table describes."""
    table.only(
        "id",
        "in",
        "contains",
        "matches",
        "status",
        "without",
        "empty",
        "kind",
        "strength",
        "source",
    )
    where = table.get("in", str)
    if where not in _VIEWS and not re.fullmatch(r"header:[a-z0-9-]+", where):
        raise table.error(f"'in' must be one of {', '.join(_VIEWS)} or header:name", "in")
    contains, matches = table.strings("contains"), table.pattern("matches")
    empty = table.get("empty", bool, False)
    if not contains and matches is None and not empty:
        raise table.error("a mark needs 'contains' or 'matches'")
    if any(not literal for literal in contains):
        raise table.error("an empty text in 'contains' is in every page", "contains")
    return Mark(
        id=table.get("id", str),
        where=where,
        contains=tuple(literal.lower() for literal in contains),
        matches=matches,
        status=frozenset(table.numbers("status")),
        without=tuple(name.lower() for name in table.strings("without")),
        empty=empty,
        kind=choice(table, "kind", Kind, Kind.PAGE),
        strength=choice(table, "strength", Strength, Strength.STRONG),
        source=table.get("source", str, "-"),
    )


def choice(table: Table, key: str, kind: type[E], default: E) -> E:
    """The member of an enumeration that a key names."""
    raw = table.get(key, str, str(default))
    try:
        return kind(raw)
    except ValueError:
        known = ", ".join(kind)
        raise table.error(f"'{key}' is '{raw}'; it must be one of {known}", key) from None
