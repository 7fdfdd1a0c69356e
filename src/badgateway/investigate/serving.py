"""Which of the servers here serve the site."""

from badgateway.investigate.configured import with_includes
from badgateway.investigate.search import Search
from badgateway.model.listening import address_of
from badgateway.model.observation import Observation
from badgateway.model.target import Target
from badgateway.state.software import GATEWAYS, Software


def serving(search: Search, found: list[Software], listening: list[Observation]) -> list[Software]:
    """The gateways whose configuration names the site; all of them where none does.

    An address is no name: there it is who listens at it that serves the page.
    """
    site, target = search.request.site, search.request.target
    if not site:
        return found
    if target is not None and target.literal:
        pids = listening_at(target, listening)
        there = [s for s in found if s.product in GATEWAYS and pids & set(s.pids)]
        return [s for s in found if s in there or s.product not in GATEWAYS] if there else found
    named = [
        software
        for software in found
        if software.product in GATEWAYS
        and any(site in text for _, text in with_includes(software.config, software.place.root))
    ]
    if not named:
        return found
    return [s for s in found if s in named or s.product not in GATEWAYS]


def listening_at(target: Target, listening: list[Observation]) -> set[int]:
    """The processes that listen where a URL with a literal address leads."""
    found: set[int] = set()
    for observation in listening:
        address = address_of(observation.text("address"))
        pid = observation.value.get("pid")
        if address is None or address.port != str(target.port) or not isinstance(pid, int):
            continue
        if address.everywhere or address.host == target.host:
            found.add(pid)
    return found
