"""What configuration, state and logs say together."""

import pytest

from badgateway.inference.judge import judge_material
from badgateway.inference.wiring import wired
from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.observation import Evidence, Observation


def upstream(address, **more):
    value = {
        "by": "nginx",
        "upstream": address,
        "file": "/etc/nginx/nginx.conf",
        "line": 12,
        **more,
    }
    return Observation(
        Hop.GATEWAY, "config-upstream", value, "nginx-config:/etc/nginx/nginx.conf:12"
    )


def listener(address, process="python", **more):
    kind = "unix" if address.startswith("unix:") else "tcp"
    value = {"address": address, "process": process, "complete": True, "kind": kind, **more}
    return Observation(Hop.UPSTREAM, "listening", value, "ss:x")


def joined(*observations):
    return {o.name: o for o in wired(Evidence(observations))}


@pytest.mark.parametrize(
    ("wanted", "there", "word"),
    [
        ("127.0.0.1:8000", "127.0.0.1:8000", None),
        ("127.0.0.1:8000", "0.0.0.0:8000", None),
        ("[::1]:8000", "[::]:8000", None),
        ("127.0.0.1:8000", "127.0.0.1:9000", "no-listener"),
        ("[::1]:8000", "127.0.0.1:8000", "listens-on-other-family"),
        ("127.0.0.1:5173", "[::1]:5173", "listens-on-other-family"),
        ("[::1]:8000", "0.0.0.0:8000", "listens-on-other-family"),
        ("10.0.0.2:8000", "127.0.0.1:8000", "listens-on-loopback-only"),
        ("unix:/run/php/php7.4-fpm.sock", "unix:/run/php/php8.2-fpm.sock", "listens-elsewhere"),
        ("unix:/var/run/php/fpm.sock", "unix:/run/php/fpm.sock", None),
        ("app:8000", "172.18.0.3:8000", None),
    ],
)
def test_where_the_gateway_looks_and_what_listens(wanted, there, word):
    words = set(joined(upstream(wanted), listener(there)))
    assert words == ({word} if word else set())


def test_without_any_list_of_listeners_nothing_is_concluded():
    assert joined(upstream("127.0.0.1:8000")) == {}


def test_a_list_that_is_not_complete_proves_no_absence():
    part = listener("127.0.0.1:9000", complete=False)
    assert "no-listener" not in joined(upstream("127.0.0.1:8000"), part)


def test_a_queue_that_is_full_and_one_that_fills():
    full = joined(listener("127.0.0.1:80", queue=128, backlog=128))
    assert full["listen-queue-full"].number("queue") == 128
    assert set(joined(listener("127.0.0.1:80", queue=3, backlog=128))) == {"queue-waiting"}
    assert joined(listener("127.0.0.1:80", queue=0, backlog=128)) == {}


def keepalive(role, by, seconds):
    value = {"by": by, "seconds": seconds, "role": role, "file": "f", "line": 1}
    return Observation(Hop.GATEWAY, "config-keepalive", value, "config")


def test_an_application_must_keep_idle_connections_longer_than_the_gateway():
    found = joined(keepalive("upstream", "nginx", 60), keepalive("backend", "node", 5))
    assert found["keepalive-out-of-order"].number("inner_seconds") == 5
    assert joined(keepalive("upstream", "nginx", 4), keepalive("backend", "node", 5)) == {}


def test_an_old_address_in_the_log_and_a_new_one_in_dns():
    used = Observation(Hop.LINK, "upstream-refused", {"by": "nginx", "upstream": "172.18.0.5:80"})
    answer = Observation(Hop.HOST, "name-answer", {"name": "app", "addresses": ["172.18.0.9"]})
    found = joined(upstream("app:80"), used, answer)
    assert found["address-changed"].text("found") == "172.18.0.9"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("127.0.0.1:80", ("127.0.0.1", "80", "")),
        ("[::1]:80", ("::1", "80", "")),
        (":5173", ("", "5173", "")),
        ("unix:/run/a.sock:", ("", "", "/run/a.sock")),
        ("/run/a.sock", ("", "", "/run/a.sock")),
    ],
)
def test_addresses(text, parts):
    found = address_of(text)
    assert (found.host, found.port, found.path) == parts


def test_no_address():
    assert address_of("backend") is None


def haproxy(upstream, protocol):
    value = {"by": "haproxy", "upstream": upstream, "server": "app/one", "protocol": protocol}
    return Observation(Hop.GATEWAY, "config-upstream", {**value, "file": "haproxy.cfg", "line": 9})


def knock(upstream, result):
    return Observation(Hop.LINK, "upstream-asked", {"upstream": upstream, "result": result})


SC = Observation(Hop.LINK, "upstream-refused", {"by": "haproxy", "upstream": "app/one"})


@pytest.mark.parametrize(
    ("protocol", "result", "said"),
    [("https", "accepts", True), ("https", "refused", False), ("http", "accepts", False)],
)
def test_haproxys_refusal_by_a_server_that_accepts_is_a_handshake(protocol, result, said):
    """Its state SC stands for a refused connection and for one that ended in the handshake."""
    seen = Evidence([haproxy("10.0.0.2:8443", protocol), SC, knock("10.0.0.2:8443", result)])
    found = [o for o in wired(seen) if o.name == "handshake-fails"]
    assert bool(found) is said
    complaint = seen.first("upstream-refused")
    assert all(o.value["supersedes"] == complaint.id for o in found)


@pytest.mark.parametrize(
    ("upstream", "cause"),
    [("localhost:8090", "localhost-resolves-to-ipv6"), ("app.internal:80", "proxy-dns-stale")],
)
def test_a_name_that_answers_when_it_is_looked_up_anew(known, upstream, cause):
    """Localhost has two addresses; another name had another one when the gateway looked it up."""
    seen = Evidence([haproxy(upstream, "http"), SC, knock(upstream, "answers")])
    assert judge_material(seen, "made", known).causes[0].cause == cause
