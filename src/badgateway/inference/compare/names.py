"""Names: how this machine's resolver, the others and the zone's own servers agree."""

from collections import Counter
from collections.abc import Iterator

from badgateway.inference.compare.evidence import (
    BLOCKED_CODES,
    error_codes,
    final_url,
    good,
    pages,
    stated,
    strange,
    unwalked,
)
from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

_NAME_STATES = {
    Failure.NAME_UNKNOWN: "unknown",
    Failure.NAME_WITHOUT_ADDRESS: "no-address",
    Failure.NAME_LOOKUP_FAILED: "failed",
    Failure.NAME_LOOKUP_TIMEOUT: "silent",
}
_DNSSEC_CODES = range(5, 13)
"""RFC 8914: 5 DNSSEC Indeterminate, 6 Bogus … 12 NSEC Missing."""
_CONTROLS = ("control-works", "control-fails")


def names(evidence: Evidence) -> Iterator[Observation]:
    """How this machine's resolver and the others agree about the last name on the way."""
    failed = evidence.named(*_NAME_STATES)
    asked = evidence.named("resolved", *_NAME_STATES)
    if not any(o.text("by") == "system" for o in asked):
        return
    host = (failed or asked)[-1].text("host")
    system = next(
        (_NAME_STATES[Failure(o.name)] for o in failed if o.text("host") == host), "found"
    )
    answers = [o for o in evidence.named("resolver-answer") if o.text("host") == host]
    unreachable = [o for o in evidence.named("resolver-unreachable") if o.text("host") == host]
    codes = error_codes(answers)
    yield stated(
        Hop.RESOLVER,
        "names-compared",
        [*failed, *answers],
        host=host,
        system=system,
        others=_others(evidence, answers, bool(unreachable)),
        dnssec=any(code in codes for code in _DNSSEC_CODES),
        blocked=any(code in codes for code in BLOCKED_CODES),
        site_works=bool(failed) and any(good(o) for o in pages(evidence)),
    )


def _others(evidence: Evidence, answers: list[Observation], unreachable: bool) -> str:
    """What the other resolvers say.

    `filtered`: the network lets other things through than DNS, or answers in their place.
    """
    if any(o.items("addresses") for o in answers):
        return "found"
    controls = evidence.named(*_CONTROLS)
    if answers and controls and all(map(strange, controls)):
        return "filtered"  # at their addresses somebody else shows a certificate of his own
    if not answers:
        if unreachable and any(o.value.get("connected") for o in evidence.named(*_CONTROLS)):
            return "filtered"
        return "not-reached" if unreachable else "not-asked"
    (rcode, _), *_ = Counter(o.text("rcode") for o in answers).most_common(1)
    return {"NXDOMAIN": "unknown", "NOERROR": "no-address"}.get(rcode, "failed")


def signatures(evidence: Evidence) -> Iterator[Observation]:
    """Others refuse the name for its signatures, while this machine's resolver gives addresses."""
    found = [o for o in evidence.named("resolved") if o.text("by") == "system"]
    host = found[-1].text("host") if found else ""
    answers = [o for o in evidence.named("resolver-answer") if o.text("host") == host]
    if not answers or any(o.items("addresses") for o in answers):
        return
    if any(code in _DNSSEC_CODES for code in error_codes(answers)):
        yield stated(
            Hop.ZONE, "signatures-fail-elsewhere", answers, host=host, broken=unwalked(evidence)
        )


def outdated(evidence: Evidence) -> Iterator[Observation]:
    """The zone's own servers do not name the addresses that failed; other resolvers still do.

    Where only this machine's resolver or hosts file differs, `way-broken` says so already.
    """
    if not unwalked(evidence):
        return
    url = final_url(evidence)
    found = [o for o in evidence.named("resolved") if o.text("url") == url]
    mine = {o.text("address") for o in found if o.text("by") == "system"}
    zone = [
        o for o in evidence.named("zone-answer") if o.text("url") == url and o.items("addresses")
    ]
    now = {str(address) for o in zone for address in o.items("addresses")}
    if not mine or not now or mine & now:
        return
    # The zone was asked for IPv4 only, and somebody else must hold the very address that failed.
    answers = [
        o
        for o in evidence.named("resolver-answer")
        if o.text("host") == found[0].text("host")
        and any(":" not in str(address) for address in o.items("addresses"))
    ]
    old = [o for o in answers if set(map(str, o.items("addresses"))) & mine]
    if old:
        yield stated(
            Hop.ZONE,
            "address-outdated",
            [*found, *zone, *old],
            address=", ".join(sorted(mine)),
            now=", ".join(sorted(now)),
            holders=len({o.text("resolver") for o in old}),
            asked=len({o.text("resolver") for o in answers}),
            seconds=max((o.number("ttl") or 0 for o in old), default=0),
            works=any(o.value.get("works") for o in zone),
        )
