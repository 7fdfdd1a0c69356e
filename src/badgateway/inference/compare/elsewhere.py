"""This place against others: vantages that were asked, and other exits."""

from collections.abc import Iterator
from enum import StrEnum

from badgateway.inference.compare.evidence import final_url, pages, stated, unwalked
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

REFUSED = (401, 403, 407, 429, 451)
"""Answers that depend on who asks."""


class Met(StrEnum):
    """What a place met."""

    GOOD = "good"
    REFUSED = "refused"
    ERROR = "error"
    OTHER = "other"
    NOTHING = "nothing"


class Elsewhere(StrEnum):
    """What the other places met, against this one."""

    WORKS = "works"
    ALIKE = "alike"
    FAILS = "fails"
    MIXED = "mixed"


def met(status: object) -> Met:
    """What an answer of this status is; no answer for none."""
    if not isinstance(status, int):
        return Met.NOTHING
    if status < 400:
        return Met.GOOD
    if status in REFUSED:
        return Met.REFUSED
    return Met.ERROR if status >= 500 else Met.OTHER


def elsewhere(evidence: Evidence) -> Iterator[Observation]:
    """This place against the others that gave an answer about the final URL."""
    url = final_url(evidence)
    if any(o.text("by") == "connect-to" for o in evidence.named("resolved")):
        return  # the others went to another machine than we did
    told = [o for o in evidence.named("vantage-answer", "vantage-no-answer") if _about(o, url)]
    if not _proxied(evidence):
        # Going out straight, another exit is another place, as far as it shows the site's answer.
        told += [o for o in evidence.named("exit-answer") if _about(o, url) and not _own_page(o)]
    if not told:
        return
    mine = here(evidence)
    theirs = [met(o.value.get("status")) for o in told]
    works = sum(each is Met.GOOD for each in theirs)
    yield stated(
        Hop.NETWORK,
        "elsewhere-compared",
        told,
        url=url,
        here=mine.value,
        elsewhere=_compared(mine, theirs).value,
        asked=len(told),
        works=works,
        fails=len(told) - works,
    )


def other_exits(evidence: Evidence) -> Iterator[Observation]:
    """The page comes through another exit, and not through the proxy that was asked for."""
    mine = here(evidence)
    # A server's error says itself what broke.
    if not _proxied(evidence) or mine in (Met.GOOD, Met.ERROR):
        return
    bad = next((o for o in pages(evidence) if met(o.value.get("status")) is mine), None)
    by_proxy = [o for o in evidence.named("http-response") if o.text("by") == "proxy"]
    way = [*by_proxy, *evidence.named("way-broken")]
    failing = bad or (way[0] if way else None)
    answers = evidence.named("exit-answer")
    works = next((o for o in answers if met(o.value.get("status")) is Met.GOOD), None)
    if failing is not None and works is not None:
        yield stated(
            Hop.EXIT,
            "other-exit-works",
            [failing, works],
            url=works.text("url"),
            exit=works.text("exit"),
            failure=failing.text("failure") or str(failing.value.get("status") or failing.name),
            status=failing.value.get("status"),
            refused=mine is Met.REFUSED and not by_proxy,
            by_proxy=bool(by_proxy),
        )


def here(evidence: Evidence) -> Met:
    """What this place met."""
    if unwalked(evidence):
        return Met.NOTHING
    return met(pages(evidence)[0].value.get("status"))


def _compared(mine: Met, theirs: list[Met]) -> Elsewhere:
    if all(each is Met.GOOD for each in theirs):
        return Elsewhere.WORKS
    if all(each is mine for each in theirs):
        return Elsewhere.ALIKE
    return Elsewhere.MIXED if Met.GOOD in theirs else Elsewhere.FAILS


def _about(o: Observation, url: str) -> bool:
    return o.text("url") == url


def _proxied(evidence: Evidence) -> bool:
    return any(o.text("by") == "proxy" for o in evidence.named("resolved"))


def _own_page(o: Observation) -> bool:
    """Whether a proxy may have made the answer itself."""
    return bool(o.value.get("relayed")) and met(o.value.get("status")) is not Met.GOOD


def failing_answer(evidence: Evidence) -> Observation | None:
    """What other places get where the page comes here, and from nowhere else."""
    compared = evidence.first("elsewhere-compared")
    if compared is None or compared.value.get("elsewhere") != Elsewhere.FAILS:
        return None
    if compared.value.get("here") != Met.GOOD:
        return None
    answers = [
        o
        for o in evidence.named("vantage-answer")
        if met(o.value.get("status")) is Met.ERROR and _about(o, compared.text("url"))
    ]
    return answers[0] if 2 * len(answers) > (compared.number("asked") or 0) else None
