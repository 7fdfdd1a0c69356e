"""The order of time limits along the chain."""

from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

_BACKENDS = ("backend", "backend-default")


def timeouts(evidence: Evidence) -> Iterator[Observation]:
    """A worker that is killed before the gateway would give up."""
    gateways = [o for o in evidence.named("config-timeout") if o.text("role") == "read"]
    gateways = gateways or list(_default_timeouts(evidence))
    workers = [o for o in evidence.named("config-timeout") if o.text("role") == "worker"]
    for worker in workers:
        kept = worker.number("seconds")
        for gateway in gateways:
            waits = gateway.number("seconds")
            if kept and waits and kept > waits:
                yield Observation(
                    Hop.GATEWAY,
                    "timeouts-out-of-order",
                    {
                        "outer": gateway.text("by"),
                        "outer_seconds": waits,
                        "inner": worker.text("by"),
                        "inner_seconds": kept,
                    },
                    gateway.source,
                )
                break


_READ_DEFAULTS = {"nginx": 60.0}
"""Seconds: proxy_read_timeout and its kin."""


def _default_timeouts(evidence: Evidence) -> Iterator[Observation]:
    """How long a gateway waits whose whole configuration is there and says nothing about it."""
    for observation in evidence.named("config-upstream"):
        seconds = _READ_DEFAULTS.get(observation.text("by"))
        if seconds is not None and observation.value.get("whole"):
            value = {**observation.value, "seconds": seconds, "role": "read"}
            yield Observation(Hop.GATEWAY, "config-timeout", value, observation.source)
            return


def keepalives(evidence: Evidence) -> Iterator[Observation]:
    """An application that closes idle connections before the gateway stops reusing them."""
    reuse = [o for o in evidence.named("config-keepalive") if o.text("role") == "upstream"]
    close = [o for o in evidence.named("config-keepalive") if o.text("role") in _BACKENDS]
    for outer in reuse:
        for inner in close:
            longer, shorter = outer.number("seconds"), inner.number("seconds")
            if longer is not None and shorter is not None and 0 < shorter <= longer:
                yield Observation(
                    Hop.LINK,
                    "keepalive-out-of-order",
                    {
                        "outer": outer.text("by"),
                        "outer_seconds": longer,
                        "inner": inner.text("by"),
                        "inner_seconds": shorter,
                    },
                    outer.source,
                )
