"""What every comparison begins with: the final URL, its answers, its failures."""

import ipaddress

from badgateway.model.failure import ANSWERING, CONNECTING, SECURING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10"),
    )
)
"""RFC 1918, RFC 6598, RFC 3927, RFC 4193 and link-local addresses of IPv6."""

BLOCKED_CODES = frozenset({15, 16, 17})
"""RFC 8914: 15 Blocked, 16 Censored, 17 Filtered. Not 18, Prohibited (4.19): that refuses whoever
asks, and says nothing of the name."""


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
    return [o for o in evidence.named(*steps) if o.text("url") == url and of_the_page(o)]


def of_the_page(failure: Observation) -> bool:
    """Whether a failure is the page's; HTTP/3 may fail alone, and browsers fall back."""
    return failure.value.get("what", "page") == "page"


def first_or_again(answer: Observation) -> bool:
    """Whether it is what came for the page as it was asked for first, or once more."""
    return answer.value.get("what") in ("page", "again")


def good(response: Observation) -> bool:
    """Whether an answer is no error of a server."""
    status = response.value.get("status")
    return isinstance(status, int) and status < 500


def warned(evidence: Evidence) -> list[Observation]:
    """Certificates on the way that do not verify: a browser stops at the first of them."""
    urls = urls_on_the_way(evidence)
    found = evidence.named(Failure.TLS_CERTIFICATE)
    return sorted(
        (o for o in found if o.text("url") in urls), key=lambda o: urls.index(o.text("url"))
    )


def strange(certificate: Observation) -> bool:
    """Whether nobody whom this machine trusts has signed it."""
    return bool({"unknown-issuer", "self-signed"} & set(map(str, certificate.items("problems"))))


def error_codes(answers: list[Observation]) -> set[int]:
    """The codes by which resolvers explain their answers (RFC 8914)."""
    return {
        code[0]
        for o in answers
        for code in o.items("extended")
        if isinstance(code, tuple) and code and isinstance(code[0], int)
    }


def of_this_network(address: str) -> bool:
    """Whether an address means another machine in every network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(found in network for network in _INSIDE if network.version == found.version)


def stated(hop: Hop, name: str, sources: list[Observation], /, **value: object) -> Observation:
    """A comparison; its source is the observations that it was made from."""
    ids = ",".join(o.id for o in sources if o.id)
    at = max((o.at for o in sources if o.at), default=None)
    return Observation(hop, name, value, f"compared:{ids}", at)  # type: ignore[arg-type]


def unwalked(evidence: Evidence) -> bool:
    """Whether no way led to a whole page: none came, only a good one cut short, or unsafely."""
    if warned(evidence):
        return True
    statuses = [o.value.get("status") for o in pages(evidence)]
    if not statuses:
        return True
    whole = {o.text("address") for o in pages(evidence)} - {
        o.text("address") for o in failures(evidence) if o.name in set(ANSWERING)
    }
    good = all(isinstance(status, int) and status < 400 for status in statuses)
    return good and not whole
