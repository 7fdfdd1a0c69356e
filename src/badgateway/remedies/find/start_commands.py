"""Where a program is told to listen by the command that starts it, and by nothing else."""

import re
from collections.abc import Iterator

from badgateway.model.listening import Address, address_of
from badgateway.model.machine import Service
from badgateway.remedies.edit import lines_of
from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding

FINDERS = ("bound_to_loopback",)


def bound_to_loopback(facts: Facts) -> Iterator[Binding]:
    """The one service that listens on loopback only, while the gateway asks another address.

    It is bound to the address that is asked and no further: nobody else gets to reach it.
    """
    for o in facts.evidence.named("listens-on-loopback-only"):
        wanted, there = address_of(o.text("upstream")), address_of(o.text("found"))
        if wanted is None or there is None or wanted.path or there.path:
            continue
        services = [s for s in facts.services if s.file and _listens(s, there)]
        if len({s.name for s in services}) == 1:
            yield from _in_file(facts, services[0], wanted, there)


def _listens(service: Service, there: Address) -> bool:
    return any(address_of(text) == there for text in service.addresses)


def _in_file(facts: Facts, service: Service, wanted: Address, there: Address) -> Iterator[Binding]:
    both = f"{there.host}:{there.port}"
    for number, line in enumerate(lines_of(facts.text(service.file) or ""), 1):
        if line.lstrip().startswith("#"):
            continue
        words = {"old": both, "found": f"{wanted.host}:{wanted.port}"}
        if not re.search(rf"(?<![\w.:]){re.escape(both)}(?!\d)", line):
            # uvicorn and its like are told the host and the port by a word each.
            if not re.search(rf"--host[ =]{re.escape(there.host)}\b", line):
                continue
            words = {"old-host": there.host, "found-host": wanted.host}
        yield {
            "by": service.manager, "file": service.file, "line": number,
            "service": service.name, "upstream": f"{wanted.host}:{wanted.port}",
            **({"holder": service.holder} if service.holder else {}),
            **{name.replace("-", "_"): value for name, value in words.items()},
        }  # fmt: skip
