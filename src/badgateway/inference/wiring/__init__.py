"""What configuration, state and logs say together: does what points somewhere meet what is there?

Where data would need an `if`, it stands here for the inside as it does in `compare` for the
outside, one file per subject: each function looks at the evidence and states a joined observation.
"""

from collections.abc import Iterator

from badgateway.inference.settings import settled
from badgateway.inference.wiring import containers, doors, names, protocols, queues, times
from badgateway.model.observation import Evidence, Observation

_JOINS = (
    doors.unmet,
    doors.asked,
    queues.waiting,
    queues.full_pools,
    times.timeouts,
    times.keepalives,
    doors.databases,
    names.stale,
    names.renamed,
    names.misnamed,
    protocols.handshakes,
    doors.gone,
    protocols.protocols,
    names.changed,
    containers.selectors,
    containers.inside_container,
    containers.networks,
    containers.ports,
    settled,
)


def wired(evidence: Evidence) -> Iterator[Observation]:
    """Every joined observation that the evidence allows."""
    for join in _JOINS:
        yield from join(evidence)
