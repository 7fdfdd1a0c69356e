"""What controls show beside a way that is broken: each comparison, and the verdict by it."""

import pytest

from badgateway.inference.compare import compared
from badgateway.inference.judge import judge_check
from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import Response
from badgateway.model.verdict import Outcome

URL = "https://shop.example.com/"
HERE, OWN, ROUTER = "192.0.2.10", "192.168.1.10", "198.51.100.1"


def seen(name, hop=Hop.NETWORK, **value):
    return Observation(hop, name, value)


def way(*more, failure="connect-timeout", url=URL, **about):
    """A page asked for at one address, with this failure, and what else was seen."""
    return Evidence(
        [
            seen("asked", url=url),
            seen("resolved", host="shop.example.com", url=url, address=HERE, place=0, by="system"),
            seen(failure, url=url, address=HERE, port=443, **about),
            *more,
        ]
    )


def comparison(evidence, name):
    found = [o for o in compared(evidence) if o.name == name]
    assert len(found) < 2
    return found[0] if found else None


def first(evidence, known, url=URL):
    verdict = judge_check(evidence, url, known)
    return verdict.causes[0].cause if verdict.causes else None


def traced(steps, other, **more):
    return seen(
        "path-traced", address=HERE, port=443, steps=steps, other_port=80, other_steps=other,
        own=OWN, **more,
    )  # fmt: skip


PLAIN = seen("plain-http", url="http://shop.example.com/", address=HERE, status=301, body="")
OPEN = [[1, "expired", "192.168.1.1"], [2, "expired", ROUTER], [3, "connected", ""]]
CONTROL = seen("control-works", address="8.8.8.8", connected=True)


# --- filters


@pytest.mark.parametrize(
    ("steps", "more", "where"),
    [
        ([[1, "silent", ""], [2, "silent", ""], [3, "silent", ""]], {}, "here"),
        ([[1, "refused", ""], [2, "refused", ""], [3, "refused", ""]], {}, "here"),
        ([[1, "rejected", OWN], [2, "rejected", OWN]], {}, "here"),
        ([[1, "expired", "192.168.1.1"], [2, "rejected", ROUTER]], {}, "way"),
        ([[1, "expired", "192.168.1.1"], [2, "refused", ""], [3, "refused", ""]], {}, "way"),
        ([*OPEN[:2], [3, "rejected", HERE]], {}, "there"),
        ([*OPEN[:2], [3, "silent", ""]], {}, "end"),
        ([*OPEN[:2], [3, "silent", ""]], {"undelivered": 4}, "here"),
        ([*OPEN[:2], [3, "refused", ""]], {"distance": 1, "other_distance": 2}, "way"),
        ([*OPEN[:2], [3, "refused", ""]], {"distance": 2, "other_distance": 2}, "end"),
    ],
)
def test_where_packets_end_tells_who_stops_them(steps, more, where):
    """Beside a port that answers: on this machine, on the way, by the site's own word, or there."""
    found = comparison(way(traced(steps, OPEN, **more), PLAIN), "filtered")
    assert found.text("where") == where


def test_a_machine_that_answers_at_no_port_is_not_filtered():
    """Two silent or two closed ports are a machine that is off or a server that is stopped."""
    silent = [*OPEN[:2], [3, "silent", ""]]
    refused = [*OPEN[:2], [3, "refused", ""]]
    assert comparison(way(traced(silent, silent)), "filtered") is None
    assert comparison(way(traced(refused, refused)), "filtered") is None


def test_a_port_that_opens_is_not_filtered():
    """Whatever breaks the connection later, no packet of its beginning was stopped."""
    evidence = way(traced(OPEN, OPEN, undelivered=9), PLAIN, failure="connect-reset")
    assert comparison(evidence, "filtered") is None


def test_a_neighbour_on_the_same_wire_is_not_filtered_here():
    """An address at no distance answers with a time to live of one, and rightly so."""
    evidence = way(traced([[1, "refused", ""]], [[1, "connected", ""]]), PLAIN)
    assert comparison(evidence, "filtered").text("where") == "end"


def test_a_filter_on_this_machine_is_the_visitors(known):
    """Packets that do not leave the machine are stopped by its own firewall."""
    evidence = way(traced([[1, "silent", ""], [2, "silent", ""]], OPEN))
    assert judge_check(evidence, URL, known).side is Side.VISITOR


