"""What configuration, state and logs say together."""

import pytest

from badgateway.inference.judge import judge_material
from badgateway.inference.load import loaded
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
    evidence = Evidence(observations)
    return {o.name: o for o in (*wired(evidence), *loaded(evidence))}


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


def test_what_a_log_once_said_does_not_outweigh_the_list_of_sockets():
    """An application that announced its address and then ended listens nowhere."""
    once = listener("10.0.0.2:8000", "the application", complete=False, role="application")
    found = joined(upstream("10.0.0.2:8000"), once, listener("10.0.0.2:9000"))
    assert "no-listener" in found
    asked = Observation(
        Hop.LINK, "upstream-asked", {"upstream": "10.0.0.2:8000", "result": "refused"}
    )
    assert "rejected-though-listening" not in joined(asked, once, listener("10.0.0.2:9000"))


def test_an_application_that_began_just_now_is_still_starting():
    """It runs, it listens nowhere, and its address is refused."""
    young = Observation(
        Hop.UPSTREAM, "process-young", {"process": "gunicorn", "pids": (7, 8), "seconds": 2.0}
    )
    refused = Observation(
        Hop.LINK, "upstream-asked", {"upstream": "127.0.0.1:8000", "result": "refused"}
    )
    other = listener("127.0.0.1:9000", pid=9)
    assert "still-starting" in joined(young, refused, other)
    assert "still-starting" not in joined(young, refused, listener("127.0.0.1:9000", pid=7))
    assert "still-starting" not in joined(young, other)
    failed = Observation(Hop.UPSTREAM, "app-failed-to-start", {"by": "gunicorn"})
    assert "still-starting" not in joined(young, refused, other, failed)


@pytest.mark.parametrize(
    ("queue", "accepted", "share", "stated"),
    [(200, 4, 100, True), (200, 4, 10, False), (10, 1, 100, False), (100, 50, 100, False)],
)
def test_a_long_queue_before_busy_workers_is_more_than_can_be_served(
    queue, accepted, share, stated
):
    """Workers that wait for something else are slow; those that never rest have too much to do."""
    there = listener("10.0.0.2:8000", pid=7, queue=queue, accepted=accepted, place="")
    works = Observation(
        Hop.UPSTREAM,
        "process-works",
        {"process": "gunicorn", "pids": (7, 8), "share": share, "place": ""},
    )
    assert ("demand-exceeds" in joined(there, works)) is stated


@pytest.mark.parametrize(
    ("process", "demand", "basis"),
    [
        ("python3", {"per_second": 9.0, "failed": 120, "answered": 30}, "answers"),
        ("python3", {"per_second": 200.0, "failed": 2_000, "answered": 0}, "rate"),
        ("python3", {"per_second": 0.5, "failed": 40, "answered": 0}, None),
        ("php-fpm8.2", {"per_second": 9.0, "failed": 120, "answered": 30}, None),
    ],
)
def test_pages_that_are_answered_now_and_then_wait_for_their_turn(process, demand, basis):
    """A page that takes too long is answered to nobody; one that waits in a queue is to some."""
    there = listener("10.0.0.2:8000", process, pid=7, queue=200, accepted=1)
    found = joined(there, Observation(Hop.GATEWAY, "demand", demand)).get("demand-exceeds")
    assert (found.text("basis") if found else None) == basis


def test_an_upstream_that_refused_and_answers_came_back():
    """Known by its address alone: behind a name another machine may answer by now."""
    refusal = Observation(
        Hop.LINK, "upstream-refused", {"by": "nginx", "upstream": "10.0.0.2:8011"}
    )
    answers = Observation(
        Hop.LINK, "upstream-asked", {"upstream": "10.0.0.2:8011", "result": "answers"}
    )
    assert "came-back" in joined(refusal, answers)
    assert "came-back" not in joined(refusal)


def test_a_server_that_haproxy_names_came_back_at_the_address_of_its_configuration():
    """Its log names the backend and the server; where that is stands in its configuration."""
    refusal = Observation(
        Hop.LINK, "upstream-refused", {"by": "haproxy", "upstream": "shops/node2"}
    )
    written = {"by": "haproxy", "server": "shops/node2", "upstream": "10.0.0.2:8012"}
    answers = Observation(
        Hop.LINK, "upstream-asked", {"upstream": "10.0.0.2:8012", "result": "answers"}
    )
    there = Observation(Hop.GATEWAY, "config-upstream", written)
    assert "came-back" in joined(refusal, there, answers)
    assert "came-back" not in joined(refusal, answers)


@pytest.mark.parametrize(("head", "stated"), [(20_000, True), (500, False)])
def test_a_head_that_the_gateways_buffer_does_not_hold_is_stated(head, stated):
    """HAProxy's buffer less what it keeps for rewriting, measured against a real answer."""
    asked = Observation(
        Hop.LINK,
        "upstream-asked",
        {"upstream": "10.0.0.2:8000", "result": "answers", "head": head},
    )
    wish = upstream("10.0.0.2:8000", by="haproxy", protocol="http")
    assert ("header-exceeds-buffer" in joined(asked, wish)) is stated


def test_a_setting_that_leads_to_a_listener_is_no_mistake():
    """A file that was changed a minute ago, and an address on which something listens."""
    file = {"path": "/etc/nginx/nginx.conf", "minutes": 1}
    changed = Observation(Hop.HOST, "file-changed", file)
    asked = Observation(
        Hop.LINK, "upstream-asked", {"upstream": "10.0.0.2:8000", "result": "refused"}
    )
    wish = upstream("10.0.0.2:8000")
    assert "upstream-setting-changed" in joined(changed, asked, wish)
    found = joined(changed, asked, wish, listener("10.0.0.2:8000"))
    assert "upstream-setting-changed" not in found
