"""Turns: which of several servers fails, where answers tell who gave them."""

from collections.abc import Iterator

from badgateway.inference.compare.evidence import final_url, first_or_again, good, stated
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import Response
from badgateway.model.server_name import edge_place, served_by


def turns(evidence: Evidence) -> Iterator[Observation]:
    """Servers whose every answer fails beside others whose every answer is good.

    Stated once, by what names the servers best: the header of the server behind the gateway, else
    the CDN's place, else the address.
    """
    url = final_url(evidence)
    asked = [
        o for o in evidence.named("http-response") if o.text("url") == url and first_or_again(o)
    ]
    if not any(o.value.get("what") == "again" for o in asked):
        return
    answers: dict[str, dict[str, list[bool]]] = {}
    for o in asked:
        response = Response.of(o.value)
        names = [*served_by(response), ("edge", edge_place(response))]
        for by, name in [*names, ("address", o.text("address"))]:
            if name:
                answers.setdefault(by, {}).setdefault(name, []).append(good(o))
    for by, servers in sorted(answers.items(), key=lambda item: _rank(item[0])):
        failing = sorted(name for name, told in servers.items() if not any(told))
        working = sorted(name for name, told in servers.items() if all(told))
        # A server that answers now well and now not tells that the name is not what decides.
        if failing and working and len(failing) + len(working) == len(servers):
            yield stated(
                Hop.EDGE if by == "edge" else Hop.GATEWAY,
                "servers-differ-in-health",
                asked,
                url=url,
                by=by,
                failing=tuple(failing),
                working=tuple(working),
                answers=sum(map(len, servers.values())),
            )
            return


def _rank(by: str) -> tuple[int, str]:
    return {"edge": 1, "address": 2}.get(by, 0), by
