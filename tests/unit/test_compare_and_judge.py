"""What several observations say together, and the verdict on all of them."""

from itertools import permutations

import pytest

from badgateway.inference.chain import State, states_judged, states_seen
from badgateway.inference.compare import compared, failures, final_url, pages
from badgateway.inference.judge import judge_check, judge_material
from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import Response, response_from_text
from badgateway.model.verdict import Outcome
from badgateway.model.vocabulary import vocabulary

URL = "https://shop.example.com/"
V4, V4B, V6 = "192.0.2.1", "192.0.2.2", "2001:db8::1"
NGINX_502 = (
    "HTTP/1.1 502 Bad Gateway\nServer: nginx/1.24.0\n\n<html><head><title>502 Bad Gateway</title>"
    "</head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx/1.24.0</center>"
)


def asked(url=URL):
    return Observation(Hop.BROWSER, "asked", {"url": url})


def resolved(address=V4, place=0, by="system", url=URL):
    value = {"host": "shop.example.com", "url": url, "address": address, "place": place, "by": by}
    return Observation(Hop.RESOLVER, "resolved", value)


def connected(address=V4, hop=Hop.NETWORK):
    return Observation(hop, "connected", {"url": URL, "address": address, "port": 443})


def answer(status=200, address=V4, url=URL, text=None, protocol="HTTP/1.1", what="page", **more):
    response = response_from_text(text) if text else Response(status, protocol=protocol)
    value = {**response.value(), "url": url, "address": address, "what": what, **more}
    return Observation(Hop.GATEWAY, "http-response", value)


def failed(name, address=V4, hop=Hop.GATEWAY, url=URL, **more):
    return Observation(hop, name, {"url": url, "address": address, "port": 443, **more})


def nameless(name="name-unknown", by="system"):
    return Observation(Hop.RESOLVER, name, {"host": "shop.example.com", "url": URL, "by": by})


def other_resolver(rcode="NOERROR", *addresses, extended=()):
    value = {
        "host": "shop.example.com",
        "rcode": rcode,
        "addresses": list(addresses),
        "extended": [list(pair) for pair in extended],
    }
    return Observation(Hop.RESOLVER, "resolver-answer", value)


def redirect(url, to):
    return Observation(Hop.GATEWAY, "redirect", {"url": url, "to": to, "status": 301})


def comparison(name, *observations):
    """The comparison of that name, or None."""
    found = [o for o in compared(Evidence(observations)) if o.name == name]
    assert len(found) <= 1 or name == "neighbours-work"
    return found[0] if found else None


# --- where the visitor ends up


def test_redirects_lead_to_the_final_url():
    """The page is the one at the end of the redirects, in whatever order they were seen."""
    a, b, c = "http://a/", "https://a/", "https://www.a/"
    for order in permutations([asked(a), redirect(a, b), redirect(b, c)]):
        assert final_url(Evidence(order)) == c


def test_a_circle_of_redirects_has_an_end_to_speak_of():
    """A circle does not hang."""
    assert final_url(Evidence([asked("http://a/"), redirect("http://a/", "http://a/")]))


def test_pages_stand_in_the_order_of_a_browser():
    """Addresses in the resolver's order; at one address HTTP/1.1 before HTTP/2."""
    seen = [asked(), resolved(V6), resolved(V4), answer(200, V4)]
    seen += [answer(500, V6, protocol="HTTP/2"), answer(502, V6)]
    assert [o.value["status"] for o in pages(Evidence(seen))] == [502, 500, 200]


def test_a_part_of_a_page_is_no_page():
    """Neighbours and earlier steps of a redirect do not count as the page."""
    evidence = Evidence([asked(), answer(502, what="neighbour"), answer(301, url="http://x/")])
    assert pages(evidence) == []


def test_the_furthest_failure_comes_first():
    """What got further tells more."""
    evidence = Evidence(
        [asked(), failed("connect-timeout"), failed("tls-closed", V4B), failed("answer-none", V6)]
    )
    assert [o.name for o in failures(evidence)] == ["answer-none", "tls-closed", "connect-timeout"]


# --- comparisons


@pytest.mark.parametrize(
    ("others", "word"),
    [
        ([other_resolver("NOERROR", V4)], "found"),
        ([other_resolver("NXDOMAIN")], "unknown"),
        ([other_resolver("NOERROR")], "no-address"),
        ([other_resolver("SERVFAIL")], "failed"),
        ([other_resolver("SERVFAIL"), other_resolver("NOERROR", V4)], "found"),
        ([], "not-asked"),
    ],
)
def test_other_resolvers_are_summed_up(others, word):
    """One address anywhere means found; else what most of them say."""
    made = comparison("names-compared", asked(), nameless(), *others)
    assert (made.text("system"), made.text("others")) == ("unknown", word)


