"""How each hop of the chain stands, as far as the evidence goes: for pictures and for `next`."""

from collections.abc import Iterable
from enum import StrEnum

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation
from badgateway.model.verdict import Outcome, Verdict

_ORDER = list(Hop)


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
        elif name in set(Failure) and value.get("what", "page") == "page":
            states.setdefault(observation.hop, State.BROKEN)
    return states


def states_judged(verdict: Verdict) -> dict[Hop, State]:
    """How the hops stand by the verdict: works up to where it broke, and nothing known behind."""
    states = {
        hop: state
        for hop, state in states_seen(verdict.observations).items()
        if state is State.WORKS
    }
    if verdict.outcome in (Outcome.HEALTHY, Outcome.NONE):
        return states
    answered = any(o.name == "http-response" for o in verdict.observations)
    if answered and verdict.emitter is not None and verdict.hop is not None:
        # Whoever made the page received the request, so everything before it works.
        for hop in (Hop.NETWORK, Hop.GATEWAY):
            if _ORDER.index(hop) < _ORDER.index(verdict.hop):
                states[hop] = State.WORKS
    if verdict.hop is not None:
        for hop in _ORDER[_ORDER.index(verdict.hop) :]:
            states.pop(hop, None)
        states[verdict.hop] = State.BROKEN
    return states
