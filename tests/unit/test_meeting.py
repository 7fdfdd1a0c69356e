"""Where both sides meet."""

import pytest

from badgateway.inference.judge import judge_material
from badgateway.inference.meeting import met
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

DOOR = Observation(
    Hop.UPSTREAM, "listening", {"address": "192.0.2.11:443", "process": "apache2", "place": ""}
)


def log(word, upstream):
    return Observation(Hop.LINK, word, {"by": "nginx", "upstream": upstream}, "edge.log:1")


def visit(address):
    return Observation(Hop.NETWORK, "connect-timeout", {"address": address, "port": 443})


def stated(*observations):
    return list(met(Evidence(observations)))


def test_a_complaint_about_our_own_gateway_is_an_edges(known):
    """Who cannot verify the certificate of this machine stands in front of it."""
    line = log("upstream-certificate-name", "192.0.2.11:443")
    (found,) = stated(DOOR, line)
    assert (found.name, found.value["kind"], found.value["where"]) == (
        "edge-complains",
        "certificate",
        "here",
    )
    verdict = judge_material(Evidence([DOOR, line]), "made", known)
    assert verdict.causes[0].cause == "cdn-origin-cert"


def test_a_complaint_about_another_public_address_is_an_edges_with_an_old_one():
    """This machine has public addresses, and that is none of them."""
    (found,) = stated(DOOR, log("upstream-refused", "192.0.2.17:443"))
    assert found.value["where"] == "elsewhere"


def test_a_complaint_about_an_application_is_the_gateways_own():
    """A private address, or one that a server of this machine is set to use, is no edge's."""
    assert stated(DOOR, log("upstream-refused", "10.0.0.2:8000")) == []
    here = {"upstream": "198.51.100.7:443", "by": "nginx", "place": ""}
    config = Observation(Hop.GATEWAY, "config-upstream", here)
    assert stated(DOOR, config, log("upstream-refused", "198.51.100.7:443")) == []


def test_a_visitor_sent_to_another_address_is_told():
    """The zone, a cache or a file sends him where this machine is not."""
    (found,) = stated(DOOR, visit("203.0.113.9"))
    assert (found.name, found.value["here"]) == ("visitor-sent-elsewhere", "192.0.2.11")


def test_a_visitor_who_does_not_get_through_to_us_is_told():
    """The gateway listens where he knocked."""
    (found,) = stated(DOOR, visit("192.0.2.11"))
    assert found.name == "gateway-answers-here"


def test_a_machine_behind_a_router_claims_nothing():
    """With private addresses alone it cannot know which public ones lead to it."""
    private = {"address": "192.168.1.5:443", "process": "nginx", "place": ""}
    assert stated(Observation(Hop.UPSTREAM, "listening", private), visit("203.0.113.9")) == []


def test_an_upstream_that_refuses_us_as_it_refuses_visitors_is_said_so():
    """The same status from the application itself: nothing before it refused."""
    page = Observation(Hop.EDGE, "http-response", {"address": "203.0.113.7", "status": 403})
    value = {"upstream": "10.0.0.2:8443", "result": "answers", "status": 403}
    asked = Observation(Hop.LINK, "upstream-asked", value)
    well = Observation(Hop.LINK, "upstream-asked", {**value, "status": 200})
    assert "refuses-us-too" in {o.name for o in met(Evidence([page, asked]))}
    assert "refuses-us-too" not in {o.name for o in met(Evidence([page, well]))}


def test_a_server_that_forbids_our_own_address_refuses_us_and_not_the_visitor():
    """Every visitor has the gateway's address there; a stranger's address tells nothing."""
    page = Observation(Hop.GATEWAY, "http-response", {"status": 403})
    us = Observation(Hop.HOST, "interface", {"address": "10.0.0.1"})

    def forbidden(client):
        return Observation(Hop.GATEWAY, "access-forbidden", {"by": "nginx", "client": client})

    assert "refuses-us-too" in [o.name for o in stated(page, us, forbidden("10.0.0.1"))]
    assert stated(page, us, forbidden("203.0.113.7")) == []
    assert stated(us, forbidden("10.0.0.1")) == []


OURS = Observation(Hop.HOST, "interface", {"address": "192.0.2.11", "device": "", "state": "up"})


def client(same, address="203.0.113.10"):
    """A line of our own log, told by `investigate/logged.py`."""
    value = {"address": address, "same": same, "count": 3, "log": "access.log"}
    return Observation(Hop.EDGE, "edge-among-clients", value)


def answer(*addresses):
    value = {"resolver": "192.0.2.53", "addresses": addresses}
    return Observation(Hop.RESOLVER, "resolver-answer", value)


@pytest.mark.parametrize(
    ("observations", "names"),
    [
        ((visit("203.0.113.10"),), ["visitor-sent-elsewhere"]),
        ((visit("203.0.113.10"), client(same=True)), ["edge-unreachable"]),
        (
            (visit("203.0.113.10"), client(same=False)),
            ["edge-unreachable", "visitor-sent-elsewhere"],
        ),
        # An address that nobody else is sent to is no edge's, whatever its network.
        (
            (visit("203.0.113.10"), client(same=True), answer("192.0.2.11")),
            ["visitor-sent-elsewhere"],
        ),
        (
            (visit("203.0.113.10"), client(same=True), answer("203.0.113.10")),
            ["edge-unreachable"],
        ),
    ],
)
def test_who_fetches_from_us_is_an_edge_where_visitors_are_sent(observations, names):
    """One network may hold an edge and others: only the very address is an edge for sure."""
    assert [o.name for o in stated(DOOR, OURS, *observations)] == names