def test_resolvers_out_of_reach_are_told_from_none_asked():
    """That no resolver could be asked is a fact of its own."""
    silent = Observation(Hop.NETWORK, "resolver-unreachable", {"host": "shop.example.com"})
    assert comparison("names-compared", asked(), nameless(), silent).text("others") == "not-reached"


@pytest.mark.parametrize(
    ("code", "dnssec", "blocked"),
    [(6, True, False), (15, False, True), (17, False, True), (3, False, False)],
)
def test_extended_errors_are_read(code, dnssec, blocked):
    """RFC 8914 tells a broken signature and a block."""
    made = comparison(
        "names-compared", asked(), nameless(), other_resolver("SERVFAIL", extended=[(code, "")])
    )
    assert (made.value["dnssec"], made.value["blocked"]) == (dnssec, blocked)


@pytest.mark.parametrize("by", ["literal", "connect-to", "proxy"])
def test_names_are_compared_only_where_this_machine_looked_one_up(by):
    """An address that nobody looked up says nothing about resolvers."""
    assert comparison("names-compared", asked(), resolved(by=by)) is None


def test_a_way_is_broken_when_none_led_to_a_page():
    """All addresses fail: the furthest failure speaks for all."""
    made = comparison(
        "way-broken",
        *(asked(), resolved(V4), resolved(V6), failed("connect-timeout", V4, Hop.NETWORK)),
        failed("tls-closed", V6),
    )
    assert made.text("failure") == "tls-closed"
    assert set(made.items("addresses")) == {V4, V6}
    assert made.value["mixed"] is True


def test_a_way_that_led_to_a_page_is_not_broken():
    """One address that answers is a way."""
    assert not comparison("way-broken", asked(), resolved(), failed("answer-none", V6), answer())


@pytest.mark.parametrize("name", ["no-route", "no-local-address"])
def test_a_family_that_this_machine_lacks_is_no_news(name):
    """Without IPv6 at home the failure of IPv6 is no second opinion."""
    made = comparison(
        "way-broken", asked(), failed(name, V6, Hop.NETWORK), failed("connect-refused", V4)
    )
    assert made.value["mixed"] is False
    assert made.value["local_only"] is False
    alone = comparison("way-broken", asked(), failed(name, V6, Hop.NETWORK))
    assert alone.value["local_only"] is True


def test_a_certificate_breaks_the_way_though_the_page_was_seen():
    """Behind a certificate that does not verify no visitor gets the page."""
    bad = failed("tls-certificate-invalid", problems=["expired"])
    made = comparison("way-broken", asked(), resolved(), bad, answer())
    assert made.text("failure") == "tls-certificate-invalid"
    assert made.items("problems") == ("expired",)


def test_addresses_that_differ_are_named():
    """A dead address beside a good one is stated with both."""
    made = comparison(
        "addresses-differ-in-health",
        *(asked(), resolved(V4), resolved(V6), answer(200, V4)),
        failed("connect-timeout", V6, Hop.NETWORK),
    )
    assert (made.items("failing"), made.items("working")) == ((V6,), (V4,))
    assert made.value["only_ipv6_fails"] is True


def test_addresses_that_all_fail_do_not_differ():
    """Where nothing works nothing differs."""
    assert not comparison(
        "addresses-differ-in-health",
        *(asked(), resolved(V4), resolved(V6), failed("connect-timeout", V4)),
        failed("connect-timeout", V6),
    )


def test_a_page_that_fails_at_one_address_differs():
    """An error page at one address and a good one at another differ too."""
    made = comparison(
        "addresses-differ-in-health",
        *(asked(), resolved(V4), resolved(V4B, 1), answer(200, V4), answer(503, V4B)),
    )
    assert made.items("failing") == (V4B,)
    assert made.value["answering"] is True


def test_a_neighbour_that_works_is_stated():
    """A neighbour with a good answer is stated; one that fails as well is not."""
    good = Observation(Hop.GATEWAY, "neighbour", {"path": "/robots.txt", "status": 404})
    bad = Observation(Hop.GATEWAY, "neighbour", {"path": "/", "status": 502})
    assert comparison("neighbours-work", good).text("path") == "/robots.txt"
    assert comparison("neighbours-work", bad) is None


# --- verdicts


