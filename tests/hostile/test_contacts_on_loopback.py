"""Whom to write to, against real sockets: a site, IANA's list and a registry on loopback."""

import json

import pytest
from loopback import http, one, seen_in

from badgateway.probes import registration
from badgateway.transport import fetch
from badgateway.transport.system import SystemAnswer

PAGE = b"<h1>502 Bad Gateway</h1><p>Tell support@shop.com, or see status.shop.com</p>"
TEXT = b"Contact: mailto:security@shop.com\nExpires: 2099-01-01T00:00:00Z\n"
DOMAIN = {
    "ldhName": "shop.com",
    "entities": [
        {
            "roles": ["abuse"],
            "vcardArray": ["vcard", [["email", {}, "text", "abuse@registrar.test"]]],
        }
    ],
}


def by_path(**answers):
    """A server that answers by the last word of the path."""
    asked = []

    def handle(connection):
        path = connection.head().split(b" ")[1].decode()
        asked.append(path)
        word = path.rstrip("/").rpartition("/")[2].replace(".", "_") or "page"
        connection.send(answers.get(word, http("404 Not Found", b"nothing")))

    handle.asked = asked
    return handle


@pytest.fixture
def registry(serve, monkeypatch):
    """IANA's list and a registry for `.com`, which leads on as registries do."""
    handle = by_path(
        shop_com=http("302 Found", b"", "Location: /there/moved"),
        moved=http("200 OK", json.dumps(DOMAIN).encode(), "Content-Type: application/rdap+json"),
    )
    server = serve(handle)
    listed = json.dumps({"services": [[["com"], [f"{server.url}rdap/"]]]}).encode()
    monkeypatch.setattr(
        registration, "BOOTSTRAP", serve(by_path(dns_json=http("200 OK", listed))).url + "dns.json"
    )
    return handle


@pytest.fixture
def site(serve, monkeypatch):
    """A broken shop with a security.txt, at an address that only this test knows."""
    from badgateway.probes import system_resolution

    handle = by_path(
        page=http("502 Bad Gateway", PAGE),
        security_txt=http("200 OK", TEXT, "Content-Type: text/plain"),
    )
    server = serve(handle)

    async def resolve(host, port):
        return SystemAnswer(("127.0.0.1",), host)

    monkeypatch.setattr(system_resolution, "resolve", resolve)
    monkeypatch.setattr(fetch, "resolve", resolve)
    return f"http://www.shop.com:{server.port}/", handle


def contacts(verdict):
    return {
        (o.text("via"), o.text("kind"), o.text("address"))
        for o in verdict.observations
        if o.name == "contact"
    }


def test_all_contacts_are_found_where_they_were_asked_for(site, registry, check):
    """The page, the security.txt and the registry of the domain."""
    url, _ = site
    assert contacts(check(url, contacts=True)) == {
        ("page", "support", "support@shop.com"),
        ("page", "status-page", "https://status.shop.com/"),
        ("security.txt", "security", "security@shop.com"),
        ("RDAP", "abuse", "abuse@registrar.test"),
    }


def test_by_default_only_the_page_is_read(site, registry, check):
    """Nobody is told of the domain and nothing more is asked of the site."""
    url, handle = site
    assert {via for via, _, _ in contacts(check(url))} == {"page"}
    assert not any("security" in path for path in handle.asked)
    assert registry.asked == []


def test_a_registry_that_answers_nonsense_is_nobody(site, serve, check, monkeypatch):
    """No JSON, no list, no registry: a failure of ours, and no word about the site."""
    url, _ = site
    monkeypatch.setattr(registration, "BOOTSTRAP", serve(http("200 OK", b"[" * 50_000)).url)
    verdict = check(url, contacts=True)
    assert {via for via, _, _ in contacts(verdict)} == {"page", "security.txt"}
    assert "probe-broken" not in seen_in(verdict)


def test_the_report_names_whom_to_write_to(site, command):
    """A section of its own, each address once."""
    url, _ = site
    ran = command(url, "--no-public-resolvers")
    assert "Whom to write to" in ran.out
    assert ran.out.count("support@shop.com  support (page)") == 1


def test_an_address_out_of_date_is_called_so(serve, check, monkeypatch):
    """RFC 9116: what has expired must not be relied on; it is shown as such."""
    text = TEXT.replace(b"2099", b"2020")
    handle = by_path(
        page=http("502 Bad Gateway", PAGE),
        security_txt=http("200 OK", text, "Content-Type: text/plain"),
    )
    server = serve(handle)
    from badgateway.probes import system_resolution

    async def resolve(host, port):
        return SystemAnswer(("127.0.0.1",), host)

    monkeypatch.setattr(system_resolution, "resolve", resolve)
    monkeypatch.setattr(fetch, "resolve", resolve)
    verdict = check(f"http://shop.internal:{server.port}/", contacts=True)
    found = [o for o in verdict.observations if o.text("via") == "security.txt"]
    assert [o.value["expired"] for o in found] == [True]
    assert one(verdict, "contact")
