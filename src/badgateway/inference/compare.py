"""What several observations say together that none of them says alone.

Where data would need an `if`, it stands here: each function looks at the evidence and states one
comparison as an observation of its own, which knowledge files can then refer to by name.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from badgateway.model.failure import ANSWERING, CONNECTING, PROXYING, SECURING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import Response
from badgateway.model.target import target_of

_NAME_STATES = {
    Failure.NAME_UNKNOWN: "unknown",
    Failure.NAME_WITHOUT_ADDRESS: "no-address",
    Failure.NAME_LOOKUP_FAILED: "failed",
    Failure.NAME_LOOKUP_TIMEOUT: "silent",
}
_DNSSEC_CODES = range(5, 13)
"""RFC 8914: 5 DNSSEC Indeterminate, 6 Bogus … 12 NSEC Missing."""
_BLOCKED_CODES = (15, 16, 17)
"""RFC 8914: 15 Blocked, 16 Censored, 17 Filtered."""


_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10"),
    )
)
"""RFC 1918, RFC 6598, RFC 3927, RFC 4193 and link-local addresses of IPv6."""

CLOCK_SECONDS = 86_400
"""A clock that is a day off makes valid certificates look invalid; minutes do not."""


def compared(evidence: Evidence) -> Iterator[Observation]:
    """Every comparison that the evidence allows."""
    for compare in (_names, _way, _inside, _addresses, _neighbours):
        yield from compare(evidence)


def urls_on_the_way(evidence: Evidence) -> list[str]:
    """The URL asked for and those that redirects led to, in order."""
    url = next((o.text("url") for o in evidence.named("asked")), "")
    leads = {o.text("url"): o.text("to") for o in evidence.named("redirect")}
    urls = [url]
    while url in leads and leads[url] not in urls:
        url = leads[url]
        urls.append(url)
    return urls


def final_url(evidence: Evidence) -> str:
    """Where the visitor ends up: the URL asked for, or the last one a redirect led to."""
    return urls_on_the_way(evidence)[-1]


def _warned(evidence: Evidence) -> list[Observation]:
    """Certificates on the way that do not verify: a browser stops at the first of them."""
    urls = urls_on_the_way(evidence)
    warned = evidence.named(Failure.TLS_CERTIFICATE)
    return sorted(
        (o for o in warned if o.text("url") in urls), key=lambda o: urls.index(o.text("url"))
    )


def pages(evidence: Evidence) -> list[Observation]:
    """The answers to the final URL itself, in the order in which a browser would try them."""
    url = final_url(evidence)
    order = {
        o.text("address"): place
        for place, o in enumerate(evidence.named("resolved"))
        if o.text("url") == url
    }
    found = [
        o
        for o in evidence.named("http-response")
        if o.text("url") == url and o.value.get("what") == "page"
    ]
    # Of a URL that was asked again (a cookie, then back) only the last answer is the page.
    last = {(o.text("address"), o.text("protocol")): o for o in found}
    # HTTP/1.1 first at equal place: only there head and reason are as sent.
    return sorted(
        last.values(),
        key=lambda o: (order.get(o.text("address"), 99), o.text("protocol") == "HTTP/2"),
    )


def failures(evidence: Evidence) -> list[Observation]:
    """What failed on the way to the final URL, the furthest step reached first."""
    url = final_url(evidence)
    steps = (*ANSWERING, *SECURING, *CONNECTING)
    return [o for o in evidence.named(*steps) if o.text("url") == url and _of_the_page(o)]


def _of_the_page(failure: Observation) -> bool:
    """Whether a failure is the page's; HTTP/3 may fail alone, and browsers fall back."""
    return failure.value.get("what", "page") == "page"


def _names(evidence: Evidence) -> Iterator[Observation]:
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
    codes = {
        int(c[0])
        for o in answers
        for c in o.items("extended")
        if isinstance(c, tuple) and isinstance(c[0], int)
    }
    yield _stated(
        Hop.RESOLVER,
        "names-compared",
        [*failed, *answers],
        host=host,
        system=system,
        others=_others(answers, bool(unreachable)),
        dnssec=any(code in codes for code in _DNSSEC_CODES),
        blocked=any(code in codes for code in _BLOCKED_CODES),
        site_works=bool(failed) and any(_good(o) for o in pages(evidence)),
    )


def _good(response: Observation) -> bool:
    status = response.value.get("status")
    return isinstance(status, int) and status < 500


def _others(answers: list[Observation], unreachable: bool) -> str:
    if any(o.items("addresses") for o in answers):
        return "found"
    if not answers:
        return "not-reached" if unreachable else "not-asked"
    (rcode, _), *_ = Counter(o.text("rcode") for o in answers).most_common(1)
    return {"NXDOMAIN": "unknown", "NOERROR": "no-address"}.get(rcode, "failed")


