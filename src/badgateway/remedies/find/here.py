"""What the other files of this folder share: the lines that send this site's requests."""

from collections.abc import Iterator

from badgateway.model.listening import address_of
from badgateway.model.observation import Observation, Value
from badgateway.remedies.edit import lines_of
from badgateway.remedies.facts import Facts

_FAILED = (
    *("no-listener", "listens-elsewhere", "listens-on-other-family", "listens-on-loopback-only"),
    *("rejected-though-listening", "silent-though-listening", "handshake-fails"),
    *("upstream-refused", "upstream-connect-timeout", "socket-not-found", "upstream-unroutable"),
)
"""Observations that name an upstream that cannot be reached."""
_PREFIXES = {"fastcgi": "fastcgi", "uwsgi": "uwsgi", "scgi": "scgi", "grpc": "grpc"}
_REFUSING = ("refused", "times-out", "no-route", "socket-missing", "fails")


def upstreams(facts: Facts) -> list[Observation]:
    """The lines of this machine's configuration that send this site's requests to an upstream."""
    return [
        o
        for o in facts.evidence.named("config-upstream")
        if not o.value.get("other_site")
        and not o.text("place")
        and o.text("file").startswith("/")
        and isinstance(o.value.get("line"), int)
        and "$" not in o.text("upstream")
    ]


def failing(facts: Facts) -> list[Observation]:
    """Those of them whose upstream cannot be reached; all where nothing tells them apart."""
    named = {o.text("upstream") for o in facts.evidence.named(*_FAILED)}
    asked = {o.text("upstream"): o.text("result") for o in facts.evidence.named("upstream-asked")}
    named |= {upstream for upstream, result in asked.items() if result in _REFUSING}
    every = upstreams(facts)
    some = [o for o in every if o.text("upstream") in named]
    return some or (every if len({o.text("upstream") for o in every}) == 1 else [])


def pools(facts: Facts) -> list[Observation]:
    """PHP-FPM's pools that this site's requests are sent to."""
    wanted = [a for o in upstreams(facts) if (a := address_of(o.text("upstream"))) is not None]
    found = []
    for pool in facts.evidence.named("config-pool"):
        there = address_of(pool.text("address"))
        if there is None or not pool.text("file").startswith("/"):
            continue
        if any(
            (there.path and there.path == one.path)
            or (not there.path and there.port == one.port
                and (there.everywhere or there.host == one.host))
            for one in wanted
        ):  # fmt: skip
            found.append(pool)
    return found


def at(observation: Observation, **values: Value) -> dict[str, Value]:
    """A binding for the line that an observation was read from."""
    return {
        "by": observation.text("by"),
        "file": observation.text("file"),
        "line": observation.value.get("line"),
        # How nginx's directives for this protocol begin.
        "prefix": _PREFIXES.get(observation.text("protocol"), "proxy"),
        **values,
    }


def where(observation: Observation) -> tuple[str, Value]:
    """The file and the line that an observation was read from."""
    return observation.text("file"), observation.value.get("line")


def written(facts: Facts, observation: Observation) -> str:
    """What stands on that line now; empty where there is none."""
    lines = lines_of(facts.text(observation.text("file")) or "")
    number = observation.value.get("line")
    return (
        lines[number - 1].rstrip("\r\n")
        if isinstance(number, int) and 0 < number <= len(lines)
        else ""
    )


def once(observations: list[Observation]) -> Iterator[Observation]:
    """The observations, one for each line."""
    seen: set[tuple[str, Value]] = set()
    for observation in observations:
        key = where(observation)
        if key not in seen:
            seen.add(key)
            yield observation