def test_a_router_that_rejects_is_on_the_path(known):
    """A router's "administratively prohibited" is not the site's."""
    steps = [[1, "expired", "192.168.1.1"], [2, "rejected", ROUTER]]
    assert first(way(traced(steps, OPEN), failure="no-route"), known) == "isp-block"


# --- hanging connections


def hanging(unacknowledged, *more):
    return way(*more, failure="tls-timeout", unacknowledged=unacknowledged)


def test_small_packets_that_pass_tell_the_size(known):
    """What hangs with large packets and works with small ones is a path MTU black hole."""
    evidence = hanging(1, CONTROL, seen("small-packets-pass", url=URL, address=HERE, segment=400))
    verdict = judge_check(evidence, URL, known)
    assert (verdict.causes[0].cause, verdict.determined) == ("path-mtu", True)


def test_data_that_is_not_even_confirmed_never_arrived(known):
    """The system at the other end would confirm what it receives, whatever its program does."""
    evidence = hanging(1, CONTROL, seen("small-packets-fail", url=URL, address=HERE))
    assert first(evidence, known) == "isp-block"


def test_data_that_is_confirmed_reached_a_machine_whose_program_hangs(known):
    """The server took the data and says nothing: it is the site's own."""
    evidence = hanging(0, CONTROL, seen("small-packets-fail", url=URL, address=HERE))
    assert comparison(evidence, "accepted-and-silent") is not None
    assert judge_check(hanging(0, *list(evidence)[3:]), URL, known).side is Side.SITE


def test_without_a_control_nothing_is_said_of_hanging_connections():
    """This machine's own line may be what hangs."""
    evidence = hanging(1, seen("small-packets-fail", url=URL, address=HERE))
    assert comparison(evidence, "data-swallowed") is None


# --- loss


def counted(where, answered, late=0, tried=10):
    return seen(
        "connects-counted", where=where, address=HERE, port=443, tried=tried, answered=answered,
        late=late,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("site", "elsewhere", "where"),
    [
        (counted("site", 6), counted("elsewhere", 3, tried=5), "everywhere"),
        (counted("site", 10, late=3), counted("elsewhere", 5, late=1, tried=5), "everywhere"),
        (counted("site", 6), counted("elsewhere", 5, tried=5), "site"),
    ],
)
def test_some_of_several_connections_tell_of_loss(site, elsewhere, where):
    """Packets are lost on the line where another place suffers too, else perhaps at the site."""
    assert comparison(way(site, elsewhere), "packets-lost").text("where") == where


@pytest.mark.parametrize(
    ("site", "elsewhere"),
    [
        (counted("site", 0), counted("elsewhere", 5, tried=5)),
        (counted("site", 0), counted("elsewhere", 0, tried=5)),
        (counted("site", 10), counted("elsewhere", 5, tried=5)),
        (counted("site", 9), counted("elsewhere", 5, tried=5)),
    ],
)
def test_all_or_nothing_is_no_loss(site, elsewhere):
    """A site that answers nothing, a line that is cut, and one lost packet are something else."""
    assert comparison(way(site, elsewhere), "packets-lost") is None


# --- somebody in the way


def test_a_strange_answer_to_the_systems_own_question_is_a_portal(known):
    """Whoever answers for a well-known test page answers for everybody."""
    check = seen("portal-check", url="http://portal.test/", genuine=False, status=302, to="x")
    assert first(way(check, failure="connect-refused"), known) == "captive-portal"


def test_a_portal_check_that_comes_as_it_should_is_none():
    """A genuine answer clears the network, and a server's error says nothing."""
    good = seen("portal-check", url="http://portal.test/", genuine=True, status=204, to="")
    error = seen("portal-check", url="http://portal.test/", genuine=False, status=503, to="")
    assert comparison(way(good, error), "answered-in-its-place") is None


def test_a_public_site_that_leads_to_an_inner_address_is_a_portal():
    """Without encryption the site's front page leads to an address of this network."""
    away = seen(
        "plain-http", url="http://shop.example.com/", address=HERE, status=302,
        to="http://login.example.org/", to_host="login.example.org", to_addresses=["192.168.1.1"],
    )  # fmt: skip
    assert comparison(way(away), "answered-in-its-place") is not None


def test_a_site_that_leads_to_its_own_https_is_no_portal():
    """The usual redirect of port 80 is nobody's interference."""
    own = seen(
        "plain-http", url="http://shop.example.com/", address=HERE, status=301, to=URL,
        to_host="shop.example.com", to_addresses=[],
    )  # fmt: skip
    assert comparison(way(own), "answered-in-its-place") is None


