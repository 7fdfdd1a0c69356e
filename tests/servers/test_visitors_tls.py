"""The visitor's own leg to a real nginx: certificates, TLS versions, HTTP/2, plain on TLS ports."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from backstage import Backstage, needed, verdict_on
from certificates import NAME, Authority, Leaf, self_signed
from gateways import TlsSites
from upstreams import Fault

import badgateway.transport.http2  # noqa: F401 - its first import may take the probe's time
from badgateway.model.hop import Side
from badgateway.model.observation import Observation
from badgateway.model.target import Endpoint, Wishes
from badgateway.model.verdict import Outcome, Verdict

PAGE = 'return 200 "It works.\\n";'

pytestmark = [pytest.mark.servers, pytest.mark.usefixtures("trusted")]


@pytest.fixture(scope="module")
def sites(folder: Path, authority: Authority, backstage: Backstage) -> Iterator[TlsSites]:
    """One nginx with one TLS listener for each case."""
    needed("nginx", "nginx")
    good = authority.leaf("good", NAME)
    stranger = Authority(folder, "Unknown Authority")

    def https(leaf: Leaf, more: str = "", options: str = "ssl", does: str = "") -> str:
        return (
            f"listen 127.0.0.1:{{port}} {options};\nserver_name {NAME};\n"
            f"ssl_certificate {leaf.chain};\nssl_certificate_key {leaf.key};\n{more}\n"
            f"location / {{ {does or PAGE} }}"
        )

    dead = f"proxy_pass http://127.0.0.1:{backstage.ports[Fault.REFUSED]};"
    servers = {
        "good": https(good),
        "expired": https(authority.leaf("expired", NAME, days=(-60, -1))),
        "not-yet-valid": https(authority.leaf("future", NAME, days=(10, 60))),
        "wrong-name": https(authority.leaf("other", "other.test", "shop.test")),
        "expired-wrong-name": https(authority.leaf("both", "other.test", days=(-60, -1))),
        "wildcard": https(authority.leaf("wildcard", "*.shop.test")),
        "self-signed": https(self_signed(folder, "alone", NAME)),
        "unknown-issuer": https(stranger.leaf("stranger", NAME)),
        "tls13": https(good, "ssl_protocols TLSv1.3;"),
        "tls12": https(good, "ssl_protocols TLSv1.2;"),
        "http2": https(good, options="ssl http2"),
        "http2-dead": https(good, options="ssl http2", does=dead),
        "self-signed-dead": https(self_signed(folder, "alone-dead", NAME), does=dead),
        "rejecting": "listen 127.0.0.1:{port} ssl;\nssl_reject_handshake on;",
        "plain": f"listen 127.0.0.1:{{port}};\nlocation / {{ {PAGE} }}",
    }
    with TlsSites(folder / "tls", servers) as running:
        yield running


def checked(sites: TlsSites, name: str, scheme: str = "https") -> Verdict:
    """The verdict on the site, met at one of the listeners."""
    there = Endpoint("127.0.0.1", sites.sites[name])
    wishes = Wishes(timeout=15, connect_to=there, public_resolvers=False)
    return verdict_on(f"{scheme}://{NAME}/", wishes)


def named(verdict: Verdict, name: str) -> list[Observation]:
    """The observations of that name."""
    return [observation for observation in verdict.observations if observation.name == name]


def verifies(sites: TlsSites, name: str, authority: Authority) -> int:
    """OpenSSL's own opinion of a listener's certificate: 0, or the number of its error."""
    context = ssl.create_default_context(cafile=str(authority.file))
    with socket.create_connection(("127.0.0.1", sites.sites[name]), 5) as connection:
        try:
            with context.wrap_socket(connection, server_hostname=NAME):
                return 0
        except ssl.SSLCertVerificationError as error:
            return error.verify_code


@pytest.mark.parametrize("name", ["good", "wildcard"])
def test_good_certificate(name: str, sites: TlsSites, authority: Authority) -> None:
    """A certificate that verifies is told with its issuer and end, and nothing is wrong."""
    assert verifies(sites, name, authority) == 0

    verdict = checked(sites, name)

    assert verdict.outcome is Outcome.HEALTHY
    assert named(verdict, "tls-certificate-invalid") == []
    (established,) = named(verdict, "tls-established")
    assert established.value["trusted"] is True
    assert established.text("issuer") == "Test Authority"
    assert established.text("not_after")


CERTIFICATES = (
    ("expired", 10, ("expired",)),
    ("not-yet-valid", 9, ("not-yet-valid",)),
    ("wrong-name", 62, ("wrong-name",)),
    ("expired-wrong-name", 62, ("expired", "wrong-name")),
    ("self-signed", 18, ("self-signed",)),
    ("unknown-issuer", 20, ("unknown-issuer",)),
)


@pytest.mark.parametrize(
    ("name", "code", "problems"), CERTIFICATES, ids=[row[0] for row in CERTIFICATES]
)
def test_bad_certificate(
    name: str, code: int, problems: tuple[str, ...], sites: TlsSites, authority: Authority
) -> None:
    """Everything that is wrong with a certificate is named, and the page behind it is seen."""
    assert verifies(sites, name, authority) == code

    verdict = checked(sites, name)

    (invalid,) = named(verdict, "tls-certificate-invalid")
    assert invalid.items("problems") == problems
    assert invalid.number("verify_code") == code
    assert invalid.items("names")
    (established,) = named(verdict, "tls-established")
    assert established.value["trusted"] is False
    assert [answer.value["status"] for answer in named(verdict, "http-response")][:1] == [200]
    assert verdict.outcome is Outcome.UNREACHABLE
    assert "site-certificate" in [ranked.cause for ranked in verdict.causes[:2]]


@pytest.mark.parametrize("name", ["expired", "wrong-name", "self-signed"])
def test_bad_certificate_is_the_sites(name: str, sites: TlsSites) -> None:
    """A certificate that is wrong in itself is first of all the site's own fault."""
    verdict = checked(sites, name)

    assert verdict.causes[0].cause == "site-certificate"
    assert verdict.side is Side.SITE


