"""What an inspection is asked for, and what it has found so far of the site that it is about."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from badgateway.investigate.sort import read_sorted
from badgateway.model.listening import address_of
from badgateway.model.material import Material
from badgateway.model.observation import Evidence, Observation
from badgateway.model.target import Target
from badgateway.state.software import Software

TAIL = 8 * 1024 * 1024
"""Bytes at the end of a log that are read."""
RECENT = 3_600
"""Seconds that count as now, where nobody asks about another time."""
_OF_PEOPLE = ("page-text", "nothing-known", "reported")
"""What only a text of a person's can say."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the owner wants to know.

    Attributes:
        site: the site's name; empty for all that are served here.
        target: the page that is asked for from outside as well; None for none.
        since: what logs say of the time before is left out.
        more: material of other machines: bundles, logs, a visitor's verdict.
        root: a copied tree that is read instead of this machine; its state is not there.
    """

    site: str = ""
    target: Target | None = None
    since: datetime | None = None
    more: tuple[Material, ...] = ()
    root: Path | None = None


@dataclass(slots=True)
class Search:
    """What has been found so far.

    `elsewhere` holds what seems to speak of other sites, `logs` those of this machine itself.
    """

    request: Request
    evidence: Evidence = field(default_factory=Evidence)
    files: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    gateways: list[Software] = field(default_factory=list)
    applications: list[Software] = field(default_factory=list)
    elsewhere: list[Observation] = field(default_factory=list)
    logs: list[Material] = field(default_factory=list)


def add(search: Search, observations: Iterable[Observation]) -> None:
    """Keep what speaks of the site; of other sites no more than where their requests go."""
    for observation in observations:
        if of_this_site(search.request.site, observation):
            search.evidence.add(observation)
        elif observation.name == "config-upstream":
            # Who else sends requests there tells whom a listener belongs to.
            value = {**observation.value, "other_site": True}
            search.evidence.add(replace(observation, value=value))
        else:
            search.elsewhere.append(observation)


def recall(search: Search) -> None:
    """Take back what spoke of the site by a name that it has inside only.

    Behind a gateway a site is known by what its gateway calls it: the host of its upstream's
    address, the host that it sends, the name that it gives in the TLS handshake.
    """
    inner = set(_inner_names(search.evidence))
    for observation in search.elsewhere:
        if any(of_this_site(name, observation) for name in inner):
            search.evidence.add(observation)
    search.elsewhere.clear()


def _inner_names(evidence: Evidence) -> Iterator[str]:
    """What the site is called by its gateway when it asks the server behind."""
    for upstream in evidence.named("config-upstream"):
        there = address_of(upstream.text("upstream"))
        names = (there.host if there else "", upstream.text("host"), upstream.text("server_name"))
        if not upstream.value.get("other_site"):
            yield from (name for name in names if name and "$" not in name)


def of_this_site(site: str, observation: Observation) -> bool:
    """Whether it speaks of the site, or of none in particular."""
    if not site:
        return True
    names = [str(name) for name in observation.items("sites")]
    server = observation.text("server").split("/")[0] or observation.text("upstream").split("/")[0]
    if names:
        return any(_same_name(name, site) for name in names)
    if "." in server and not re.search(r"\d$", server) and ":" not in server:
        return _same_name(server, site)
    return True


def _same_name(pattern: str, site: str) -> bool:
    pattern = re.sub(r"^https?://|:\d+$", "", pattern)
    if pattern.startswith("*."):
        return site.endswith(pattern[1:])
    return pattern in (site, "_", "") or pattern == f"www.{site}" or not pattern[:1].isalnum()


def said_in(material: Material) -> Iterator[Observation]:
    """What a file of a server says.

    One that no reader knows is no page, and its comments are nobody's report.
    """
    return (o for o in read_sorted(material) if o.name not in _OF_PEOPLE)


def placed(place: str, observations: Iterable[Observation]) -> Iterator[Observation]:
    """The observations with the place they come from."""
    for observation in observations:
        yield replace(observation, value={**observation.value, "place": place})
