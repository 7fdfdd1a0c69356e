"""How answers stand to the zone's own: from observations alone."""

import pytest

from badgateway.inference.compare.spread import spread
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

HOST = "www.shop.example.com"
NEAR, FAR = ("198.51.100.1",), ("203.0.113.9",)


def saw(name, **value):
    return Observation(Hop.RESOLVER, name, {"host": HOST, **value})


def zone(addresses=NEAR, cnames=(), rcode="NOERROR", kind="A", server="ns1"):
    return saw(
        "nameserver-answer",
        server=server,
        zone="example.com",
        type=kind,
        rcode=rcode,
        addresses=addresses,
        cnames=cnames,
        authoritative=True,
    )


def resolver(addresses=NEAR, name="resolver-answer", cnames=(), rcode="NOERROR", **more):
    value = {"resolver": "9.9.9.9", "label": "Quad9", "type": "A", "rcode": rcode, **more}
    return saw(name, addresses=addresses, cnames=cnames, **value)


def found(*observations):
    return {o.name: o for o in spread(Evidence(observations))}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (resolver(), "agrees"),
        (resolver((*NEAR, *FAR)), "agrees"),
        (resolver(FAR, ttl=60), "other"),
        (resolver((), rcode="NXDOMAIN"), "missing"),
        (resolver((), rcode="REFUSED", extended=((17, ""),)), "blocked"),
        # 18, Prohibited: the resolver does not serve this visitor, whatever the name (RFC 8914).
        (resolver((), rcode="REFUSED", extended=((18, ""),)), "fails"),
        (resolver(()), "missing"),
        (resolver((), rcode="SERVFAIL"), "fails"),
        (resolver((), rcode="REFUSED"), "fails"),
        (resolver((), rcode="NXDOMAIN", extended=((15, "Blocked"),)), "blocked"),
        (resolver(("0.0.0.0",)), "blocked"),
        (resolver(("127.0.0.1",)), "blocked"),
        (resolver(("10.1.2.3",)), "inner"),
        (resolver((), rcode="no answer"), "silent"),
        (resolver(name="resolver-unreachable", addresses=()), "silent"),
    ],
)
def test_how_an_answer_stands(answer, state):
    """Against a zone with one address."""
    assert found(zone(), answer)["answer-compared"].text("state") == state


def test_an_alias_is_enough_to_agree():
    """The zone hands on to a CDN's name: which addresses that has there is the CDN's affair."""
    told = found(zone((), cnames=("x.cdn.test",)), resolver(FAR, cnames=("x.cdn.test", "y.test")))
    assert told["answer-compared"].text("state") == "agrees"
    assert "answers-agree" in told


def test_one_that_fails_only_with_checking_refuses_the_signatures():
    """SERVFAIL, and an answer with the CD bit: nothing but the signatures is in the way."""
    failed = resolver((), rcode="SERVFAIL")
    unchecked = resolver(NEAR, name="unchecked-answer")
    told = found(zone(), failed, unchecked)
    assert told["answer-compared"].text("state") == "unverified"


def test_servers_that_take_turns_with_their_addresses_agree():
    """Answers that overlap are turns; answers with nothing in common are two zones."""
    assert "nameservers-differ" not in found(zone(NEAR), zone((*NEAR, *FAR), server="ns2"))
    assert "nameservers-differ" in found(zone(NEAR), zone(FAR, server="ns2"))


def test_without_the_zone_most_of_the_others_count():
    """A private name has no zone out there; its resolvers are compared with each other."""
    asked = [resolver(NEAR, resolver=f"192.0.2.{n}", name="own-resolver-answer") for n in (1, 2)]
    odd = resolver(FAR, resolver="192.0.2.3", name="own-resolver-answer")
    states = [o.text("state") for o in spread(Evidence([*asked, odd])) if o.text("state")]
    assert states == ["agrees", "agrees", "other"]


@pytest.mark.parametrize(
    ("digests", "keys", "more", "state"),
    [
        (0, 0, (), "unsigned"),
        (0, 2, (), "unsigned"),
        (1, 0, (), "keys-missing"),
        (1, 2, (), "signed"),
        (1, 2, (resolver(authentic=True),), "verified"),
        (
            1,
            2,
            (resolver((), rcode="SERVFAIL"), resolver(NEAR, name="unchecked-answer")),
            "does-not-verify",
        ),
    ],
)
def test_what_dnssec_is_worth(digests, keys, more, state):
    """From the digests of the zone above, the zone's keys, and what resolvers make of them."""
    delegation = saw("delegation", zone="example.com", digests=digests, keys=keys)
    assert found(zone(), delegation, *more)["signing-state"].text("state") == state


def test_a_check_of_a_page_compares_nothing_of_this():
    """Without a survey there is nothing to state: a check says what it said before."""
    assert found(resolver(), saw("resolved", address=NEAR[0], by="system")) == {}
