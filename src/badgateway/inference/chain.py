"""How each hop of the chain stands, as far as the evidence goes: for pictures and for `next`."""

from collections.abc import Iterable
from enum import StrEnum

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation
from badgateway.model.verdict import Outcome, Verdict

_ORDER = list(Hop)
_FAILED = frozenset(Failure) - {Failure.OUT_OF_REACH}
"""What tells that a step failed; what we did not try tells nothing."""


class State(StrEnum):
    """What is known of one hop."""

    WORKS = "works"
    BROKEN = "broken"
    UNKNOWN = "unknown"


def states_seen(observations: Iterable[Observation]) -> dict[Hop, State]:
    """How the hops stand while the tests still run: each only by what was seen at it."""
    states: dict[Hop, State] = {}
    for observation in observations:
        name, value = observation.name, observation.value
        if name == "resolved" and value.get("by") in ("system", "literal", "connect-to"):
            states[Hop.RESOLVER] = State.WORKS
        elif name.startswith("name-"):
            states.setdefault(observation.hop, State.BROKEN)
        elif name == "connected":
            states[observation.hop] = State.WORKS
        elif name == "http-response" and value.get("by") != "proxy":
            states[Hop.NETWORK] = State.WORKS
            status = value.get("status")
            if isinstance(status, int) and status < 500:
                states[Hop.GATEWAY] = State.WORKS
        elif name in _FAILED and value.get("what", "page") == "page":
            states.setdefault(observation.hop, State.BROKEN)
    return states


def states_judged(verdict: Verdict) -> dict[Hop, State]:
    """How the hops stand by the verdict: works up to where it broke, and nothing known behind."""
    states: dict[Hop, State] = {
        hop: state
        for hop, state in states_seen(verdict.observations).items()
        if state is State.WORKS
    }
    if verdict.outcome is Outcome.HEALTHY:
        # The page came from behind the gateway, or the gateway needs nobody behind it.
        return {**states, Hop.GATEWAY: State.WORKS, Hop.UPSTREAM: State.WORKS}
    if verdict.hop is None:
        return states
    broken = _ORDER.index(verdict.hop)
    if verdict.status is not None and broken > _ORDER.index(Hop.GATEWAY):
        # Whoever made the page received the request, so everything before the break works.
        states |= {Hop.NETWORK: State.WORKS, Hop.GATEWAY: State.WORKS}
    states = {hop: state for hop, state in states.items() if _ORDER.index(hop) < broken}
    return {**states, verdict.hop: State.BROKEN}
