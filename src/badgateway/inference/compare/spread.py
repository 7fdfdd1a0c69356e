"""How far a zone's answer has spread: who says the same as its own servers, and who does not.

Only where a name was looked into in depth. An answer that differs is not called old by that alone:
many zones answer each resolver with the addresses that are near it.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from badgateway.inference.compare.evidence import (
    BLOCKED_CODES,
    error_codes,
    of_this_network,
    stated,
)
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

_ASKED = ("own-resolver-answer", "resolver-answer")
_SILENT = ("own-resolver-silent", "resolver-unreachable")


class Stand(StrEnum):
    """How one answer stands to what the zone's own servers say."""

    AGREES = "agrees"
    OTHER = "other"
    MISSING = "missing"
    EXTRA = "extra"
    INNER = "inner"
    BLOCKED = "blocked"
    UNVERIFIED = "unverified"
    FAILS = "fails"
    SILENT = "silent"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Truth:
    """What a name has by the zone's own servers, else by most of the others.

    Attributes:
        addresses: of both families.
        cnames: the first alias on the way.
        known: whether anybody said anything.
    """

    addresses: frozenset[str]
    cnames: frozenset[str]
    known: bool


def spread(evidence: Evidence) -> Iterator[Observation]:
    """Each answer compared; who differs among the zone's servers; whether all agree."""
    delegations = evidence.named("delegation")
    surveyed = evidence.named("nameserver-answer", "own-resolver-answer", "own-resolver-silent")
    if not delegations and not surveyed:
        return
    host = (delegations or surveyed)[0].text("host")
    truth = _truth(evidence, host)
    compared = list(_answers(evidence, host, truth))
    yield from compared
    differing = list(_nameservers(evidence, host))
    yield from differing
    yield from _delegation(delegations)
    yield from _signing(evidence, delegations)
    stands = {o.text("state") for o in compared} - {Stand.SILENT.value}
    if stands == {Stand.AGREES.value} and not differing:
        agreeing = [o for o in compared if o.text("state") == Stand.AGREES]
        yield stated(
            Hop.ZONE,
            "answers-agree",
            agreeing,
            host=host,
            addresses=_ordered(truth.addresses | truth.cnames),
            exists=bool(truth.addresses | truth.cnames),
            count=len(agreeing),
        )


def _truth(evidence: Evidence, host: str) -> Truth:
    zone = [
        o
        for o in evidence.named("nameserver-answer")
        if o.value.get("authoritative") and o.text("rcode") in ("NOERROR", "NXDOMAIN")
    ]
    if zone:
        return Truth(
            frozenset(str(a) for o in zone for a in o.items("addresses")),
            frozenset(str(o.items("cnames")[0]) for o in zone if o.items("cnames")),
            True,
        )
    told: Counter[frozenset[str]] = Counter()
    for answers in _by_resolver(evidence, host).values():
        found = frozenset(str(a) for o in answers for a in o.items("addresses"))
        told[found] += bool(found)
    if not told or not (most := told.most_common(1)[0])[1]:
        return Truth(frozenset(), frozenset(), False)
    return Truth(most[0], frozenset(), True)