def judged(known, *observations):
    """The verdict on these observations."""
    return judge_check(Evidence(observations), URL, known)


CASES = {
    "healthy": ([asked(), resolved(), connected(), answer()], Outcome.HEALTHY, None),
    "a gateway error": (
        [asked(), resolved(), connected(), answer(text=NGINX_502)],
        Outcome.GATEWAY_ERROR,
        Side.SITE,
    ),
    "another error": ([asked(), resolved(), connected(), answer(404)], Outcome.OTHER_ERROR, None),
    "refused": ([asked(), resolved(), failed("connect-refused")], Outcome.UNREACHABLE, Side.SITE),
    "no such name anywhere": (
        [asked(), nameless(), other_resolver("NXDOMAIN")],
        Outcome.UNREACHABLE,
        Side.SITE,
    ),
    "a name that fails only here": (
        [asked(), nameless("name-lookup-failed"), other_resolver("NOERROR", V4)],
        Outcome.UNREACHABLE,
        Side.VISITOR,
    ),
    "nothing was seen": ([asked()], Outcome.NONE, None),
}


@pytest.mark.parametrize(("observations", "outcome", "side"), CASES.values(), ids=CASES.keys())
def test_the_verdict_follows_from_what_was_seen(known, observations, outcome, side):
    """What a person meets and whose problem it is."""
    verdict = judged(known, *observations)
    assert (verdict.outcome, verdict.side) == (outcome, side)


@pytest.mark.parametrize("observations", [case[0] for case in CASES.values()], ids=CASES.keys())
def test_every_verdict_keeps_the_contract(known, observations):
    """Probabilities add up to at most 1, most probable first, each with evidence that is there."""
    verdict = judged(known, *observations)
    shares = [cause.probability for cause in verdict.causes]
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) <= 1.000001
    assert shares == sorted(shares, reverse=True)
    ids = {o.id for o in verdict.observations}
    for cause in verdict.causes:
        assert cause.because
        assert {*cause.because, *cause.against} <= ids
        assert vocabulary().causes[cause.cause].hop is cause.hop
    if verdict.causes:
        assert verdict.side is vocabulary().sides[verdict.causes[0].hop]
    assert verdict.determined is (bool(shares) and shares[0] >= 0.8)
    assert not (verdict.determined and verdict.next)
    assert (verdict.variant is not None) is (verdict.outcome is Outcome.GATEWAY_ERROR)


def test_a_proxys_own_page_is_judged_at_the_exit(known):
    """What the proxy answers to CONNECT is not the site's page."""
    verdict = judged(
        known,
        asked(),
        resolved(by="proxy"),
        connected(hop=Hop.EXIT),
        failed("proxy-refused", hop=Hop.EXIT, proxy="http://p:1", detail="407"),
        Observation(
            Hop.EXIT, "http-response", {**Response(407).value(), "url": URL, "by": "proxy"}
        ),
    )
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)
    assert verdict.side is Side.VISITOR


def test_an_address_that_fails_does_not_make_a_page_that_came_a_fault(known):
    """The page came: it is healthy, and the address that fails is stated."""
    verdict = judged(
        known,
        *(asked(), resolved(V4), resolved(V6), answer(200, V4)),
        failed("connect-timeout", V6, Hop.NETWORK),
    )
    assert verdict.outcome is Outcome.HEALTHY
    assert "addresses-differ-in-health" in {o.name for o in verdict.observations}


def test_a_bug_of_ours_is_no_word_on_the_site(known):
    """A test that broke and nothing else seen is no verdict about anybody."""
    broken = Observation(Hop.DEVICE, "probe-broken", {"probe": "page", "error": "x"})
    verdict = judged(known, asked(), resolved(), connected(), broken)
    assert verdict.outcome is Outcome.NONE
    assert verdict.causes == ()


def test_the_worst_of_the_material_counts(known):
    """Of several answers in a paste the gateway error is what it is about."""
    verdict = judge_material(
        Evidence([answer(200), answer(404), answer(text=NGINX_502), answer(200)]), "x", known
    )
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)
    assert verdict.emitter.name == "nginx"


def test_material_without_an_error_holds_none(known):
    """A good answer on paper is no fault and no check either."""
    verdict = judge_material(Evidence([answer(200)]), "x", known)
    assert (verdict.outcome, verdict.status) == (Outcome.NONE, 200)
    assert judge_material(Evidence(), "x", known).outcome is Outcome.NONE