def test_one_issuer_at_two_places_intercepts(known):
    """No authority but a local one has signed both the site's certificate and a stranger's."""
    evidence = way(
        seen(
            "control-fails", failure="tls-certificate-invalid", problems=["unknown-issuer"],
            issuer="Box CA", subject="dns.x", connected=True, address="8.8.8.8",
        ),
        failure="tls-certificate-invalid", problems=["unknown-issuer"], issuer="Box CA",
        subject="shop.example.com",
    )  # fmt: skip
    assert first(evidence, known) == "client-tls-interception"


def test_one_certificate_at_two_places_is_a_portals(known):
    """Whoever shows the same certificate for two unrelated places stands before both."""
    evidence = way(
        seen("control-fails", problems=["wrong-name"], issuer="CA", subject="login.wifi.test"),
        failure="tls-certificate-invalid", problems=["wrong-name"], issuer="CA",
        subject="login.wifi.test",
    )  # fmt: skip
    assert first(evidence, known) == "captive-portal"


@pytest.mark.parametrize("problem", ["expired", "not-yet-valid", "wrong-name"])
def test_a_common_issuer_alone_is_no_interception(problem):
    """A wrong clock makes the good certificates of one public authority fail at two places."""
    evidence = way(
        seen("control-fails", problems=[problem], issuer="Public CA", subject="dns.test"),
        failure="tls-certificate-invalid", problems=[problem], issuer="Public CA",
        subject="shop.example.com",
    )  # fmt: skip
    assert comparison(evidence, "intercepted") is None


def test_a_site_with_a_bad_certificate_of_its_own_is_not_intercepted():
    """Other places show certificates that verify."""
    evidence = way(CONTROL, failure="tls-certificate-invalid", issuer="Own CA", problems=["x"])
    assert comparison(evidence, "intercepted") is None


# --- detours


def test_a_site_that_answers_past_the_tunnel_is_well(known):
    """Where nothing comes through the tunnel, the tunnel is to blame; else the site refuses it."""
    past = seen("past-tunnel", address=HERE, works=True, tunnel="wg0", device="eth0")
    assert first(way(past), known) == "client-proxy-or-vpn"
    assert first(way(past, PLAIN), known) == "vpn-exit-blocked"


def answer(status, what="page", **more):
    return seen(
        "http-response", Hop.GATEWAY, **Response(status).value(), url=URL, address=HERE, what=what,
        **more,
    )  # fmt: skip


def good_page(*more):
    return Evidence(
        [
            seen("asked", url=URL),
            seen("resolved", host="shop.example.com", url=URL, address=HERE, place=0, by="system"),
            answer(200),
            *more,
        ]
    )


def test_a_proxy_setting_that_fails_beside_a_good_page_is_the_visitors(known):
    """Programs that follow the setting fail; the site is well."""
    dead = seen(
        "proxied-failed", Hop.EXIT, proxy="http://192.0.2.130:3128", setting="https_proxy",
        failure="connect-refused",
    )  # fmt: skip
    verdict = judge_check(good_page(dead), URL, known)
    assert (verdict.causes[0].cause, verdict.outcome) == ("http-proxy-env", Outcome.UNREACHABLE)


def test_a_page_that_comes_only_by_the_set_proxy_is_well(known):
    """In a network that lets nothing out but its proxy, the straight way is nobody's fault."""
    by = seen("proxied-answer", Hop.EXIT, proxy="http://p:3128", setting="https_proxy", status=200)
    assert judge_check(way(by), URL, known).outcome is Outcome.HEALTHY


@pytest.mark.parametrize(
    ("through", "cause"),
    [
        (answer(403), "vpn-exit-blocked"),
        (answer(503, what="", by="proxy"), "forward-proxy-error"),
    ],
)
def test_a_page_that_comes_without_the_proxy_is_refused_to_it(known, through, cause):
    """A refusal by the site is meant for the exit; the proxy's own page is the proxy's fault."""
    direct = seen("direct-answer", url=URL, address=HERE, status=200)
    evidence = Evidence([seen("asked", url=URL), through, direct])
    assert cause in [c.cause for c in judge_check(evidence, URL, known).causes[:2]]


