"""What an application is in the middle of: starting, coming back, or serving more than it can."""

from collections.abc import Iterator

from badgateway.inference.wiring.evidence import (
    asked_with,
    is_name,
    joined,
    last_asked,
    listeners,
)
from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.observation import Evidence, Observation, Value


def loaded(evidence: Evidence) -> Iterator[Observation]:
    """Every such observation that the evidence allows."""
    for join in (_starting, _demand, _back, _heads):
        yield from join(evidence)


def _back(evidence: Evidence) -> Iterator[Observation]:
    """Upstreams that refused and that take connections now, each for itself: one after the other.

    Names are left out: there it is the address behind the name that may have changed. HAProxy
    logs `BACKEND/SERVER` (docs.haproxy.org, 8.2.3), whose address its configuration has.
    """
    answers = asked_with(evidence, "answers")
    servers = {
        o.text("server"): o.text("upstream")
        for o in evidence.named("config-upstream")
        if o.text("by") == "haproxy" and o.text("server")
    }
    seen: set[str] = set()
    for refusal in evidence.named("upstream-refused"):
        upstream = servers.get(refusal.text("upstream"), refusal.text("upstream"))
        wanted = address_of(upstream)
        if wanted is None or upstream in seen or upstream not in answers or is_name(wanted.host):
            continue
        seen.add(upstream)
        yield joined(refusal, "came-back")


_HEADS = {"haproxy": (16_384 - 1_024, "tune.bufsize less tune.maxrewrite")}
"""Bytes of an answer's head that a gateway takes unless it is told otherwise (its manual)."""


def _heads(evidence: Evidence) -> Iterator[Observation]:
    """An answer, as it was sent to us, with a head that the gateway's buffer does not hold."""
    sizes = {upstream: o.number("head") for upstream, o in last_asked(evidence).items()}
    buffers = {
        o.text("by"): (o.number("size") or 0.0, o.text("setting"))
        for o in evidence.named("config-buffer")
    }
    for wish in evidence.named("config-upstream"):
        head = sizes.get(wish.text("upstream")) or 0
        limit, setting = buffers.get(wish.text("by")) or _HEADS.get(wish.text("by"), (0, ""))
        if limit and head > limit and wish.text("protocol") in ("http", "https"):
            yield joined(
                wish, "header-exceeds-buffer", head=int(head), size=int(limit), setting=setting
            )
            return


_LONG, _FOR_EACH, _WORKING = 20, 8, 60
"""A queue that is long: connections in all, and for each one that is served; and from which share
of the looks on, in per cent, an application works rather than waits."""


def _demand(evidence: Evidence) -> Iterator[Observation]:
    """More requests than an application can serve: a long queue before workers that never rest."""
    works = [o for o in evidence.named("process-works") if (o.number("share") or 0) >= _WORKING]
    demands = evidence.named("demand")
    for listener in evidence.named("listening"):
        queue, taken = listener.number("queue") or 0, listener.number("accepted")
        if queue < _LONG or taken is None or queue < _FOR_EACH * max(1.0, taken):
            continue
        never_rest = any(
            process.text("place") == listener.text("place")
            and listener.value.get("pid") in process.items("pids")
            for process in works
        )
        basis = "works" if never_rest else _still_served(listener, demands, taken)
        if basis:
            value: dict[str, Value] = {
                "process": listener.text("process"),
                "address": listener.text("address"),
                "queue": int(queue),
                "basis": basis,
            }
            yield Observation(Hop.UPSTREAM, "demand-exceeds", value, listener.source)
            return


_SERVED, _RATE = 5, 20.0
"""Answers to pages that fail for others, and requests a second for each one that is served, from
which on the queue and not the page is what takes so long."""


def _still_served(listener: Observation, demands: list[Observation], taken: float) -> str:
    """How requests of the gateway show that each is served in time once its turn has come.

    Of PHP-FPM that is its own number of children, which its pool says better.
    """
    if "php-fpm" in listener.text("process"):
        return ""
    for demand in demands:
        answered, failed = demand.number("answered") or 0, demand.number("failed") or 0
        if answered >= _SERVED and failed >= answered:
            return "answers"
        if failed and (demand.number("per_second") or 0) >= _RATE * max(1.0, taken):
            return "rate"
    return ""


_FAILED_STARTS = (
    *("app-failed-to-start", "app-exception", "module-missing", "worker-exited", "unit-restarts"),
    *("unit-failed", "unit-exited", "pidfile-stale", "address-in-use", "unit-start-limit"),
)


def _starting(evidence: Evidence) -> Iterator[Observation]:
    """An application that began moments ago and does not listen yet, where one is asked for."""
    asked = last_asked(evidence).values()
    refused = [o for o in asked if o.text("result") in ("refused", "socket-missing")]
    places: set[str] = set()
    if not refused or evidence.first(*_FAILED_STARTS):
        return
    serving: dict[str, set[object]] = {}
    for listener, there in listeners(evidence):
        if listener.value.get("complete"):
            place = listener.text("place")
            pids = listener.items("pids") or (listener.value.get("pid"),)
            serving.setdefault(place, set()).update(pids)
            if any(a.host == there.host for o in refused if (a := address_of(o.text("upstream")))):
                places.add(place)
    for young in evidence.named("process-young"):
        here = young.text("place")
        if here in places and not serving.get(here, set()) & set(young.items("pids")):
            value: dict[str, Value] = {
                "process": young.text("process"),
                "seconds": young.value.get("seconds"),
                "upstream": refused[0].text("upstream"),
            }
            yield Observation(Hop.UPSTREAM, "still-starting", value, young.source)
            return
