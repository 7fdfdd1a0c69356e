"""Real gateways in front of broken upstreams: who made the page, what it means, how sure.

The expectations are what each product documents, or does by its source, for each fault:
nginx `ngx_http_upstream_next`, httpd `mod_proxy_http.c`, HAProxy's session states SC, SH, PH and
sH, Caddy `statusError`, Varnish `builtin.vcl`, Squid `FwdState.cc` and `http.cc`, lighttpd
`gw_backend.c`, Traffic Server `HttpTransact.cc`.
"""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from backstage import Backstage, verdict_on
from gateways import Gateway, Squid
from upstreams import PAGE, Fault

from badgateway.model.hop import Hop, Side
from badgateway.model.target import Wishes
from badgateway.model.verdict import Outcome, Verdict

pytestmark = pytest.mark.servers

Running = Callable[[str], Gateway]

FIRST, SECOND, LISTED = 1, 2, 8
"""How far down the true cause may stand. Where the same page is made for several faults, all of
them must be listed, and no more can be asked for."""

DOWN = frozenset({"upstream-down"})
SLOW = frozenset({"upstream-timeout-slow-app"})
CRASH = frozenset({"upstream-crash"})
INVALID = frozenset({"invalid-upstream-header", "protocol-mismatch"})
TLS = frozenset({"protocol-mismatch", "tls-handshake-upstream", "tls-verify-upstream"})


@dataclass(frozen=True, slots=True)
class Row:
    """One gateway with one fault behind it.

    Attributes:
        gateway: its name.
        fault: what is broken behind it.
        status: the status that it documents for this.
        variant: the form of the page; None where it is no gateway error.
        causes: the true cause, in every word that fits.
        within: one of `causes` stands among so many first ones.
        outcome: what the visitor meets.
        emitter: who made the page; the gateway itself where it is empty.
        relayed_by: who passed it on and left a trace.
    """

    gateway: str
    fault: Fault
    status: int
    variant: str | None
    causes: frozenset[str]
    within: int = LISTED
    outcome: Outcome = Outcome.GATEWAY_ERROR
    emitter: str = ""
    relayed_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The row's name in reports."""
        return f"{self.gateway}-{self.fault}"


def relayed(gateway: str, *relayed_by: str) -> Row:
    """An nginx behind the gateway makes the 502, and the gateway passes it on as it is."""
    return Row(
        *(gateway, Fault.RELAYED, 502, "bad-gateway", DOWN, SECOND),
        emitter="nginx",
        relayed_by=relayed_by,
    )