def _by_resolver(evidence: Evidence, host: str) -> dict[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for o in evidence.named(*_ASKED, *_SILENT):
        if o.text("host") == host:
            found.setdefault(o.text("resolver"), []).append(o)
    return found


def _answers(evidence: Evidence, host: str, truth: Truth) -> Iterator[Observation]:
    """This machine and each resolver against the truth."""
    mine = [
        o for o in evidence.named("resolved") if o.text("host") == host and o.text("by") == "system"
    ]
    failed = [
        o
        for o in evidence
        if o.name.startswith("name-") and o.text("host") == host and o.source == "system-resolver"
    ]
    if mine or failed:
        addresses = tuple(o.text("address") for o in mine)
        state = _of_addresses(frozenset(addresses), frozenset(), truth)
        if not mine:
            state = _FAILED.get(failed[0].name, Stand.FAILS)
            state = _nothing(truth) if state is Stand.MISSING else state
        yield _compared([*mine, *failed], "this machine", "", state, addresses, None, truth)
    unchecked = {
        (o.text("resolver"), o.text("type"))
        for o in evidence.named("unchecked-answer")
        if o.text("rcode") == "NOERROR"
    }
    for resolver, answers in _by_resolver(evidence, host).items():
        found = frozenset(str(a) for o in answers for a in o.items("addresses"))
        times = [ttl for o in answers if (ttl := o.number("ttl")) is not None]
        yield _compared(
            answers,
            answers[0].text("label"),
            resolver,
            _stand(answers, found, truth, unchecked),
            _ordered(found),
            max(times, default=None),
            truth,
        )


_FAILED = {
    "name-unknown": Stand.MISSING,
    "name-without-address": Stand.MISSING,
    "name-lookup-timeout": Stand.SILENT,
}


def _compared(
    sources: list[Observation],
    label: str,
    resolver: str,
    state: Stand,
    addresses: tuple[str, ...],
    ttl: float | None,
    truth: Truth,
) -> Observation:
    return stated(
        Hop.RESOLVER,
        "answer-compared",
        sources,
        label=label,
        resolver=resolver,
        state=state.value,
        addresses=addresses,
        ttl=ttl,
        expected=_ordered(truth.addresses),
    )


def _ordered(found: Iterable[str]) -> tuple[str, ...]:
    """IPv4 first, then by value as text."""
    return tuple(sorted(found, key=lambda text: (":" in text, text)))


def _stand(
    answers: list[Observation],
    found: frozenset[str],
    truth: Truth,
    unchecked: set[tuple[str, str]],
) -> Stand:
    """How one resolver's answers, of both types, stand."""
    said = [o for o in answers if o.name in _ASKED and o.text("rcode") != "no answer"]
    if not said:
        return Stand.SILENT
    if error_codes(said) & BLOCKED_CODES:
        return Stand.BLOCKED
    if found or any(o.items("cnames") for o in said):
        aliases = frozenset(str(o.items("cnames")[0]) for o in said if o.items("cnames"))
        return _of_addresses(found, aliases, truth)
    rcodes = {o.text("rcode") for o in said}
    if not rcodes <= {"NOERROR", "NXDOMAIN"}:
        signed = any((o.text("resolver"), o.text("type")) in unchecked for o in said)
        return Stand.UNVERIFIED if signed else Stand.FAILS
    return _nothing(truth)


def _nothing(truth: Truth) -> Stand:
    """How it stands to find no address."""
    if not truth.known:
        return Stand.ALONE
    return Stand.MISSING if truth.addresses or truth.cnames else Stand.AGREES


def _of_addresses(found: frozenset[str], cnames: frozenset[str], truth: Truth) -> Stand:
    if not truth.known:
        return Stand.ALONE
    if found & truth.addresses or cnames & truth.cnames:
        return Stand.AGREES
    if truth.cnames and not truth.addresses and not cnames and not _inner(found):
        # The zone hands on to another name; what that one has was not asked for.
        return Stand.AGREES
    if found and not _all(truth.addresses, "is_unspecified", "is_loopback"):
        if _all(found, "is_unspecified", "is_loopback"):
            return Stand.BLOCKED
        if _inner(found) and not _inner(truth.addresses):
            return Stand.INNER
    return Stand.OTHER if truth.addresses or truth.cnames else Stand.EXTRA


def _all(addresses: frozenset[str], *kinds: str) -> bool:
    """Whether each address is of one of these kinds; false for none at all."""
    held = [ipaddress.ip_address(address.partition("%")[0]) for address in addresses]
    return bool(held) and all(any(getattr(one, kind) for kind in kinds) for one in held)


def _inner(addresses: frozenset[str]) -> bool:
    """Whether each address means another machine in every network; false for none at all."""
    return bool(addresses) and all(map(of_this_network, addresses))


def _nameservers(evidence: Evidence, host: str) -> Iterator[Observation]:
    """Servers of one zone whose answers have nothing in common, by type."""
    for kind in ("A", "AAAA"):
        answers = [
            o
            for o in evidence.named("nameserver-answer")
            if o.text("type") == kind and o.value.get("authoritative")
        ]
        said = {
            (o.text("rcode"), tuple(sorted(map(str, (*o.items("addresses"), *o.items("cnames"))))))
            for o in answers
        }
        sets = [frozenset(addresses) for _, addresses in said]
        if len(sets) > 1 and not frozenset.intersection(*sets):
            told = tuple(f"{o.text('server')}: {_said(o)}" for o in answers)
            yield stated(
                Hop.ZONE,
                "nameservers-differ",
                answers,
                host=host,
                zone=answers[0].text("zone"),
                type=kind,
                answers=told,
            )


def _said(answer: Observation) -> str:
    found = (*answer.items("addresses"), *answer.items("cnames"))
    return ", ".join(map(str, found)) or answer.text("rcode")


def _delegation(delegations: list[Observation]) -> Iterator[Observation]:
    for o in delegations:
        named, own = set(o.items("named")), set(o.items("own"))
        if named and own and named != own:
            yield stated(
                Hop.ZONE,
                "delegation-differs",
                [o],
                zone=o.text("zone"),
                parent=tuple(sorted(map(str, named - own))),
                own=tuple(sorted(map(str, own - named))),
            )


def _signing(evidence: Evidence, delegations: list[Observation]) -> Iterator[Observation]:
    """Whether the zone is signed, and whether that verifies for those who check."""
    for o in delegations:
        digests, keys = o.number("digests"), o.number("keys")
        if digests is None:
            continue
        asked = evidence.named(*_ASKED)
        verified = {a.text("resolver") for a in asked if a.value.get("authentic")}
        refused = {
            a.text("resolver")
            for a in evidence.named("unchecked-answer")
            if a.text("rcode") == "NOERROR"
        }
        if not digests:
            state = "unsigned"
        elif keys == 0:
            state = "keys-missing"
        elif refused:
            state = "does-not-verify"
        elif verified:
            state = "verified"
        else:
            state = "signed"
        yield stated(
            Hop.ZONE,
            "signing-state",
            [o],
            zone=o.text("zone"),
            state=state,
            verified=len(verified),
            refused=len(refused),
            asked=len({a.text("resolver") for a in asked}),
        )