def test_a_servers_error_through_the_proxy_keeps_its_own_meaning():
    """The proxy may refuse an invalid answer that a lenient client takes."""
    direct = seen("direct-answer", url=URL, address=HERE, status=200)
    evidence = Evidence([seen("asked", url=URL), answer(502), direct])
    assert comparison(evidence, "direct-works") is None


# --- turns


def test_one_bad_answer_among_good_ones_is_intermittent(known):
    """The page comes first, and one of several turns fails: the verdict is about that turn."""
    bad = [answer(200, "again"), answer(502, "again"), answer(200, "again")]
    verdict = judge_check(good_page(*bad), URL, known)
    found = next(o for o in verdict.observations if o.name == "intermittent")
    assert (found.value["good"], found.value["of"]) == (3, 4)
    assert verdict.outcome is Outcome.GATEWAY_ERROR


def test_good_answers_all_along_are_steady(known):
    """Asked again and again, a healthy site stays healthy."""
    verdict = judge_check(good_page(*[answer(200, "again")] * 4), URL, known)
    assert verdict.outcome is Outcome.HEALTHY


# --- the zone


def other(*addresses, extended=(), rcode="NOERROR", resolver="8.8.8.8", ttl=600):
    return seen(
        "resolver-answer", Hop.RESOLVER, host="shop.example.com", addresses=list(addresses),
        rcode=rcode, extended=[list(e) for e in extended], resolver=resolver, ttl=ttl,
    )  # fmt: skip


def test_an_address_that_the_zone_does_not_name_any_more_is_old(known):
    """Others hold it as well: the record has changed and caches do not know yet."""
    zone = seen(
        "zone-answer", Hop.ZONE, url=URL, host="shop.example.com", rcode="NOERROR",
        addresses=["192.0.2.99"], works=True,
    )  # fmt: skip
    evidence = way(zone, other(HERE), other("192.0.2.99", resolver="9.9.9.9"))
    found = comparison(evidence, "address-outdated")
    assert (found.value["holders"], found.value["asked"], found.value["seconds"]) == (1, 2, 600)
    assert first(evidence, known) == "dns-propagation-old-ip"


def test_an_address_that_the_zone_names_is_not_old():
    """It fails for another reason."""
    zone = seen("zone-answer", Hop.ZONE, url=URL, host="shop.example.com", addresses=[HERE])
    assert comparison(way(zone, other(HERE)), "address-outdated") is None


def test_an_address_that_nobody_else_holds_is_not_old():
    """A lie or the hosts file is no change of the record, whatever others say of IPv6."""
    zone = seen("zone-answer", Hop.ZONE, url=URL, host="shop.example.com", addresses=["192.0.2.99"])
    evidence = way(zone, other("192.0.2.99"), other("2001:db8::7", resolver="9.9.9.9"))
    assert comparison(evidence, "address-outdated") is None


def test_signatures_that_others_refuse_are_the_zones_fault(known):
    """This machine's resolver does not check them, so its visitors do not notice."""
    evidence = good_page(other(rcode="SERVFAIL", extended=[(7, "expired")]))
    verdict = judge_check(evidence, URL, known)
    assert (verdict.causes[0].cause, verdict.outcome) == ("dnssec-bogus", Outcome.HEALTHY)


def test_a_network_without_dns_for_others_is_not_offline(known):
    """Resolvers out of reach beside places that can be reached: only DNS is filtered."""
    evidence = Evidence(
        [
            seen("asked", url=URL),
            seen("name-lookup-failed", host="shop.example.com", url=URL, by="system"),
            seen("resolver-unreachable", host="shop.example.com"),
            CONTROL,
        ]
    )
    assert comparison(evidence, "names-compared").text("others") == "filtered"
    assert first(evidence, known) == "client-dns-resolver"


def test_a_block_page_shows_by_the_page_elsewhere(known):
    """Without encryption, another title where others lead is another site."""
    url = "http://shop.example.com/"
    evidence = Evidence(
        [
            seen("asked", url=url),
            seen("resolved", host="shop.example.com", url=url, address=HERE, by="system", place=0),
            seen(
                "http-response", Hop.GATEWAY, url=url, address=HERE, what="page",
                **Response(200, body="<title>Blocked</title>").value(),
            ),
            seen("page-elsewhere", url=url, address="192.0.2.99", status=200,
                 body="<title>Shop</title>"),
        ]
    )  # fmt: skip
    assert first(evidence, known, url) == "resolver-lies"