ROWS = (
    # nginx: 504 for a time-out, 502 for everything else, and one page for all of that.
    Row("nginx", Fault.REFUSED, 502, "bad-gateway", DOWN, SECOND),
    Row("nginx", Fault.SLOW, 504, "gateway-timeout", SLOW, FIRST),
    Row("nginx", Fault.CLOSING, 502, "bad-gateway", CRASH),
    Row("nginx", Fault.BROKEN_HEADER, 502, "bad-gateway", INVALID),
    Row("nginx", Fault.TLS_TO_PLAIN, 502, "bad-gateway", TLS),
    Row("nginx", Fault.TLS_UNTRUSTED, 502, "bad-gateway", TLS),
    # Apache: 503 for a connection that fails; "Error reading from remote server" for a time-out
    # as for a closed connection; 500 with a reason where TLS fails.
    Row("apache", Fault.REFUSED, 503, "unavailable", DOWN, SECOND),
    Row("apache", Fault.SLOW, 502, "proxy-error", SLOW, SECOND),
    Row("apache", Fault.CLOSING, 502, "proxy-error", CRASH, SECOND),
    Row("apache", Fault.BROKEN_HEADER, 502, "bad-gateway", INVALID),
    Row("apache", Fault.TLS_TO_PLAIN, 500, "proxy-error", TLS, FIRST),
    Row("apache", Fault.TLS_UNTRUSTED, 500, "proxy-error", TLS, FIRST),
    relayed("apache"),
    # HAProxy: TLS belongs to connecting, so it is 503 (SC) as well; 502 for SH and PH.
    Row("haproxy", Fault.REFUSED, 503, "unavailable", DOWN, SECOND),
    Row("haproxy", Fault.SLOW, 504, "gateway-timeout", SLOW, FIRST),
    Row("haproxy", Fault.CLOSING, 502, "bad-gateway", CRASH, SECOND),
    Row("haproxy", Fault.NOT_HTTP, 502, "bad-gateway", INVALID),
    Row("haproxy", Fault.BROKEN_HEADER, 502, "bad-gateway", INVALID),
    Row("haproxy", Fault.TLS_TO_PLAIN, 503, "unavailable", TLS),
    Row("haproxy", Fault.TLS_UNTRUSTED, 503, "unavailable", TLS),
    relayed("haproxy"),
    # Caddy: no page at all; 504 for a time-out, else 502.
    Row("caddy", Fault.REFUSED, 502, "bad-gateway", DOWN, SECOND),
    Row("caddy", Fault.SLOW, 504, "gateway-timeout", SLOW, FIRST),
    Row("caddy", Fault.CLOSING, 502, "bad-gateway", CRASH),
    Row("caddy", Fault.NOT_HTTP, 502, "bad-gateway", INVALID),
    Row("caddy", Fault.BROKEN_HEADER, 502, "bad-gateway", INVALID),
    Row("caddy", Fault.TLS_TO_PLAIN, 502, "bad-gateway", TLS),
    Row("caddy", Fault.TLS_UNTRUSTED, 502, "bad-gateway", TLS),
    relayed("caddy", "caddy"),
    # Varnish: "503 Backend fetch failed" whatever happened.
    Row("varnish", Fault.REFUSED, 503, "unavailable", DOWN, SECOND),
    Row("varnish", Fault.SLOW, 503, "unavailable", SLOW),
    Row("varnish", Fault.CLOSING, 503, "unavailable", CRASH),
    Row("varnish", Fault.NOT_HTTP, 503, "unavailable", INVALID),
    Row("varnish", Fault.BROKEN_HEADER, 503, "unavailable", INVALID),
    relayed("varnish", "varnish"),
    # Squid in front of the site names the error: ERR_READ_TIMEOUT, ERR_ZERO_SIZE_OBJECT,
    # ERR_INVALID_RESP, ERR_SECURE_CONNECT_FAIL. A cache_peer that refuses is ERR_READ_ERROR with
    # no system error, 502, in Debian's 5.7; the forward proxy below says ERR_CONNECT_FAIL, 503.
    Row("squid", Fault.REFUSED, 502, "other", DOWN, SECOND),
    Row("squid", Fault.SLOW, 504, "gateway-timeout", SLOW, FIRST),
    Row("squid", Fault.CLOSING, 502, "other", CRASH, SECOND),
    Row("squid", Fault.BROKEN_HEADER, 502, "other", INVALID, SECOND),
    Row("squid", Fault.TLS_TO_PLAIN, 503, "unavailable", TLS, FIRST),
    Row("squid", Fault.TLS_UNTRUSTED, 503, "unavailable", TLS, FIRST),
    relayed("squid", "squid"),
    # lighttpd: 500 where the upstream closes before an answer, which is no gateway's status.
    Row("lighttpd", Fault.REFUSED, 503, "unavailable", DOWN, SECOND),
    Row("lighttpd", Fault.SLOW, 504, "gateway-timeout", SLOW, FIRST),
    Row("lighttpd", Fault.CLOSING, 500, None, CRASH, outcome=Outcome.OTHER_ERROR),
    Row("lighttpd", Fault.NOT_HTTP, 502, "bad-gateway", INVALID),
    relayed("lighttpd"),
    # Traffic Server: 504 for a time-out, else 502, with a page for connecting and one for the rest.
    Row("trafficserver", Fault.REFUSED, 502, "other", DOWN, SECOND),
    Row("trafficserver", Fault.SLOW, 504, "gateway-timeout", SLOW, FIRST),
    Row("trafficserver", Fault.CLOSING, 502, "other", CRASH),
    Row("trafficserver", Fault.NOT_HTTP, 502, "other", INVALID),
    Row("trafficserver", Fault.TLS_TO_PLAIN, 502, "other", TLS),
    Row("trafficserver", Fault.TLS_UNTRUSTED, 502, "other", TLS),
    relayed("trafficserver", "trafficserver"),
)

