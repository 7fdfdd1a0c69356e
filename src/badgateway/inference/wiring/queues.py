"""Queues before a listener, and pools that are full."""

from collections.abc import Iterator

from badgateway.inference.wiring.evidence import listeners, serves
from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.observation import Evidence, Observation, Value


def waiting(evidence: Evidence) -> Iterator[Observation]:
    """Listen queues that are full, or in which connections wait."""
    for observation in evidence.named("listening"):
        queue, backlog = observation.number("queue"), observation.number("backlog")
        if queue is None or queue < 1:
            continue
        full = backlog is not None and queue >= backlog > 0
        yield Observation(
            Hop.UPSTREAM,
            "listen-queue-full" if full else "queue-waiting",
            dict(observation.value),
            observation.source,
            observation.at,
        )


def full_pools(evidence: Evidence) -> Iterator[Observation]:
    """A pool in which as many connections are open as it has workers: each serves one."""
    for pool in evidence.named("config-pool"):
        most, wanted = pool.number("most"), address_of(pool.text("address"))
        for observation, there in listeners(evidence):
            taken = observation.number("accepted")
            if observation.name != "listening" or not most or taken is None or wanted is None:
                continue
            waiting = observation.number("queue") or 0
            if serves(there, wanted) and taken >= most:
                value: dict[str, Value] = {
                    "pool": pool.text("pool"),
                    "active": most,
                    "idle": 0,
                    "queue": waiting,
                    "reached": "unknown",
                    "full": True,
                }
                yield Observation(Hop.UPSTREAM, "pool-status", value, observation.source)
                break
