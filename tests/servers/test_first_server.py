"""Real servers in a row: whether the first one refuses, or one behind it does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from backstage import needed, verdict_on
from certificates import NAME, Authority
from gateways import GATEWAYS, TlsSites
from upstreams import Fault

from badgateway.model.observation import Observation
from badgateway.model.target import Endpoint, Wishes
from badgateway.model.verdict import Outcome, Verdict

pytestmark = [pytest.mark.servers, pytest.mark.usefixtures("trusted")]

DENIED = "deny all;"


@pytest.fixture(scope="module")
def behind(folder: Path, authority: Authority) -> Iterator[TlsSites]:
    """An nginx that refuses everybody, and one that wants a certificate."""
    needed("nginx", "nginx")
    leaf = authority.leaf("behind", NAME)
    tls = f"ssl_certificate {leaf.chain};\nssl_certificate_key {leaf.key};\n"
    wants = f"ssl_verify_client on;\nssl_client_certificate {authority.file};\n"
    servers = {
        "denies": f"listen 127.0.0.1:{{port}};\nlocation / {{ {DENIED} }}",
        "closed": "listen 127.0.0.1:{port};\nlocation / { return 503; }",
        "certificate": f"listen 127.0.0.1:{{port}} ssl;\n{tls}{wants}location / {{ return 204; }}",
    }
    with TlsSites(folder / "behind", servers) as running:
        yield running


@pytest.fixture(scope="module")
def front(folder: Path, authority: Authority, behind: TlsSites) -> Iterator[TlsSites]:
    """An nginx for visitors, which refuses by itself or passes a refusal on."""
    leaf = authority.leaf("front", NAME)
    tls = (
        "listen 127.0.0.1:{port} ssl;\n"
        f"ssl_certificate {leaf.chain};\nssl_certificate_key {leaf.key};\n"
    )
    wants = f"ssl_verify_client on;\nssl_client_certificate {authority.file};\n"

    def to(scheme: str, name: str) -> str:
        return f"location / {{ proxy_pass {scheme}://127.0.0.1:{behind.sites[name]}; }}"

    servers = {
        "denies": f"{tls}location / {{ {DENIED} }}",
        "passes-denial": tls + to("http", "denies"),
        "passes-closed": tls + to("http", "closed"),
        "certificate": f"{tls}{wants}location / {{ return 204; }}",
        "passes-certificate": tls + to("https", "certificate"),
    }
    with TlsSites(folder / "front", servers) as running:
        yield running


def checked(port: int, scheme: str = "https") -> Verdict:
    """The verdict on the page at a port of this machine, with every test made."""
    there = Endpoint("127.0.0.1", port)
    wishes = Wishes(timeout=20, connect_to=there, public_resolvers=False)
    return verdict_on(f"{scheme}://{NAME}/", wishes)


def named(verdict: Verdict, name: str) -> list[Observation]:
    """The observations of that name."""
    return [observation for observation in verdict.observations if observation.name == name]


def test_an_nginx_that_refuses_by_itself_is_the_one_that_refuses(front: TlsSites) -> None:
    """No interim answer, so nothing speaks for a server behind it."""
    verdict = checked(front.sites["denies"])
    (asked,) = named(verdict, "continue-asked")
    assert asked.value["continued"] is False
    assert named(verdict, "passed-on") == []
    assert verdict.causes[0].cause == "waf-block"


def test_an_nginx_that_passes_a_refusal_on_shows_it(front: TlsSites) -> None:
    """The same product twice: the interim answer tells which one it was."""
    verdict = checked(front.sites["passes-denial"])
    (passed,) = named(verdict, "passed-on")
    assert (passed.value["how"], passed.value["made"]) == ("continued", "nginx")
    assert verdict.causes[0].cause == "upstream-blocked-by-waf"
    assert not verdict.determined


@pytest.mark.parametrize("name", ["apache", "haproxy", "lighttpd", "caddy"])
def test_a_refusal_of_another_maker_comes_from_behind(
    name: str, folder: Path, authority: Authority, behind: TlsSites
) -> None:
    """The first server signs what it must refuse itself, and not the page."""
    kind = GATEWAYS[name]
    needed(kind.binary, name)
    ports = {Fault.HEALTHY: behind.sites["denies"]}
    with kind(folder / f"{name}-first", ports, authority.file) as running:
        port = running.ports[Fault.HEALTHY]
        verdict = verdict_on(
            f"http://127.0.0.1:{port}/", Wishes(timeout=20, public_resolvers=False)
        )
    assert named(verdict, "front-answer")
    assert verdict.status == 403
    if name == "caddy":
        # Its refusal is that of Go's library, which is in many servers: no maker is told.
        assert named(verdict, "passed-on") == []
        return
    (passed,) = named(verdict, "passed-on")
    assert (passed.value["front"], passed.value["made"]) == (name, "nginx")
    assert passed.value["how"] == "other-maker"
    assert verdict.causes[0].cause == "upstream-blocked-by-waf"


def test_a_certificate_that_a_server_behind_wants_is_not_the_visitors(front: TlsSites) -> None:
    """The page misses a certificate that nobody asked the visitor for."""
    verdict = checked(front.sites["passes-certificate"])
    (asked,) = named(verdict, "certificate-asked")
    assert asked.value["asked"] is False
    assert verdict.outcome is Outcome.OTHER_ERROR
    assert verdict.causes[0].cause == "mesh-mtls-mismatch"


def test_a_certificate_that_the_visitor_was_asked_for_is_no_fault(front: TlsSites) -> None:
    """The same page, and the first server did ask."""
    verdict = checked(front.sites["certificate"])
    (asked,) = named(verdict, "certificate-asked")
    assert asked.value["asked"] is True
    assert named(verdict, "certificate-wanted-behind") == []
    assert "mesh-mtls-mismatch" not in [ranked.cause for ranked in verdict.causes]
