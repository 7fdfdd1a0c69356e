"""An edge before the site: the page that visitors saw is its, and means what it means there.

A gateway's page tells of what is behind that gateway. Where an edge made it, and the site's own
gateway answers well, the same page tells of the way between the two.
"""

from collections.abc import Iterator, Mapping

from badgateway.inference.meeting import own_addresses, public
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation, Value
from badgateway.model.vocabulary import vocabulary

_BEHIND = (Hop.GATEWAY, Hop.LINK, Hop.UPSTREAM, Hop.DATABASE, Hop.HOST)
_AT_THE_EDGE: Mapping[str, Mapping[str, float]] = {
    "protocol-mismatch": {"cdn-config-change": 1.0},
    "tls-handshake-upstream": {"cdn-origin-cert": 1.0},
    "tls-verify-upstream": {"cdn-origin-cert": 1.0},
    "upstream-wrong-address": {"cdn-stale-origin": 1.0},
    "host-not-found": {"cdn-config-change": 1.0},
}
"""What a cause is called where the gateway that has it is an edge."""
_USUAL = {"cdn-cannot-reach-origin": 0.5, "cdn-stale-origin": 0.3, "cdn-origin-cert": 0.2}
_STAYS = ("maintenance", "rate-limited", "gateway-down", "redirect-loop", "config-syntax")
"""What an edge can have itself."""
DOUBT = 0.15
"""How often it is the site behind all the same: what we asked may not be what fails."""


def answered_elsewhere(evidence: Evidence) -> Iterator[Observation]:
    """Failures that visitors got from a machine that is not this one, and what ours answers."""
    ours = own_addresses(evidence)
    if not any(public(address) for address in ours):
        return
    seen: set[str] = set()
    for page in evidence.named("http-response"):
        address, status = page.text("address"), page.number("status") or 0
        if address in ours or address in seen or not public(address):
            continue
        # 400 is what a server for TLS says of plain HTTP; other errors are a site's own business.
        if status < 500 and status != 400:
            continue
        seen.add(address)
        value: dict[str, Value] = {"address": address, "status": int(status)}
        yield Observation(Hop.EDGE, "answered-by-edge", value, page.source, page.at)
    doors = evidence.named("front-asked")
    if not seen or not doors:
        return
    for door in doors:
        if door.items("problems"):
            wrong: dict[str, Value] = {
                "name": door.text("name"),
                "problems": door.items("problems"),
            }
            yield Observation(Hop.GATEWAY, "own-certificate-wrong", wrong, door.source)
            break
    if all(0 < (door.number("status") or 0) < 500 for door in doors):
        works: dict[str, Value] = {"status": doors[0].value.get("status")}
        yield Observation(Hop.GATEWAY, "site-works-directly", works, doors[0].source)


def at_the_edge(outside: Mapping[str, float], evidence: Evidence) -> Mapping[str, float]:
    """The probability of causes by a page from outside, once it is known to be an edge's own."""
    words = vocabulary().causes
    if any(edge.value.get("same") for edge in evidence.named("edge-unreachable")):
        # What is wrong with the machine that visitors come to is wrong with the edge.
        its = {c: share for c, share in outside.items() if words[c].hop in _BEHIND}
        rest = {c: share for c, share in outside.items() if c not in its}
        moved = (1 - DOUBT) * sum(its.values())
        rest["cdn-outage"] = rest.get("cdn-outage", 0.0) + moved
        return rest | {c: share * DOUBT for c, share in its.items()}
    if not evidence.first("answered-by-edge") or not evidence.first("site-works-directly"):
        return outside
    found: dict[str, float] = {}
    for cause, share in outside.items():
        if words[cause].hop not in _BEHIND or cause in _STAYS:
            found[cause] = found.get(cause, 0.0) + share
            continue
        found[cause] = found.get(cause, 0.0) + share * DOUBT
        for twin, part in _AT_THE_EDGE.get(cause, _USUAL).items():
            found[twin] = found.get(twin, 0.0) + share * (1 - DOUBT) * part
    return found
