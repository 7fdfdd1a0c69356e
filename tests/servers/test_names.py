"""`badgateway dns` against real name servers: who agrees, who is behind, who is wrong."""

import contextlib
import json
import tempfile
from pathlib import Path

import pytest
from backstage import needed
from name_servers import FIRST, RESOLVER, SECOND, names

from badgateway.probes import own_resolvers, system_resolution
from badgateway.transport import zone
from badgateway.transport.system import SystemAnswer

pytestmark = pytest.mark.servers

NAMED = f"@ NS ns1\n@ NS ns2\nns1 A {FIRST}\nns2 A {SECOND}\n"
OLD, NEW = f"{NAMED}www 120 A 192.0.2.1\n", f"{NAMED}www 120 A 192.0.2.2\n"


@pytest.fixture
def dns_of(monkeypatch):
    """Start a small DNS that the product asks in the place of the real one."""
    needed("knotd", "Knot DNS")
    needed("unbound", "Unbound")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bgw-")))

        def start(records, system=("192.0.2.1",), delegated=""):
            made = stack.enter_context(names(folder / "dns", records, delegated))

            async def resolve(host, port):
                return SystemAnswer(system, host)

            monkeypatch.setattr(zone, "ROOT_SERVERS", ("127.0.53.1",))
            monkeypatch.setattr(zone, "PORT", made.port)
            monkeypatch.setattr(system_resolution, "resolve", resolve)
            monkeypatch.setattr(own_resolvers, "name_servers", list)
            return made

        yield start


@pytest.fixture
def told(command):
    """Run the command and read its JSON."""

    def run(made, *options, name="www.shop.com", status=0):
        ran = command("dns", name, "--json", "--resolver", f"{RESOLVER}:{made.port}", *options)
        assert ran.status == status, ran.err
        return json.loads(ran.out)

    return run


def states(survey):
    return {row["server"] or row["who"]: row["state"] for row in survey["answers"]}


def test_everyone_agrees(dns_of, told):
    """Machine, resolver and both servers of the zone say the same: status 0."""
    survey = told(dns_of(OLD))
    assert survey["agreed"]
    assert survey["zone"] == "shop.com"
    assert survey["dnssec"] == "unsigned"
    assert states(survey) == {
        "machine": "agrees",
        RESOLVER: "agrees",
        FIRST: "authority",
        SECOND: "authority",
    }
    assert survey["verdict"] is None


def test_a_resolver_that_holds_the_old_address_is_told_with_its_time(dns_of, told):
    """After a move the cache is behind for what is left of the time to live, not for 72 hours."""
    made = dns_of(OLD, system=("192.0.2.2",))
    told(made, status=1)
    made.move(NEW)
    survey = told(made, status=1)
    assert not survey["agreed"]
    assert states(survey)[RESOLVER] == "other"
    assert states(survey)["machine"] == "agrees"
    row = next(row for row in survey["answers"] if row["server"] == RESOLVER)
    assert row["addresses"] == ["192.0.2.1"]
    assert 100 <= row["ttl"] <= 120
    assert any("runs out in" in line for line in survey["conclusions"])


def test_a_second_server_that_was_forgotten_is_named(dns_of, told):
    """Two servers of one zone with nothing in common: half of the visitors go astray."""
    made = dns_of(OLD)
    made.first.change("shop.com.", NEW)
    survey = told(made, status=1)
    assert any("do not agree" in line and "ns2.shop.com" in line for line in survey["conclusions"])


def test_a_delegation_to_other_servers_is_told(dns_of, told):
    """The registrar leads to other servers than the zone names."""
    made = dns_of(f"@ NS ns1\nns1 A {FIRST}\nwww 120 A 192.0.2.1\n")
    survey = told(made)
    assert any("names other servers" in line for line in survey["conclusions"])


def test_a_delegation_to_names_elsewhere_is_followed(dns_of, told):
    """Most zones name servers of another domain, for which no address stands in the referral."""
    made = dns_of(
        f"@ NS ns1.provider.net.\nwww 120 A 192.0.2.1\nns1 A {FIRST}\n",
        delegated="shop NS ns1.provider.net.\n",
    )
    survey = told(made)
    assert states(survey)[FIRST] == "authority"
    assert survey["agreed"]


