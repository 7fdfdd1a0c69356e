"""Compose files, start commands, network policies and DNS look-ups, and what they say together."""

import pytest

from badgateway.inference.wiring import wired
from badgateway.model.hop import Hop
from badgateway.model.material import material_of
from badgateway.model.observation import Evidence, Observation
from badgateway.readers import readers, recognised
from badgateway.readers.documents import report


def read(text, name="a"):
    return list(readers()[recognised(text)].read(material_of(name, text)))


def named(observations, word):
    return [o for o in observations if o.name == word]


SHOP = """services:
  proxy:
    image: nginx:1.27
    networks: [front]
  shop:
    build: .
    ports:
      - "8080:80"
    networks:
      back:
        ipv4_address: 172.30.0.2
networks:
  front:
  back:
"""


def to_shop(port):
    value = {"by": "nginx", "upstream": f"shop:{port}", "file": "nginx.conf", "line": 3}
    return Observation(Hop.GATEWAY, "config-upstream", value, "nginx-config:nginx.conf:3")


def test_a_compose_file_tells_networks_and_ports_of_each_service():
    """Nested settings of a network are no further networks."""
    services = {o.text("name"): o for o in named(read(SHOP), "config-backend")}
    assert services["proxy"].items("networks") == ("front",)
    assert services["shop"].items("networks") == ("back",)
    assert services["shop"].items("ports") == ("8080:80",)


def test_a_gateway_without_a_common_network_cannot_reach_the_application():
    """The join names both services."""
    joined = {o.name: o for o in wired(Evidence([*read(SHOP), to_shop(80)]))}
    assert joined["networks-differ"].text("name") == "shop"
    assert "port-mismatch" not in joined


def test_one_common_network_is_enough():
    """Services that share a network are not called apart."""
    text = SHOP.replace("[front]", "[front, back]")
    assert not named(wired(Evidence([*read(text), to_shop(80)])), "networks-differ")


def test_the_default_network_is_another_in_every_file():
    """Two files of which neither names a network do not reach each other."""
    proxy = "services:\n  proxy:\n    image: caddy:2\n    ports: ['80:80']\n"
    shop = "services:\n  shop:\n    image: shop:1\n    ports: ['8000:8000']\n"
    both = [*read(proxy, "a"), *read(shop, "b"), to_shop(8000)]
    assert named(wired(Evidence(both)), "networks-differ")


def test_the_published_port_is_not_the_one_between_containers():
    """`8080:80` means 80 for who asks the container by its name."""
    joined = named(wired(Evidence([*read(SHOP), to_shop(8080)])), "port-mismatch")
    assert [o.text("found") for o in joined] == ["80"]


def test_an_application_that_listens_on_another_port_than_was_refused():
    """Its own word about its port is set beside the gateway's complaint."""
    value = {"by": "nginx", "upstream": "172.18.0.3:8400"}
    refused = Observation(Hop.LINK, "upstream-refused", value, "nginx-error-log:x:1")
    joined = named(
        wired(Evidence([refused, *read("app.listen(8000, '0.0.0.0')\n")])), "port-mismatch"
    )
    assert [o.text("found") for o in joined] == ["8000"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("app.listen(3000, '127.0.0.1')\n", "127.0.0.1:3000"),
        ("app.run(host='0.0.0.0', port=5000)\n", "0.0.0.0:5000"),
        ("uvicorn shop:app --host 127.0.0.1 --port 8000\n", "127.0.0.1:8000"),
        ("gunicorn -b 127.0.0.1:8000 shop:app\n", "127.0.0.1:8000"),
        ("module.exports = {\n  host: 'localhost',\n  port: 3000\n};\n", "localhost:3000"),
        ("Server running on port 3000\n", "*:3000"),
        ("Now listening on: http://localhost:5000\n", "localhost:5000"),
        ("Tomcat started on port(s): 8080 (http) with context path ''\n", "*:8080"),
    ],
)
def test_where_an_application_is_told_to_listen(text, address):
    """In code, on command lines and in settings."""
    assert [o.text("address") for o in named(read(text), "listening")] == [address]


def test_traefik_must_be_told_which_of_several_networks():
    """Without the label it takes any of them."""
    text = (
        "services:\n  shop:\n    image: shop\n    labels:\n      - traefik.enable=true\n"
        "    networks:\n      - web\n      - inner\n"
    )
    assert [o.text("flaw") for o in named(read(text), "config-flaw")] == ["network-ambiguous"]
    told = text.replace("enable=true\n", "enable=true\n      - traefik.docker.network=web\n")
    assert not named(read(told), "config-flaw")


def test_a_name_found_without_checking_signatures_is_badly_signed():
    """SERVFAIL with validation and an answer with +cd is a matter of the zone's signatures."""
    text = (
        "$ dig @192.0.2.53 shop.example\n;; ->>HEADER<<- opcode: QUERY, status: SERVFAIL, id: 1\n"
        "$ dig @192.0.2.53 shop.example +cd\n"
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 2\n"
    )
    assert [o.text("flaw") for o in named(read(text), "zone-flaw")] == ["dnssec"]


def test_a_policy_that_lets_everybody_in_restricts_nothing():
    """An empty rule is an open door."""
    head = "kind: NetworkPolicy\nmetadata:\n  name: x\nspec:\n  podSelector: {}\n"
    assert named(read(head + "  ingress:\n  - from:\n    - podSelector: {}\n"), "firewall-rule")
    assert not named(read(head + "  ingress:\n  - {}\n"), "firewall-rule")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Since Monday the site gives 502 to everybody here.", 502),
        ("504s at night, and nothing in the application's own log.", 504),
        ("Build 502 was released and nothing else has changed.", None),
        ("At first it gives 502 and then it gives 504 for hours.", None),
    ],
)
def test_the_status_that_a_person_met(text, status):
    """Only where a person says to have met it, and only one."""
    page = next(o for o in report.read(material_of("a", text)) if o.name == "page-text")
    assert page.value.get("status") == status


def test_an_article_about_the_error_is_no_report():
    """Who explains an error has not met it."""
    text = "The 502 error means that a server got no valid answer. Common causes are overload."
    assert report.fits(text) == 0.0


@pytest.mark.parametrize(
    "text", ["a: " + " " * 50_000 + "x", "php " * 12_000, "to " + "x" * 60_000]
)
def test_hostile_lines_are_read_in_linear_time(text):
    """A long line of one kind of thing comes back at all; a quadratic one would not."""
    for reader in readers().values():
        reader.fits(text)
    list(read("services:\n  shop:\n    image: x\n    " + text + "\n"))
