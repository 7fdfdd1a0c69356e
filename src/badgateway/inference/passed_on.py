"""Whether the server that visitors reach made the page, or passed it on from one behind it.

Stated only where something shows that it did not make the page: silence of the tests says nothing,
for two servers of one product look alike.
"""

from collections.abc import Iterator

from badgateway.inference.classify import classify
from badgateway.inference.compare import pages
from badgateway.inference.compare.evidence import stated
from badgateway.inference.identify import Identification, identify
from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.mark import Kind
from badgateway.knowledge.page import Page
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import Response

LIBRARIES = frozenset({"go-http", "werkzeug", "gunicorn", "python-http.server"})
"""Makers of pages inside other products: they do not tell which server it is."""


def passed_on(evidence: Evidence, known: Knowledge) -> Iterator[Observation]:
    """What shows that the page was made behind the first server."""
    failed = [o for o in pages(evidence) if (o.number("status") or 0) >= 400]
    if not failed:
        return
    page = failed[0]
    made = classify(Response.of(page.value), known.emitters, known.variants).who
    yield from _by_certificate(page, evidence)
    if not made.settled or made.kind not in (Kind.ERROR, Kind.PAGE):
        return
    for front in evidence.named("front-answer"):
        own = identify(Page.of(Response.of(front.value)), known.emitters)
        if front.text("url") == page.text("url") and _others(own, made, known):
            yield _stated(page, front, own, made, "other-maker")
            return
    for again in evidence.named("continue-asked"):
        # Only a page that nginx has built in says by the 100 whose it is.
        alike = again.value.get("status") == page.value.get("status")
        if again.value.get("continued") and alike and _of_nginx(made, known):
            yield _stated(page, again, made, made, "continued")
            return


def _by_certificate(page: Observation, evidence: Evidence) -> Iterator[Observation]:
    for asked in evidence.named("certificate-asked"):
        if asked.value.get("asked") is False and asked.text("url") == page.text("url"):
            yield stated(
                Hop.LINK,
                "certificate-wanted-behind",
                [page, asked],
                url=page.text("url"),
                status=page.value.get("status"),
            )
            return


def _others(own: Identification, made: Identification, known: Knowledge) -> bool:
    """Whether two answers are of two products, and neither is the other's base."""
    if not own.settled or own.emitter is None or made.emitter is None:
        return False
    names = {own.emitter.name, made.emitter.name}
    bases = {base for name in names for base in known.emitters[name].over}
    return len(names) == 2 and not names & (bases | LIBRARIES)


def _of_nginx(made: Identification, known: Knowledge) -> bool:
    name = made.emitter.name if made.emitter else ""
    return name == "nginx" or "nginx" in known.emitters[name].over if name else False


def _stated(
    page: Observation, shown: Observation, own: Identification, made: Identification, how: str
) -> Observation:
    return stated(
        Hop.GATEWAY,
        "passed-on",
        [page, shown],
        url=page.text("url"),
        front=own.emitter.name if own.emitter else "",
        made=made.emitter.name if made.emitter else "",
        status=page.value.get("status"),
        how=how,
    )
