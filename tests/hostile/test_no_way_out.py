"""Networks that lead nowhere, as whole programs in network namespaces: bounded time, one verdict.

Each namespace is the machine's only network, so nothing that is sent in it can leave.
"""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux")
    or os.geteuid() != 0
    or not shutil.which("unshare")
    or not shutil.which("ip")
    or subprocess.run(["unshare", "-nmp", "--fork", "true"], check=False).returncode != 0,
    reason="needs Linux, root, ip and unshare",
)

URL = "https://www.shop-site.com/"
SECONDS = 20.0

HOLE = """
ip link set lo up
ip link add hole type veth peer name far
ip link set far up
ip link set hole up
ip addr add 192.0.2.1/24 dev hole
ip neigh add 192.0.2.53 dev hole lladdr 02:00:00:00:00:01
ip neigh add 192.0.2.254 dev hole lladdr 02:00:00:00:00:01
ip route add default via 192.0.2.254
"""
"""A network that takes every packet and never answers."""


@pytest.fixture
def alone(tmp_path):
    """Run the program in a network of its own; returns its verdict and the seconds it took."""

    def run(setup: str, *arguments: str, hosts: str = "", resolver: str = "192.0.2.53"):
        (tmp_path / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{hosts}")
        (tmp_path / "resolv.conf").write_text(f"nameserver {resolver}\n")
        script = f"""
mount --bind {tmp_path}/hosts /etc/hosts
mount --bind {tmp_path}/resolv.conf /etc/resolv.conf
{setup}
exec "$@"
"""
        clean = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        words = [sys.executable, "-m", "badgateway", *arguments, "--json"]
        words += ["--timeout", str(SECONDS)]
        started = time.monotonic()
        done = subprocess.run(
            ["unshare", "-nmp", "--kill-child", "--fork", "sh", "-ec", script, "sh", *words],
            capture_output=True,
            timeout=SECONDS + 20,
            check=False,
            env=clean,
        )
        took = time.monotonic() - started
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        assert done.stdout, done.stderr.decode()
        return json.loads(done.stdout), took

    return run


def seen(verdict) -> set[str]:
    return {o["name"] for o in verdict["observations"]}


def first(verdict) -> str:
    return verdict["causes"][0]["cause"]


def test_no_network_at_all(alone):
    """No device is up: no connection, on the way and not at the site, and that within seconds."""
    verdict, took = alone("true", URL)
    assert (verdict["outcome"], first(verdict), verdict["side"]) == (
        "unreachable",
        "no-connectivity",
        "path",
    )
    assert took < 10


def test_a_literal_address_without_a_network(alone):
    """The same for an address that needs no lookup."""
    verdict, took = alone("ip link set lo up", "http://198.51.100.7/")
    assert first(verdict) == "no-connectivity"
    assert verdict["side"] == "path"
    assert took < 10


def test_a_network_that_swallows_everything(alone):
    """A default route, and no answer to anything, the resolver included: no fault of the site."""
    verdict, took = alone(HOLE, URL)
    assert verdict["outcome"] == "unreachable"
    assert verdict["side"] in ("path", "visitor")
    assert "name-lookup-timeout" in seen(verdict) or "name-lookup-failed" in seen(verdict)
    assert took < SECONDS + 3


def test_a_resolver_that_never_answers_and_no_other(alone):
    """The resolver is silent and no other is asked: never the site's determined fault."""
    verdict, took = alone(HOLE, URL, "--no-public-resolvers")
    assert verdict["outcome"] == "unreachable"
    assert not (verdict["determined"] and verdict["side"] == "site")
    assert took < SECONDS + 3


SERVER = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listening = socket.socket(family)
listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listening.bind((sys.argv[1], int(sys.argv[2])))
listening.listen(64)
held = []
while True:
    accepted, _ = listening.accept()
    if sys.argv[3] == "hold":
        held.append(accepted)
        continue
    accepted.recv(65536)
    body = sys.argv[3].encode()
    head = b"HTTP/1.1 %s\\r\\nServer: nginx\\r\\nContent-Length: %d\\r\\n\\r\\n"
    accepted.sendall(head % (body, len(body)) + body)
    accepted.close()
"""


def served(tmp_path, address: str, port: int, answer: str) -> str:
    """What starts a server in the namespace and waits until it listens."""
    file = tmp_path / "server.py"
    file.write_text(SERVER)
    bracketed = f"[{address}]" if ":" in address else address
    return (
        f"{sys.executable} {file} {address} {port} '{answer}' >/dev/null 2>&1 &\n"
        f"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do\n"
        f"  ss -ltn | grep -qF '{bracketed}:{port}' && break; sleep 0.1\ndone\n"
    )


def test_half_open_connections(alone, tmp_path):
    """The handshake of TCP completes and every byte after it is dropped: bounded, and no 502."""
    if not shutil.which("nft"):
        pytest.skip("needs nft")
    drop = (
        "ip link set lo up\nnft add table inet t\n"
        "nft add chain inet t o '{ type filter hook output priority 0; }'\n"
        "nft add rule inet t o tcp dport 8443 tcp flags '& psh == psh' drop\n"
    )
    verdict, took = alone(
        drop + served(tmp_path, "127.0.0.1", 8443, "hold"), "https://127.0.0.1:8443/"
    )
    assert verdict["outcome"] == "unreachable"
    assert "connected" in seen(verdict)
    assert "tls-timeout" in seen(verdict)
    assert not verdict["determined"]
    assert took < SECONDS + 3


IPV6_ONLY = (
    "ip link set lo up\nip addr del 127.0.0.1/8 dev lo\nip addr add 2001:db8::1/128 dev lo\n"
)


@pytest.mark.parametrize(
    ("answer", "outcome"), [("502 Bad Gateway", "gateway-error"), ("200 OK", "healthy")]
)
@pytest.mark.parametrize("hosts", ["2001:db8::1 www.shop-site.com\n", "both"])
def test_ipv6_only(alone, tmp_path, answer, outcome, hosts):
    """A machine without IPv4: the page over IPv6 counts, an IPv4 address beside it is no fault."""
    if hosts == "both":
        hosts = "2001:db8::1 www.shop-site.com\n198.51.100.7 www.shop-site.com\n"
    setup = IPV6_ONLY + served(tmp_path, "2001:db8::1", 8080, answer)
    verdict, took = alone(setup, "http://www.shop-site.com:8080/", hosts=hosts)
    assert verdict["outcome"] == outcome
    assert verdict["status"] == int(answer[:3])
    assert took < 10


def test_a_proxy_that_wants_a_password(alone, tmp_path):
    """407: the proxy's word to its user, at the exit, on the visitor's side, with what to do."""
    setup = "ip link set lo up\n" + served(
        tmp_path, "127.0.0.1", 3128, "407 Proxy Authentication Required"
    )
    verdict, took = alone(setup, URL, "--proxy", "http://127.0.0.1:3128")
    assert (verdict["status"], verdict["hop"], verdict["side"]) == (407, "exit", "visitor")
    assert "log-in-to-the-proxy" in [step["id"] for step in verdict["steps"]]
    assert took < 10


def test_a_configured_proxy_that_wants_a_password(alone, tmp_path):
    """The same where the environment names the proxy, and nothing comes straight."""
    setup = "ip link set lo up\nexport https_proxy=http://127.0.0.1:3128\n" + served(
        tmp_path, "127.0.0.1", 3128, "407 Proxy Authentication Required"
    )
    verdict, took = alone(setup, URL)
    assert "proxy-wants-login" in seen(verdict)
    assert (first(verdict), verdict["side"]) == ("client-proxy-or-vpn", "visitor")
    assert took < 10


TWO_NETWORKS = f"""
{HOLE}
ip netns add far
ip link add wifi type veth peer name access netns far
ip addr add 198.18.0.1/24 dev wifi
ip link set wifi up
ip netns exec far ip link set lo up
ip netns exec far ip addr add 198.18.0.254/24 dev access
ip netns exec far ip addr add 203.0.113.7/32 dev lo
ip netns exec far ip link set access up
ip route add default via 198.18.0.254 dev wifi metric 600
"""
"""A dead network that goes first, and one with a site behind it."""


def test_another_network_of_this_machine_works(alone, tmp_path):
    """The usual network is dead and another one leads to the site: it is not the site's fault."""
    mount = "mount -t tmpfs none /run\nmkdir -p /run/netns\n"
    server = served(tmp_path, "203.0.113.7", 80, "200 OK").replace(
        sys.executable, f"ip netns exec far {sys.executable}", 1
    )
    setup = mount + TWO_NETWORKS + server.replace("ss -ltn", "ip netns exec far ss -ltn")
    verdict, took = alone(setup, "http://203.0.113.7/")
    assert "network-fails" in seen(verdict)
    assert verdict["side"] == "path"
    assert first(verdict) in ("no-connectivity", "isp-block")
    assert took < SECONDS + 3
