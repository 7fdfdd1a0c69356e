"""Who made this page, and who only passed it on.

The `Server` header usually names the outermost hop, the body names the maker. So marks of a page
that a product *made* are weighed first; marks that it leaves on what it *passes on* name the
relays, and stand in for the maker only where nothing better is there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from badgateway.knowledge.emitter import EmitterFile, Meaning
from badgateway.knowledge.mark import Hit, Kind, Strength
from badgateway.knowledge.page import Page
from badgateway.model.hop import Hop
from badgateway.model.verdict import Emitter

WEIGHT = {Strength.PROOF: 0.98, Strength.STRONG: 0.85, Strength.HINT: 0.5}
"""Probability that a mark of this strength, alone, names the right product. Marks add up by
noisy-OR."""

SUREST = 0.99
"""No number of marks makes a page certain: anybody can copy one."""

PASSED_ONLY = 0.6
"""Ceiling for a product known only by what it leaves on every answer that passes through it."""

APPLICATION_HEADERS = ("x-powered-by", "x-aspnet-version", "x-runtime", "x-generator")
"""Headers that an application sets and no gateway: with one of them the answer came from behind."""

GATEWAYS_THEMSELVES = ("arr/", "asp.net", "plesk", "wp engine", "passenger")
"""Values of such headers that a web server or host writes by itself, whatever answered."""

_CHAIN = {hop: place for place, hop in enumerate(Hop)}


@dataclass(frozen=True, slots=True)
class Identification:
    """The maker of a page with the marks that told.

    Attributes:
        emitter: None where nothing tells who made it.
        file: what is known of the maker, None with `emitter`.
        hits: the marks by which it was known.
        kind: what the page is, None where no mark of a made page was found.
        relays: products on the way, the one next to the visitor first.
    """

    emitter: Emitter | None
    file: EmitterFile | None
    hits: tuple[Hit, ...]
    kind: Kind | None
    relays: tuple[str, ...]

    def meaning(self, status: int | None) -> Meaning | None:
        """What the maker tells by this answer; None where its file does not say."""
        if self.file is None:
            return None
        marks = {hit.mark.id for hit in self.hits}
        for meaning in self.file.meanings:
            if meaning.status and status not in meaning.status:
                continue
            if meaning.mark and meaning.mark not in marks:
                continue
            return meaning
        return None

    @property
    def settled(self) -> bool:
        """Whether the page itself tells its maker by more than a hint."""
        return any(hit.mark.strength is not Strength.HINT for hit in self.hits) and bool(self.kind)


def identify(page: Page, emitters: Mapping[str, EmitterFile]) -> Identification:
    """The maker of `page` among `emitters`, and the relays."""
    made = {name: hits for name, file in emitters.items() if (hits := file.hits_made(page))}
    passed = {name: hits for name, file in emitters.items() if (hits := file.hits_passed(page))}
    beaten = {
        other
        for name, hits in made.items()
        if any(hit.mark.strength is not Strength.HINT for hit in hits)
        for other in emitters[name].over
    }
    makers = {name: hits for name, hits in made.items() if name not in beaten}
    # A derivative's header speaks for one hop only, so it outdoes its base among the relays alone.
    outdone = beaten | {other for name in passed for other in emitters[name].over}
    relays = sorted(
        (name for name in passed if name not in outdone),
        key=lambda name: (_CHAIN[emitters[name].hop], _sum(passed[name]), name),
    )
    if makers:
        name = max(makers, key=lambda maker: (_sum(makers[maker]), _sum(passed.get(maker, ()))))
        return _identified(
            emitters[name],
            [*makers[name], *passed.get(name, ())],
            min(_sum(makers[name]), 1 - _rival(makers, name) / 2),
            makers[name],
            [relay for relay in relays if relay != name],
        )
    from_behind = any(_by_application(page, name) for name in APPLICATION_HEADERS)
    if relays and not from_behind:
        # Nobody signed the page. The innermost relay is the last who could have made it.
        name = relays[-1]
        others = [relay for relay in relays if relay != name]
        return _identified(
            emitters[name], passed[name], PASSED_ONLY * _sum(passed[name]), (), others
        )
    return Identification(None, None, (), None, tuple(relays))


def _identified(
    file: EmitterFile,
    hits: Iterable[Hit],
    probability: float,
    made: Iterable[Hit],
    relays: Iterable[str],
) -> Identification:
    hits, made, relays = tuple(hits), tuple(made), tuple(relays)
    version = next((found for hit in hits if (found := hit.captures.get("version"))), None)
    kinds = {hit.mark.kind for hit in made}
    emitter = Emitter(
        name=file.name,
        version=version,
        relayed_by=relays,
        probability=min(round(probability, 2), SUREST),
        marks=tuple(f"{file.name}/{hit.mark.id}" for hit in hits),
    )
    kind = next((kind for kind in Kind if kind in kinds), None)
    return Identification(emitter, file, hits, kind, relays)


def _sum(hits: Iterable[Hit]) -> float:
    doubt = 1.0
    for hit in hits:
        doubt *= 1 - WEIGHT[hit.mark.strength]
    return 1 - doubt


def _rival(makers: Mapping[str, list[Hit]], winner: str) -> float:
    return max((_sum(hits) for name, hits in makers.items() if name != winner), default=0.0)


def _by_application(page: Page, name: str) -> bool:
    value = page.response.header(name)
    return value is not None and not any(own in value.lower() for own in GATEWAYS_THEMSELVES)
