"""The site: addresses, pages and turns that fail beside others that work."""

import re
from collections.abc import Iterator

from badgateway.inference.compare.evidence import (
    final_url,
    first_or_again,
    good,
    of_the_page,
    pages,
    stated,
)
from badgateway.model.failure import ANSWERING, CONNECTING, SECURING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

_TITLE = re.compile(r"<title[^>]{0,200}>\s{0,99}([^<]{0,300})", re.IGNORECASE)


def addresses(evidence: Evidence) -> Iterator[Observation]:
    """Addresses of the same site that fail beside others that work."""
    url = final_url(evidence)
    hosts = {o.text("host") for o in evidence.named("resolved") if o.text("url") == url}
    mine = {o.text("address"): o for o in evidence.named("resolved") if o.text("host") in hosts}
    bad = {
        o.text("address")
        for o in evidence.named(*CONNECTING, *SECURING, *ANSWERING)
        if of_the_page(o) and not _expected(o, evidence)
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
        yield stated(
            Hop.NETWORK,
            "addresses-differ-in-health",
            list(mine.values()),
            failing=tuple(sorted(bad)),
            working=tuple(sorted(good)),
            only_ipv6_fails=families == {6} and others == {4},
            answering=any(address in answered for address in bad),
        )


def neighbours(evidence: Evidence) -> Iterator[Observation]:
    """A neighbour of the failing page that works."""
    for o in evidence.named("neighbour"):
        status = o.value.get("status")
        if isinstance(status, int) and status < 500:
            yield stated(Hop.GATEWAY, "neighbours-work", [o], path=o.text("path"), status=status)
            return


def _expected(failure: Observation, evidence: Evidence) -> bool:
    """A family that this machine is not connected with at all fails, and rightly so.

    Not where it has a default route of that family: then somebody promised a way.
    """
    if failure.name not in (Failure.NO_ROUTE, Failure.NO_LOCAL_ADDRESS):
        return False
    key = "default6" if ":" in failure.text("address") else "default4"
    return not any(o.value.get(key) for o in evidence.named("own-network"))


def intermittent(evidence: Evidence) -> Iterator[Observation]:
    """The same page, asked several times: now good, now bad."""
    url = final_url(evidence)
    asked = [
        o
        for o in evidence.named("http-response", *ANSWERING, "again-failed")
        if o.text("url") == url and (first_or_again(o) or o.name == "again-failed")
    ]
    if not any(o.value.get("what") == "again" or o.name == "again-failed" for o in asked):
        return
    well = [o for o in asked if o.name == "http-response" and good(o)]
    if well and len(well) < len(asked):
        yield stated(
            Hop.GATEWAY,
            "intermittent",
            asked,
            url=url,
            good=len(well),
            bad=len(asked) - len(well),
            of=len(asked),
        )


def elsewhere(evidence: Evidence) -> Iterator[Observation]:
    """The page at the address that others find is another one than the page here."""
    for there in evidence.named("page-elsewhere"):
        here = next((o for o in pages(evidence) if o.text("url") == there.text("url")), None)
        if here is None:
            here = next(
                (o for o in evidence.named("http-response") if o.text("url") == there.text("url")),
                None,
            )
        if here is not None and _differ(here, there):
            yield stated(
                Hop.RESOLVER,
                "page-differs-elsewhere",
                [here, there],
                url=there.text("url"),
                address=here.text("address"),
                other=there.text("address"),
                status=here.value.get("status"),
                other_status=there.value.get("status"),
            )
            return


def _differ(here: Observation, there: Observation) -> bool:
    statuses = {int(o.number("status") or 0) // 100 for o in (here, there)}
    titles = {(m[1].strip() if (m := _TITLE.search(o.text("body"))) else "") for o in (here, there)}
    return good(there) and (len(statuses) > 1 or len(titles) > 1)
