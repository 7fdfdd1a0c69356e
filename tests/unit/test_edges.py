"""An edge before the site: whose page it was that visitors saw."""

import pytest

from badgateway.inference.edges import answered_elsewhere, at_the_edge
from badgateway.inference.judge import judge_material
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

OURS = Observation(Hop.HOST, "interface", {"address": "192.0.2.10", "device": "", "state": "up"})
HIDDEN = Observation(Hop.HOST, "interface", {"address": "10.0.0.5", "device": "", "state": "up"})


def page(address, status=502):
    """What a visitor got, and where."""
    return Observation(Hop.EDGE, "http-response", {"address": address, "status": status})


def door(status=200, problems=()):
    """Our own front door, asked from here."""
    value = {"address": "192.0.2.10", "port": 443, "name": "shop.example", "by": "nginx"}
    value |= {"result": "answers", "status": status, "problems": problems}
    return Observation(Hop.GATEWAY, "front-asked", value)


def said(*observations):
    """The names of what is stated."""
    return [o.name for o in answered_elsewhere(Evidence(observations))]


@pytest.mark.parametrize(
    ("observations", "names"),
    [
        ((OURS, page("203.0.113.7")), ["answered-by-edge"]),
        ((OURS, page("203.0.113.7"), door()), ["answered-by-edge", "site-works-directly"]),
        ((OURS, page("203.0.113.7"), door(502)), ["answered-by-edge"]),
        (
            (OURS, page("203.0.113.7"), door(200, ("expired",))),
            ["answered-by-edge", "own-certificate-wrong", "site-works-directly"],
        ),
        ((OURS, page("192.0.2.10"), door()), []),
        ((OURS, page("203.0.113.7", 404), door()), []),
        ((HIDDEN, page("203.0.113.7"), door()), []),
    ],
)
def test_a_page_from_another_machine_is_an_edges(observations, names):
    """Only a machine that has public addresses can tell that the one of the page is not its own."""
    assert said(*observations) == names


def test_what_a_gateway_has_becomes_what_an_edge_has():
    """An edge that speaks the wrong protocol to us is a setting at the edge, not at our gateway."""
    evidence = Evidence([OURS, page("203.0.113.7"), door()])
    for observation in list(answered_elsewhere(evidence)):
        evidence.add(observation)
    found = at_the_edge({"protocol-mismatch": 0.7, "maintenance": 0.1}, evidence)
    assert found["cdn-config-change"] == pytest.approx(0.595)
    assert found["protocol-mismatch"] == pytest.approx(0.105)
    assert found["maintenance"] == 0.1
    assert at_the_edge({"upstream-down": 0.7}, Evidence([OURS])) == {"upstream-down": 0.7}


def test_an_expired_certificate_of_ours_is_why_the_edge_fails(known):
    """The edge's 502 beside our own certificate that has expired: nothing else is needed."""
    evidence = Evidence([OURS, page("203.0.113.7"), door(200, ("expired",))])
    verdict = judge_material(evidence, "https://shop.example/", known)
    assert verdict.causes[0].cause == "cdn-origin-cert"


def test_what_keeps_visitors_from_an_edge_is_the_edges():
    """Only where the very address that they come to fetches from us."""
    for same, cause in ((True, "cdn-outage"), (False, "gateway-down")):
        edge = Observation(Hop.EDGE, "edge-unreachable", {"address": "203.0.113.7", "same": same})
        found = at_the_edge({"gateway-down": 0.7, "dns-misconfigured": 0.1}, Evidence([edge]))
        assert max(found, key=found.__getitem__) == cause
        assert sum(found.values()) == pytest.approx(0.8)
        assert found["dns-misconfigured"] == 0.1