SWALLOWED = (
    # A banner is an answer of HTTP/0.9 to these; a line without a colon is dropped by those.
    ("apache", Fault.NOT_HTTP),
    ("squid", Fault.NOT_HTTP),
    ("lighttpd", Fault.BROKEN_HEADER),
    ("trafficserver", Fault.BROKEN_HEADER),
)

NAMES = ("nginx", "apache", "haproxy", "caddy", "varnish", "squid", "lighttpd", "trafficserver")


def asked(port: int, target: str = "/page", host: str = "") -> bytes:
    """The whole answer to a plain request, by a socket of the test's own."""
    with socket.create_connection(("127.0.0.1", port), 15) as connection:
        head = f"GET {target} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\n"
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b""
        while data := connection.recv(65_536):
            answer += data
    return answer


def status_of(answer: bytes) -> int | None:
    """The status of an answer; None where it is no HTTP."""
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found[1]) if found else None


def checked(url: str, proxy: str | None = None, timeout: float = 20) -> Verdict:
    """The verdict on `url`; nobody but the servers of the test is asked."""
    return verdict_on(url, Wishes(timeout=timeout, public_resolvers=False, proxy=proxy))


def first_causes(verdict: Verdict, count: int) -> list[str]:
    """The names of the most probable causes."""
    return [ranked.cause for ranked in verdict.causes[:count]]


def undecided(verdict: Verdict) -> bool:
    """Whether the verdict says that it cannot tell, and what would."""
    return not verdict.determined and bool(verdict.next)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_fault_behind_a_gateway(row: Row, gateway: Running) -> None:
    """The maker, form and status of the page are named, and the true cause is among the causes."""
    if row.fault is Fault.RELAYED:
        gateway("nginx")
    port = gateway(row.gateway).ports[row.fault]
    answer = asked(port)
    assert status_of(answer) == row.status, answer[:400]

    verdict = checked(f"http://127.0.0.1:{port}/page")

    assert verdict.outcome is row.outcome
    assert verdict.status == row.status
    assert verdict.emitter is not None
    assert verdict.emitter.name == (row.emitter or row.gateway)
    assert verdict.emitter.relayed_by == row.relayed_by
    assert verdict.variant == row.variant
    assert verdict.side is Side.SITE, first_causes(verdict, LISTED)
    assert row.causes & set(first_causes(verdict, row.within)), first_causes(verdict, LISTED)
    assert undecided(verdict)


@pytest.mark.parametrize("name", NAMES)
def test_healthy_upstream_is_no_fault(name: str, gateway: Running) -> None:
    """A page that comes through a gateway is healthy and has no causes."""
    port = gateway(name).ports[Fault.HEALTHY]
    answer = asked(port)
    assert status_of(answer) == 200, answer[:400]
    assert PAGE in answer

    verdict = checked(f"http://127.0.0.1:{port}/page")

    assert verdict.outcome is Outcome.HEALTHY
    assert verdict.status == 200
    assert verdict.variant is None
    assert verdict.causes == ()


@pytest.mark.parametrize(("name", "fault"), SWALLOWED, ids=str)
def test_fault_that_a_gateway_hides_makes_no_causes(
    name: str, fault: Fault, gateway: Running
) -> None:
    """Where a gateway turns nonsense into a page with status 200, no gateway error is claimed."""
    port = gateway(name).ports[fault]
    answer = asked(port)
    assert status_of(answer) == 200, answer[:400]

    verdict = checked(f"http://127.0.0.1:{port}/page")

    assert verdict.outcome is not Outcome.GATEWAY_ERROR
    assert verdict.status == 200
    assert not verdict.determined