def test_unknown_issuer_may_be_an_interceptor(sites: TlsSites) -> None:
    """An unknown issuer can be the site's mistake or a box in between: both stand, none is sure."""
    verdict = checked(sites, "unknown-issuer")

    causes = {ranked.cause for ranked in verdict.causes}
    assert {"site-certificate", "client-tls-interception"} <= causes
    assert not verdict.determined
    assert verdict.next


def test_certificate_before_its_time_may_be_a_slow_clock(sites: TlsSites) -> None:
    """A certificate that is not yet valid may mean that this machine's clock is wrong."""
    verdict = checked(sites, "not-yet-valid")

    assert "client-clock" in [ranked.cause for ranked in verdict.causes[:2]]


@pytest.mark.parametrize(("name", "version"), [("tls13", "TLSv1.3"), ("tls12", "TLSv1.2")])
def test_only_one_version(name: str, version: str, sites: TlsSites) -> None:
    """A server that speaks one version of TLS only is healthy, and the version is told."""
    verdict = checked(sites, name)

    assert verdict.outcome is Outcome.HEALTHY
    (established,) = named(verdict, "tls-established")
    assert established.text("version") == version


def test_http2_is_asked_as_well(sites: TlsSites) -> None:
    """Where HTTP/2 is offered the page is asked for in both protocols."""
    verdict = checked(sites, "http2")

    answers = {o.text("protocol"): o.value["status"] for o in named(verdict, "http-response")}
    assert answers == {"HTTP/1.1": 200, "HTTP/2": 200}
    assert verdict.outcome is Outcome.HEALTHY


def test_dead_upstream_over_http2(sites: TlsSites) -> None:
    """A 502 is the same over HTTP/2, which has no reason phrase."""
    verdict = checked(sites, "http2-dead")

    pages = [o for o in named(verdict, "http-response") if o.value.get("what") == "page"]
    assert {o.text("protocol"): o.value["status"] for o in pages} == {
        "HTTP/1.1": 502,
        "HTTP/2": 502,
    }
    assert verdict.outcome is Outcome.GATEWAY_ERROR
    assert verdict.variant == "bad-gateway"
    assert verdict.emitter is not None
    assert verdict.emitter.name == "nginx"
    assert "upstream-down" in [ranked.cause for ranked in verdict.causes[:2]]


def test_dead_upstream_behind_a_bad_certificate(sites: TlsSites) -> None:
    """Two faults at once: the certificate stops browsers first, and the 502 behind it is seen."""
    verdict = checked(sites, "self-signed-dead")

    (invalid,) = named(verdict, "tls-certificate-invalid")
    assert invalid.items("problems") == ("self-signed",)
    pages = [o for o in named(verdict, "http-response") if o.value.get("what") == "page"]
    assert [o.value["status"] for o in pages] == [502]
    assert verdict.side is Side.SITE
    assert "site-certificate" in [ranked.cause for ranked in verdict.causes[:2]]


def test_refused_handshake(sites: TlsSites) -> None:
    """A server that knows no site of that name refuses the handshake with an alert."""
    verdict = checked(sites, "rejecting")

    (refused,) = named(verdict, "tls-refused")
    assert "unrecognized name" in refused.text("detail")
    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.status is None
    assert verdict.side is Side.SITE


def test_plain_http_where_tls_is_wanted(sites: TlsSites) -> None:
    """A port that answers a TLS handshake in plain HTTP is told by its first bytes."""
    verdict = checked(sites, "plain")

    (plain,) = named(verdict, "tls-not-spoken")
    assert plain.text("answered").startswith(("HTTP/1.1 400", "<html>"))
    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.causes[0].cause == "protocol-mismatch"
    assert verdict.side is Side.SITE


def test_tls_where_plain_http_is_wanted(sites: TlsSites) -> None:
    """Plain HTTP to a TLS port of nginx brings its page for that: an error, no gateway's."""
    verdict = checked(sites, "good", scheme="http")

    assert verdict.outcome is Outcome.OTHER_ERROR
    assert verdict.status == 400
    assert verdict.variant is None
    assert verdict.emitter is not None
    assert verdict.emitter.name == "nginx"
