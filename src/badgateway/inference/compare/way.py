"""The way to the site: what stands in it, and at which address."""

import ipaddress
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from badgateway.inference.compare.evidence import (
    failures,
    of_this_network,
    stated,
    unwalked,
    warned,
)
from badgateway.model.failure import PROXYING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import Response
from badgateway.model.target import target_of

CLOCK_SECONDS = 86_400
"""A clock that is a day off makes valid certificates look invalid; minutes do not."""


def way(evidence: Evidence) -> Iterator[Observation]:
    """The failure that stands in every way, where none led to a whole page."""
    if not unwalked(evidence):
        return
    failed = failures(evidence)
    proxy = evidence.named(*PROXYING)
    # An address of the other family that this machine cannot reach at all is no news.
    tried = [o for o in failed if o.name not in (Failure.NO_ROUTE, Failure.NO_LOCAL_ADDRESS)]
    furthest = next(iter([*warned(evidence)[:1], *tried, *proxy, *failed]), None)
    if furthest is None:
        return
    yield stated(
        furthest.hop,
        "way-broken",
        [*failed, *proxy],
        failure=furthest.name,
        detail=furthest.text("detail"),
        mixed=len({o.name for o in tried}) > 1,
        addresses=tuple(dict.fromkeys(o.text("address") for o in failed)),
        problems=furthest.items("problems"),
        sent=furthest.value.get("sent"),
        local_only=not tried and not proxy,
        proxied=furthest.hop is Hop.EXIT,
        address_from=_address_from(evidence, furthest),
        address_kind=_address_kind(evidence, furthest),
        online=_online(evidence),
        clock=_clock(evidence),
    )


def _address_from(evidence: Evidence, failed: Observation) -> str:
    """Whether the address that failed is the one that others would have found.

    `hosts-file`: it stands in this machine's hosts file; `differs`: no other resolver gives any
    of this machine's addresses; `agrees`: one does; `unchecked`: nobody else was asked.
    """
    found = [o for o in evidence.named("resolved") if o.text("url") == failed.text("url")]
    host = next((o.text("host") for o in found), "")
    mine = {o.text("address") for o in found if o.text("by") == "system"}
    if any(
        o.text("host") == host and o.text("address") in mine
        for o in evidence.named("hosts-file-entry")
    ):
        return "hosts-file"
    answers = [o for o in evidence.named("resolver-answer") if o.text("host") == host]
    others = {str(address) for o in answers for address in o.items("addresses")}
    if not others or not mine:
        return "unchecked"
    return "agrees" if mine & others else "differs"


def _address_kind(evidence: Evidence, failed: Observation) -> str:
    """What the address that failed is.

    `literal` where the person gave it, else `public`, `loopback` (or no address at all), or
    `inside`: another machine in every network.
    """
    address = failed.text("address").partition("%")[0]
    if target_of(failed.text("url")).literal:
        return "literal"
    found = [o for o in evidence.named("resolved") if o.text("address") == failed.text("address")]
    if any(o.text("by") == "connect-to" for o in found):
        return "literal"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "public"
    if parsed.is_loopback or parsed.is_unspecified:
        return "loopback"
    return "inside" if of_this_network(address) else "public"


def _clock(evidence: Evidence) -> str:
    """This machine's clock against the `Date` of an answer: `right`, `wrong` by days, `unknown`."""
    for o in evidence.named("http-response", "plain-http"):
        date = Response.of(o.value).header("date")
        if date is None or o.at is None:
            continue
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            continue
        if theirs.tzinfo is not None:
            return "wrong" if abs((theirs - o.at).total_seconds()) > CLOCK_SECONDS else "right"
    return "unknown"


def inside(evidence: Evidence) -> Iterator[Observation]:
    """A public site whose visitor is sent to an address that only this network knows."""
    for o in evidence.named("redirect"):
        here, there = target_of(o.text("url")), target_of(o.text("to"))
        addresses = [
            r.text("address") for r in evidence.named("resolved") if r.text("host") == there.host
        ]
        hidden = bool(addresses) and all(of_this_network(address) for address in addresses)
        if here.public and (not there.public or hidden) and not of_this_network(o.text("address")):
            yield stated(Hop.NETWORK, "sent-inside", [o], url=here.url, to=there.url)
            return


def _online(evidence: Evidence) -> bool:
    """Whether anything else could be reached."""
    controls = evidence.named("control-works", "control-fails")
    return bool(evidence.named("resolver-answer")) or any(
        o.value.get("connected") for o in controls
    )