def test_nginx_passes_a_banner_on_and_it_is_shown(gateway: Running) -> None:
    """A banner that nginx passes on as HTTP/0.9 is no HTTP answer, and its bytes are kept."""
    port = gateway("nginx").ports[Fault.NOT_HTTP]
    answer = asked(port)
    assert answer.startswith(b"SSH-2.0-")

    verdict = checked(f"http://127.0.0.1:{port}/page")

    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.status is None
    assert verdict.side is Side.SITE
    assert first_causes(verdict, 1) == ["protocol-mismatch"]
    malformed = [o for o in verdict.observations if o.name == "answer-malformed"]
    assert malformed
    assert malformed[0].text("answered").startswith("SSH-2.0-")


PAIRS = (
    ("nginx", Fault.REFUSED, Fault.CLOSING),
    ("apache", Fault.SLOW, Fault.CLOSING),
    ("caddy", Fault.REFUSED, Fault.TLS_UNTRUSTED),
    ("varnish", Fault.REFUSED, Fault.CLOSING),
    ("haproxy", Fault.REFUSED, Fault.TLS_TO_PLAIN),
)


@pytest.mark.parametrize(("name", "one", "other"), PAIRS, ids=str)
def test_faults_with_the_same_page_have_the_same_verdict(
    name: str, one: Fault, other: Fault, gateway: Running
) -> None:
    """Two faults that look alike from outside get the same causes, and neither is determined."""
    ports = gateway(name).ports
    verdicts = [checked(f"http://127.0.0.1:{ports[fault]}/page") for fault in (one, other)]

    assert first_causes(verdicts[0], LISTED) == first_causes(verdicts[1], LISTED)
    assert all(undecided(verdict) for verdict in verdicts)


COMMANDS = (
    ("nginx", Fault.REFUSED, 1, 502),
    ("apache", Fault.REFUSED, 1, 503),
    ("haproxy", Fault.CLOSING, 1, 502),
    ("caddy", Fault.HEALTHY, 0, 200),
)


