"""Emitters: the products that make or pass on the pages people meet. One file each."""

from dataclasses import dataclass

from badgateway.knowledge.files import Table, load_folder, table_of, units
from badgateway.knowledge.mark import Hit, Mark, mark_of
from badgateway.knowledge.page import Page
from badgateway.model.hop import Hop
from badgateway.model.response import response_from_text
from badgateway.model.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Meaning:
    """What it means that this product made this answer.

    Attributes:
        status: the statuses it speaks of; empty means any.
        mark: only where this mark was found; empty means any.
        variant: the page variant that a person sees, empty where the general rule decides.
        says: plain words; what the product tells by it.
        hop: the hop at which the chain broke, None where the answer does not tell.
        causes: rough shares of the causes behind it, adding up to at most 1.
        source: where this is written.
    """

    status: frozenset[int]
    mark: str
    variant: str
    says: str
    hop: Hop | None
    causes: tuple[tuple[str, float], ...]
    source: str


@dataclass(frozen=True, slots=True)
class EmitterFile:
    """What is known of one product.

    Attributes:
        name: the file's name, used in verdicts.
        title: the name as its makers write it.
        hop: where in the chain it usually stands.
        over: emitters whose pages this one repeats with marks of its own; it wins over them.
        about: one sentence on what it is.
        source: its documentation.
        made: marks of pages that it made itself.
        passed: marks that it leaves on every answer that goes through it.
        meanings: what its answers mean, the most special first.
    """

    name: str
    title: str
    hop: Hop
    over: tuple[str, ...]
    about: str
    source: str
    made: tuple[Mark, ...]
    passed: tuple[Mark, ...]
    meanings: tuple[Meaning, ...]

    def hits_made(self, page: Page) -> list[Hit]:
        """The marks on `page` that say this product made it."""
        return [hit for mark in self.made if (hit := mark.find(page))]

    def hits_passed(self, page: Page) -> list[Hit]:
        """The marks on `page` that say it went through this product."""
        return [hit for mark in self.passed if (hit := mark.find(page))]


def load_emitters() -> dict[str, EmitterFile]:
    """All emitters by name.

    Raises:
        KnowledgeError: a file is malformed, does not prove itself, or names an unknown emitter.
    """
    emitters = load_folder("emitters", emitter_of)
    for name, path, text in units("emitters"):
        for other in emitters[name].over:
            if other not in emitters:
                raise table_of(path, text).error(f"'over' names no emitter: {other}", "over")
    return emitters


def emitter_of(name: str, table: Table) -> EmitterFile:
    """The emitter that one file describes, once its samples have proved it."""
    table.only("title", "hop", "over", "about", "source", "made", "passed", "meaning", "sample")
    hop = table.get("hop", str)
    if hop not in list(Hop):
        raise table.error(f"'hop' is '{hop}'; it must be one of {', '.join(Hop)}", "hop")
    emitter = EmitterFile(
        name=name,
        title=table.get("title", str),
        hop=Hop(hop),
        over=table.strings("over"),
        about=table.get("about", str),
        source=table.get("source", str),
        made=tuple(mark_of(item) for item in table.tables("made")),
        passed=tuple(mark_of(item) for item in table.tables("passed")),
        meanings=tuple(meaning_of(item) for item in table.tables("meaning")),
    )
    marks = {mark.id for mark in (*emitter.made, *emitter.passed)}
    for item in table.tables("meaning"):
        if (mark := item.get("mark", str, "")) and mark not in marks:
            raise item.error(f"'mark' names no mark of this file: {mark}", "mark")
    if not table.proved:
        _prove(emitter, table)
    return emitter


def meaning_of(table: Table) -> Meaning:
    """What one `[[meaning]]` table says."""
    table.only("status", "mark", "variant", "says", "hop", "causes", "source")
    hop = table.get("hop", str, "")
    if hop and hop not in list(Hop):
        raise table.error(f"'hop' is '{hop}'; it must be one of {', '.join(Hop)}", "hop")
    return Meaning(
        status=frozenset(table.numbers("status")),
        mark=table.get("mark", str, ""),
        variant=table.get("variant", str, ""),
        says=table.get("says", str),
        hop=Hop(hop) if hop else None,
        causes=shares_of(table),
        source=table.get("source", str, "-"),
    )


def shares_of(table: Table) -> tuple[tuple[str, float], ...]:
    """The table `causes`: cause and share, the largest first."""
    causes = table.get("causes", dict, {})
    known = vocabulary().causes
    for cause, share in causes.items():
        if cause not in known:
            raise table.error(f"'{cause}' is no cause of causes.toml", "causes")
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not 0 < share <= 1:
            raise table.error(f"the share of '{cause}' must be above 0 and at most 1", "causes")
    if sum(causes.values()) > 1.0001:
        raise table.error(f"the shares add up to {sum(causes.values()):.2f}, more than 1", "causes")
    return tuple(sorted(causes.items(), key=lambda item: -item[1]))


def _prove(emitter: EmitterFile, table: Table) -> None:
    """Refuse the file unless each sample says the truth and both kinds of sample are there."""
    seen = set()
    for sample in table.tables("sample"):
        sample.only("matches", "passed", "version", "text", "source")
        matches = sample.get("matches", bool)
        seen.add(matches)
        page = Page.of(response_from_text(sample.get("text", str)))
        passed = sample.get("passed", bool, False)
        hits = emitter.hits_passed(page) if passed else emitter.hits_made(page)
        if matches and not hits:
            kind = "passed" if passed else "made"
            raise sample.error(f"this sample must match, and no [[{kind}]] mark does", "text")
        if not matches and hits:
            found = ", ".join(hit.mark.id for hit in hits)
            raise sample.error(f"this sample must not match, and does: {found}", "text")
        if version := sample.get("version", str, ""):
            all_hits = [*emitter.hits_made(page), *emitter.hits_passed(page)]
            if version not in [hit.captures.get("version") for hit in all_hits]:
                raise sample.error(f"no mark captures the version {version}", "version")
    if seen != {True, False}:
        raise table.error("a file needs a [[sample]] that matches and one that must not")