def _way(evidence: Evidence) -> Iterator[Observation]:
    """The failure that stands in every way, where none led to a whole page."""
    if not _unwalked(evidence):
        return
    failed = failures(evidence)
    proxy = evidence.named(*PROXYING)
    # An address of the other family that this machine cannot reach at all is no news.
    tried = [o for o in failed if o.name not in (Failure.NO_ROUTE, Failure.NO_LOCAL_ADDRESS)]
    furthest = next(iter([*_warned(evidence)[:1], *tried, *proxy, *failed]), None)
    if furthest is None:
        return
    yield _stated(
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
        address_kind=_address_kind(furthest),
        online=bool(evidence.named("resolver-answer")),
        clock=_clock(evidence),
    )


def _unwalked(evidence: Evidence) -> bool:
    """Whether no way led to a whole page: none came, only a good one cut short, or unsafely."""
    if _warned(evidence):
        return True
    statuses = [o.value.get("status") for o in pages(evidence)]
    if not statuses:
        return True
    whole = {o.text("address") for o in pages(evidence)} - {
        o.text("address") for o in failures(evidence) if o.name in set(ANSWERING)
    }
    good = all(isinstance(status, int) and status < 400 for status in statuses)
    return good and not whole


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


def _address_kind(failed: Observation) -> str:
    """What the address that failed is.

    `literal` where the person gave it, else `public`, `loopback` (or no address at all), or
    `inside`: another machine in every network.
    """
    address = failed.text("address").partition("%")[0]
    if target_of(failed.text("url")).literal:
        return "literal"
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "public"
    if found.is_loopback or found.is_unspecified:
        return "loopback"
    return "inside" if _of_this_network(address) else "public"


def _clock(evidence: Evidence) -> str:
    """This machine's clock against the `Date` of an answer: `right`, `wrong` by days, `unknown`."""
    for o in evidence.named("http-response"):
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


def _of_this_network(address: str) -> bool:
    """Whether an address means another machine in every network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(found in network for network in _INSIDE if network.version == found.version)


def _inside(evidence: Evidence) -> Iterator[Observation]:
    """A public site whose visitor is sent to an address that only this network knows."""
    for o in evidence.named("redirect"):
        here, there = target_of(o.text("url")), target_of(o.text("to"))
        addresses = [
            r.text("address") for r in evidence.named("resolved") if r.text("host") == there.host
        ]
        hidden = bool(addresses) and all(_of_this_network(address) for address in addresses)
        if here.public and (not there.public or hidden) and not _of_this_network(o.text("address")):
            yield _stated(Hop.NETWORK, "sent-inside", [o], url=here.url, to=there.url)
            return


def _addresses(evidence: Evidence) -> Iterator[Observation]:
    """Addresses of the same site that fail beside others that work."""
    url = final_url(evidence)
    hosts = {o.text("host") for o in evidence.named("resolved") if o.text("url") == url}
    mine = {o.text("address"): o for o in evidence.named("resolved") if o.text("host") in hosts}
    bad = {
        o.text("address")
        for o in evidence.named(*CONNECTING, *SECURING, *ANSWERING)
        if o.name not in (Failure.NO_ROUTE, Failure.NO_LOCAL_ADDRESS) and _of_the_page(o)
    }
    answered: dict[str, int] = {}
    for o in pages(evidence):
        status = o.value.get("status")
        answered.setdefault(o.text("address"), status if isinstance(status, int) else 0)
    bad |= {address for address, status in answered.items() if status >= 500}
    bad &= set(mine)
    good = {address for address, status in answered.items() if 0 < status < 500} - bad
    if bad and good:
        families = {6 if ":" in address else 4 for address in bad}
        others = {6 if ":" in address else 4 for address in good}
        yield _stated(
            Hop.NETWORK,
            "addresses-differ-in-health",
            list(mine.values()),
            failing=tuple(sorted(bad)),
            working=tuple(sorted(good)),
            only_ipv6_fails=families == {6} and others == {4},
            answering=any(address in answered for address in bad),
        )


def _neighbours(evidence: Evidence) -> Iterator[Observation]:
    """A neighbour of the failing page that works."""
    for o in evidence.named("neighbour"):
        status = o.value.get("status")
        if isinstance(status, int) and status < 500:
            yield _stated(Hop.GATEWAY, "neighbours-work", [o], path=o.text("path"), status=status)
            return


def _stated(hop: Hop, name: str, sources: list[Observation], /, **value: object) -> Observation:
    """A comparison; its source is the observations that it was made from."""
    ids = ",".join(o.id for o in sources if o.id)
    at = max((o.at for o in sources if o.at), default=None)
    return Observation(hop, name, value, f"compared:{ids}", at)  # type: ignore[arg-type]