@pytest.mark.parametrize(("name", "fault", "code", "status"), COMMANDS, ids=str)
def test_command_line_prints_one_verdict(
    name: str, fault: Fault, code: int, status: int, gateway: Running
) -> None:
    """`badgateway URL --json` prints the verdict and nothing else, and ends with its status."""
    url = f"http://127.0.0.1:{gateway(name).ports[fault]}/page"

    ended = subprocess.run(
        [sys.executable, "-m", "badgateway", url, "--json"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == code, ended.stderr
    assert ended.stderr == ""
    verdict = json.loads(ended.stdout)
    assert verdict["schema"] == "badgateway.verdict/1"
    assert verdict["subject"] == url
    assert verdict["status"] == status
    assert verdict["outcome"] == ("gateway-error" if code else "healthy")
    if code:
        assert verdict["emitter"]["name"] == name
        assert verdict["side"] == "site"
        assert verdict["determined"] is False
        ids = {seen["id"] for seen in verdict["observations"]}
        assert set(verdict["causes"][0]["because"]) <= ids


# The same faults with nothing in between.


@pytest.mark.parametrize(
    ("fault", "failure", "cause"),
    [
        (Fault.REFUSED, "connect-refused", "gateway-down"),
        (Fault.CLOSING, "answer-none", "upstream-down"),
        (Fault.NOT_HTTP, "answer-malformed", "protocol-mismatch"),
        (Fault.SLOW, "answer-timeout", "upstream-timeout-slow-app"),
    ],
    ids=str,
)
def test_broken_server_met_directly(
    fault: Fault, failure: str, cause: str, backstage: Backstage
) -> None:
    """Without a gateway nobody makes a page: the failure itself is stated, and its cause."""
    verdict = checked(f"http://127.0.0.1:{backstage.ports[fault]}/page", timeout=2)

    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.emitter is None
    assert verdict.side is Side.SITE
    assert failure in {observation.name for observation in verdict.observations}
    assert cause in first_causes(verdict, SECOND)


# Squid as the visitor's own proxy.


@pytest.fixture
def proxy(gateway: Running) -> Squid:
    """Squid, running, with its forward port."""
    squid = gateway("squid")
    assert isinstance(squid, Squid)
    return squid


PROXIED = (
    # ERR_CONNECT_FAIL, ERR_READ_TIMEOUT, ERR_ZERO_SIZE_OBJECT and ERR_INVALID_RESP all say that
    # the proxy did its work and the site did not.
    (Fault.REFUSED, 503, "unavailable", frozenset({"upstream-down", "gateway-down"}), SECOND),
    (Fault.SLOW, 504, "gateway-timeout", SLOW, FIRST),
    (Fault.CLOSING, 502, "other", CRASH, SECOND),
    (Fault.BROKEN_HEADER, 502, "other", INVALID, SECOND),
)


@pytest.mark.parametrize(
    ("fault", "status", "variant", "causes", "within"),
    PROXIED,
    ids=[str(row[0]) for row in PROXIED],
)
def test_broken_site_through_a_proxy(
    fault: Fault,
    status: int,
    variant: str,
    causes: frozenset[str],
    within: int,
    proxy: Squid,
    backstage: Backstage,
) -> None:
    """Squid's page about a broken site names Squid as its maker and the site as the fault."""
    url = f"http://127.0.0.1:{backstage.ports[fault]}/page"
    answer = asked(proxy.forward_port, url)
    assert status_of(answer) == status, answer[:400]

    verdict = checked(url, f"http://127.0.0.1:{proxy.forward_port}")

    assert verdict.outcome is Outcome.GATEWAY_ERROR
    assert verdict.status == status
    assert verdict.variant == variant
    assert verdict.emitter is not None
    assert verdict.emitter.name == "squid"
    assert causes & set(first_causes(verdict, within)), first_causes(verdict, LISTED)
    assert verdict.side is Side.SITE, first_causes(verdict, LISTED)
    assert undecided(verdict)


def test_tunnel_to_a_dead_site(proxy: Squid, backstage: Backstage) -> None:
    """The page with which Squid refuses a tunnel is read, although no browser would show it."""
    url = f"https://127.0.0.1:{backstage.ports[Fault.REFUSED]}/"

    verdict = checked(url, f"http://127.0.0.1:{proxy.forward_port}")

    assert verdict.outcome is Outcome.GATEWAY_ERROR
    assert verdict.status == 503
    assert verdict.emitter is not None
    assert verdict.emitter.name == "squid"
    refused = [o for o in verdict.observations if o.name == "proxy-refused"]
    assert refused
    assert refused[0].hop is Hop.EXIT
    assert {"upstream-down", "gateway-down"} & set(first_causes(verdict, SECOND))
    assert undecided(verdict)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_site_that_the_proxy_forbids(scheme: str, proxy: Squid) -> None:
    """ERR_ACCESS_DENIED is the proxy's own doing: no gateway error, and on the visitor's side."""
    answer = asked(proxy.forward_port, f"http://{proxy.blocked}/")
    assert status_of(answer) == 403, answer[:400]
    assert b"ERR_ACCESS_DENIED" in answer

    verdict = checked(f"{scheme}://{proxy.blocked}/", f"http://127.0.0.1:{proxy.forward_port}")

    assert verdict.outcome is Outcome.OTHER_ERROR
    assert verdict.status == 403
    assert verdict.emitter is not None
    assert verdict.emitter.name == "squid"
    assert verdict.side is Side.VISITOR
    assert first_causes(verdict, 1) == ["forward-proxy-error"]


def test_page_through_the_proxy_is_healthy(proxy: Squid, backstage: Backstage) -> None:
    """A page that the proxy brings is healthy."""
    url = f"http://127.0.0.1:{backstage.ports[Fault.HEALTHY]}/page"

    verdict = checked(url, f"http://127.0.0.1:{proxy.forward_port}")

    assert verdict.outcome is Outcome.HEALTHY
    assert verdict.causes == ()


def test_proxy_that_is_dead(backstage: Backstage) -> None:
    """A proxy that refuses connections is the visitor's problem, whatever the site does."""
    url = f"http://127.0.0.1:{backstage.ports[Fault.HEALTHY]}/page"

    verdict = checked(url, f"http://127.0.0.1:{backstage.ports[Fault.REFUSED]}")

    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.side is Side.VISITOR
    assert verdict.hop is Hop.EXIT
    assert "client-proxy-or-vpn" in first_causes(verdict, SECOND)
