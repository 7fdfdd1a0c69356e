"""Packet filters: what their rules say, and whom they keep from whom."""

import pytest

from badgateway.inference.filters import filtered
from badgateway.model.hop import Hop
from badgateway.model.material import material_of
from badgateway.model.observation import Evidence, Observation
from badgateway.readers.commands import packet_filter

NFT = """table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		tcp dport { 22, 80 } accept
		ip saddr 203.0.113.0/24 tcp dport 443 counter packets 12 bytes 720 drop
		counter packets 3 bytes 180 drop
	}
	chain output {
		type filter hook output priority filter; policy accept;
		ip daddr 10.0.0.2 tcp dport 8000-8010 reject with icmp port-unreachable
	}
}
"""
SAVED = """*filter
:INPUT ACCEPT [0:0]
[12:720] -A INPUT -s 203.0.113.7/32 -p tcp -m tcp --dport 443 -j DROP
-A OUTPUT -d 10.0.0.2/32 -p tcp -m multiport --dports 8000,9000 -j REJECT --reject-with tcp-reset
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
"""
LISTED = """Chain INPUT (policy ACCEPT 0 packets, 0 bytes)
 pkts bytes target     prot opt in     out     source               destination
   12   720 DROP       tcp  --  *      *       203.0.113.7          0.0.0.0/0            tcp dpt:443
    0     0 ACCEPT     tcp  --  *      *       0.0.0.0/0            0.0.0.0/0            tcp dpt:22
"""


def rules(text):
    """What stands in a rule: action, chain, source, address, port, packets."""
    keys = ("action", "chain", "source", "address", "port", "packets")
    found = packet_filter.read(material_of("rules", text))
    return [tuple(o.value.get(key) for key in keys) for o in found if o.name == "filter-rule"]


@pytest.mark.parametrize(
    ("text", "chains"),
    [
        (NFT, ["input", "input"]),
        (SAVED, []),
        (SAVED.replace(":INPUT ACCEPT", ":INPUT DROP"), ["input"]),
        (SAVED + "-A INPUT -j DROP\n", ["input"]),
        (LISTED, []),
        (LISTED.replace("policy ACCEPT", "policy DROP"), ["input"]),
    ],
)
def test_a_chain_that_takes_only_what_is_named_is_closed(text, chains):
    """By its policy, or by a last rule that names nobody."""
    found = packet_filter.read(material_of("rules", text))
    assert [o.value["chain"] for o in found if o.name == "filter-closed"] == chains


def test_what_nftables_drops_and_rejects_is_stated_and_a_bare_drop_is_not():
    """A last `drop` concerns what nothing before it let in: it names nobody."""
    assert rules(NFT) == [
        ("drop", "input", "203.0.113.0/24", "", "443", 12),
        ("reject", "output", "", "10.0.0.2", "8000-8010", None),
    ]


def test_iptables_says_the_same_saved_and_listed():
    """Both forms of iptables give the same rules, with their counters."""
    assert rules(SAVED) == [
        ("drop", "input", "203.0.113.7", "", "443", 12),
        ("reject", "output", "", "10.0.0.2", "8000,9000", None),
    ]
    assert rules(LISTED) == [("drop", "input", "203.0.113.7", "", "443", 12)]


def asked(result, address="10.0.0.2:8000"):
    """An upstream that was asked from the gateway."""
    return Observation(Hop.LINK, "upstream-asked", {"upstream": address, "result": result})


def rule(**value):
    """One rule."""
    value = {"action": "drop", "source": "", "address": "", "port": "", "packets": None, **value}
    return Observation(Hop.HOST, "filter-rule", value, "packet-filter:nft:3")


def said(*observations):
    """The names of what is stated."""
    return [o.name for o in filtered(Evidence(observations))]


@pytest.mark.parametrize(
    ("result", "value", "stated"),
    [
        ("times-out", {"port": "8000"}, True),
        ("refused", {"address": "10.0.0.0/8", "port": "{ 80, 8000 }"}, True),
        ("times-out", {"port": "8000-8010"}, True),
        ("times-out", {"port": "9000"}, False),
        ("times-out", {"address": "10.9.0.0/16"}, False),
        ("times-out", {"port": "8000", "packets": 0}, False),
        ("times-out", {"source": "192.0.2.1"}, False),
        ("answers", {"port": "8000"}, False),
    ],
)
def test_a_rule_is_in_the_way_of_an_upstream_that_it_concerns(result, value, stated):
    """It must name the upstream's port or address, have met packets, and the upstream must fail."""
    assert said(asked(result), rule(**value)) == (["firewall-rule"] if stated else [])


@pytest.mark.parametrize(
    ("value", "stated"),
    [
        ({"port": "443", "chain": "input"}, True),
        ({"port": "443", "chain": "input", "source": "198.51.100.9"}, False),
        ({"port": "443", "chain": "output"}, False),
        ({"port": "22", "chain": "input"}, False),
    ],
)
def test_a_rule_that_shuts_everybody_out_closes_the_door(value, stated):
    """A visitor got no connection to an address of ours, and our own filter says why."""
    ours = Observation(Hop.HOST, "interface", {"address": "192.0.2.10"})
    failed = Observation(Hop.NETWORK, "connect-timeout", {"address": "192.0.2.10", "port": 443})
    assert said(ours, failed, rule(**value)) == (["door-closed-by-rule"] if stated else [])


def test_an_edge_that_a_rule_names_is_kept_out():
    """Who answers visitors in our place is dropped here: that rule is why."""
    edge = Observation(Hop.EDGE, "answered-by-edge", {"address": "203.0.113.7", "status": 503})
    other = rule(source="198.51.100.1", port="25", packets=5)
    assert said(edge, other) == []
    assert said(edge, other, rule(source="203.0.113.0/24", port="443")) == ["edge-kept-out"]


EDGE = Observation(Hop.EDGE, "answered-by-edge", {"address": "203.0.113.7", "status": 502})
LISTED_HERE = Observation(Hop.HOST, "filter-listed", {"place": ""}, "nft list ruleset")
LISTED_THERE = Observation(Hop.HOST, "filter-listed", {"place": "app"}, "nft list ruleset in app")
CLOSED = Observation(Hop.HOST, "filter-closed", {"chain": "input"})


@pytest.mark.parametrize(
    ("observations", "stated"),
    [
        ((EDGE, LISTED_HERE), ["edge-not-kept-out"]),
        ((EDGE, LISTED_HERE, rule(source="198.51.100.1")), ["edge-not-kept-out"]),
        ((EDGE, LISTED_HERE, rule(source="203.0.113.7")), ["edge-kept-out"]),
        ((EDGE, LISTED_HERE, CLOSED), []),
        ((EDGE, LISTED_THERE), []),
        ((EDGE,), []),
        ((LISTED_HERE,), []),
    ],
)
def test_an_edge_is_let_in_where_all_rules_are_known_and_none_names_it(observations, stated):
    """A filter that nobody read, or that lets in what it names alone, says nothing."""
    assert said(*observations) == stated


def test_a_rule_that_met_packets_keeps_an_application_from_its_database():
    """Only one that names the database, and that was met."""
    wish = Observation(Hop.DATABASE, "config-database", {"database": "10.0.1.2:3306"})
    met = rule(address="10.0.1.2", port="3306", packets=4, action="reject")
    assert said(wish, met) == ["database-kept-away"]
    for other in ({"packets": 0}, {"packets": None}, {"address": "10.0.1.3"}, {"port": "5432"}):
        assert (
            said(wish, rule(**{"address": "10.0.1.2", "port": "3306", "packets": 4} | other)) == []
        )