def test_a_browser_that_got_no_answer_saw_an_unreachable_site(known):
    """A HAR file whose page got no answer is about a site that cannot be reached."""
    gave_up = Observation(
        Hop.BROWSER, "request-failed", {"url": URL, "error": "net::ERR_FAILED", "what": "page"}
    )
    assert judge_material(Evidence([gave_up]), "x", known).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("error", ["connection_refused", "dns_error", "destination_unavailable"])
def test_a_gateways_own_word_comes_first(known, error):
    """Proxy-Status says more than the page."""
    text = NGINX_502.replace("\n\n", f"\nProxy-Status: gw; error={error}\n\n")
    verdict = judged(known, asked(), resolved(), answer(text=text))
    assert verdict.hop is known.proxy_status[error].hop


def test_the_order_of_arrival_does_not_matter(known):
    """Tests end in any order; the verdict is the same."""
    seen = [resolved(V4), resolved(V6), answer(text=NGINX_502), failed("connect-timeout", V6)]
    verdicts = {
        (v.outcome, v.status, v.emitter.name, tuple((c.cause, c.probability) for c in v.causes))
        for order in permutations(seen)
        for v in [judged(known, asked(), *order)]
    }
    assert len(verdicts) == 1


# --- the chain as a picture


def test_hops_before_the_break_work(known):
    """A 502 at the upstream: name, way and gateway work, what is behind is not known."""
    states = states_judged(judged(known, asked(), resolved(), connected(), answer(text=NGINX_502)))
    assert states[Hop.RESOLVER] is states[Hop.NETWORK] is State.WORKS
    assert State.BROKEN in states.values()
    assert Hop.DATABASE not in states


def test_a_healthy_site_works_to_its_end(known):
    """A good page came from behind the gateway."""
    states = states_judged(judged(known, asked(), resolved(), connected(), answer()))
    assert State.BROKEN not in states.values()
    assert states[Hop.UPSTREAM] is State.WORKS


def test_nothing_behind_the_break_is_called_working(known):
    """Behind a broken hop nothing is claimed."""
    for observations, *_ in CASES.values():
        states = states_judged(judged(known, *observations))
        broken = [list(Hop).index(hop) for hop, s in states.items() if s is State.BROKEN]
        working = [list(Hop).index(hop) for hop, s in states.items() if s is State.WORKS]
        assert len(broken) <= 1
        assert not broken or all(place < broken[0] for place in working)


def test_the_picture_fills_as_tests_end():
    """While tests run only what was seen is claimed."""
    assert states_seen([asked()]) == {}
    states = states_seen([asked(), resolved(), connected(), failed("answer-none")])
    assert states == {
        Hop.RESOLVER: State.WORKS,
        Hop.NETWORK: State.WORKS,
        Hop.GATEWAY: State.BROKEN,
    }


def redirected(url, to):
    return Observation(Hop.GATEWAY, "redirect", {"url": url, "to": to, "address": V4})


def test_a_site_that_sends_its_visitors_into_this_network_was_not_asked(known):
    """A redirect from a public name to a private address is a captive portal or its like."""
    plain, portal = "http://shop.example.com/", "http://192.168.1.1/login"
    evidence = Evidence(
        [
            asked(plain),
            resolved(url=plain),
            answer(302, url=plain),
            redirected(plain, portal),
            resolved("192.168.1.1", url=portal),
            answer(200, "192.168.1.1", url=portal),
        ]
    )
    verdict = judge_check(evidence, plain, known)
    assert (verdict.outcome, verdict.hop, verdict.side) == (
        Outcome.OTHER_ERROR,
        Hop.NETWORK,
        Side.PATH,
    )
    assert verdict.causes[0].cause == "captive-portal"


def test_a_bad_certificate_on_the_way_is_not_forgotten_behind_a_redirect(known):
    """A browser stops at the first certificate that does not verify, wherever it would lead."""
    there = "https://www.example.com/"
    evidence = Evidence(
        [
            asked(),
            resolved(),
            failed("tls-certificate-invalid", problems=["wrong-name"]),
            answer(302),
            redirected(URL, there),
            resolved(url=there),
            answer(200, url=there),
        ]
    )
    verdict = judge_check(evidence, URL, known)
    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.causes[0].cause == "site-certificate"


def test_http3_failing_alone_makes_no_address_unhealthy():
    """Browsers fall back from HTTP/3, so an address where only that fails is as good as another."""
    evidence = Evidence(
        [
            asked(),
            resolved(),
            resolved(V6),
            answer(200),
            answer(200, V6),
            failed("answer-timeout", what="http3"),
        ]
    )
    assert "addresses-differ-in-health" not in [o.name for o in compared(evidence)]
