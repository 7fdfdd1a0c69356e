"""Whom an inspection asks: only what can be asked, whatever a configuration says."""

import asyncio

import pytest

from badgateway.investigate.asking import ask_databases, doors_of, upstreams_of
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.state.place import Place
from badgateway.state.software import Software


def config(upstream, **more):
    value = {"by": "nginx", "upstream": upstream, "protocol": "http", "place": "", **more}
    return Observation(Hop.GATEWAY, "config-upstream", value)


@pytest.mark.parametrize("port", ["80800", "<port>", "9" * 5_000])
def test_a_port_that_cannot_be_is_not_asked(port):
    """A mistyped port and a placeholder end no inspection; the upstream beside is asked."""
    evidence = Evidence([config(f"127.0.0.1:{port}"), config("127.0.0.1:8080")])
    assert [u.address for u in upstreams_of(evidence, "")] == ["127.0.0.1:8080"]
    wish = {"database": f"127.0.0.1:{port}", "by": "wordpress", "place": ""}
    database = Observation(Hop.UPSTREAM, "config-database", wish)
    assert asyncio.run(ask_databases(Evidence([database]))) == []


def test_a_front_door_is_asked_for_names_that_can_be_sent():
    """Patterns, names with an empty label and names that are not ASCII have no place in SNI."""
    sites = (".shop.example", "a..b.example", "bücher.example", "*.example")
    listening = {"address": "192.0.2.1:443", "pid": 7, "process": "nginx"}
    evidence = Evidence(
        [
            config("127.0.0.1:8080", sites=sites),
            Observation(Hop.UPSTREAM, "listening", listening),
            Observation(Hop.GATEWAY, "http-response", {"address": "198.51.100.1"}),
        ]
    )
    nginx = Software("nginx", 7, (7,), "www-data", "", (), Place("", (7,)))
    assert [door.name for door in doors_of(evidence, [nginx])] == ["shop.example"]