def test_a_dead_server_and_a_lame_one_are_told_apart(dns_of, told):
    """One does not answer, one answers without knowing the zone."""
    made = dns_of(
        OLD,
        delegated=f"shop NS ns1.shop\nshop NS dead.shop\nshop NS lame.shop\nns1.shop A {FIRST}\n"
        "dead.shop A 127.0.53.77\nlame.shop A 127.0.53.2\n",
    )
    survey = told(made)
    found = {row["label"]: row["state"] for row in survey["answers"] if row["who"] == "zone"}
    assert found == {
        "ns1.shop.com": "authority",
        "dead.shop.com": "silent",
        "lame.shop.com": "lame",
    }
    assert (
        "1 of 3 name servers of the zone give no answer from here: dead.shop.com."
        in (survey["conclusions"])
    )


def test_a_domain_that_is_free_is_agreed_upon(dns_of, told):
    """Nobody leads any deeper than the top-level domain, whose word counts: there is none."""
    made = dns_of(OLD)
    survey = told(made, name="www.free.com", status=1)
    zone_rows = [row for row in survey["answers"] if row["who"] == "zone"]
    assert [row["state"] for row in zone_rows] == ["authority"]
    assert states(survey)["machine"] == "extra"


def test_a_digest_of_keys_that_the_zone_does_not_have_is_told(dns_of, told):
    """The zone above says that it is signed, and it is not: who checks refuses the name."""
    digest = "shop DS 12345 13 2 " + "ab" * 32
    made = dns_of(
        OLD,
        delegated=f"shop NS ns1.shop\nshop NS ns2.shop\nns1.shop A {FIRST}\nns2.shop A {SECOND}\n"
        f"{digest}\n",
    )
    survey = told(made)
    assert survey["dnssec"] == "keys-missing"
    assert any("vouches for keys" in line for line in survey["conclusions"])


def test_a_blocked_name_is_no_old_address(dns_of, told):
    """This machine is led to nowhere; the zone knows better."""
    survey = told(dns_of(OLD, system=("0.0.0.0",)), status=1)
    assert states(survey)["machine"] == "blocked"


def test_an_inner_address_is_split_horizon(dns_of, told):
    """A private address here and a public one outside."""
    survey = told(dns_of(NAMED + "www A 203.0.113.5\n", system=("10.0.0.5",)), status=1)
    assert states(survey)["machine"] == "inner"


def test_a_name_that_does_not_exist_is_agreed_upon(dns_of, told, monkeypatch):
    """Nobody has an address, and the verdict of the usual judging says whose turn it is."""
    from badgateway.model.failure import Failure
    from badgateway.transport.failures import TransportError

    made = dns_of(OLD)

    async def unknown(host, port):
        raise TransportError(Failure.NAME_UNKNOWN, "does not exist")

    monkeypatch.setattr(system_resolution, "resolve", unknown)
    survey = told(made, name="nowhere.shop.com", status=1)
    assert survey["agreed"]
    assert survey["verdict"]["outcome"] == "unreachable"
    assert survey["verdict"]["causes"][0]["cause"] == "dns-misconfigured"


def test_what_the_answers_lead_to_is_tried_only_when_asked(dns_of, told):
    """With --try each address is asked for the page; without it no web server is."""
    made = dns_of(OLD)
    assert told(made)["tried"] == {}
    tried = told(made, "--try", "--timeout", "4", status=1)["tried"]
    assert set(tried) == {"192.0.2.1"}


def test_the_table_says_it_in_words(dns_of, command):
    """What a person reads: each one's answer, the time left, and a sentence."""
    made = dns_of(OLD)
    ran = command("dns", "www.shop.com", "--resolver", f"{RESOLVER}:{made.port}")
    assert ran.status == 0
    assert "Everyone who answers agrees (2)." in ran.out
    assert "ns1.shop.com" in ran.out
    assert "2 min 0 s" in ran.out


def test_watching_ends_when_all_agree(dns_of, command, monkeypatch):
    """Round after round while the cache holds the old answer; over once it has run out."""
    from badgateway.watch import propagation

    monkeypatch.setattr(propagation, "SHORTEST", 0.3)
    monkeypatch.setattr(propagation, "LONGEST", 0.6)
    made = dns_of(OLD.replace("120", "2"), system=("192.0.2.2",))
    asked = ("dns", "www.shop.com", "--json", "--resolver", f"{RESOLVER}:{made.port}")
    command(*asked)
    made.move(NEW)
    ran = command(*asked, "--watch")
    rounds = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.status == 0
    assert [each["agreed"] for each in rounds][-1] is True
    assert not any(each["agreed"] for each in rounds[:-1])
    assert len(rounds) > 1
