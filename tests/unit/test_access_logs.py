"""Access logs: what single lines tell, and what many tell together."""

import json
import tomllib
from pathlib import Path

import pytest

from badgateway.investigate.sort import read_together
from badgateway.knowledge.log_format import expression_of
from badgateway.model.material import material_of


def said(*texts):
    """What stands in some material, by the observation's name, the last one of each."""
    materials = [material_of(f"file{number}", text) for number, text in enumerate(texts)]
    return {o.name: o for o in read_together(materials)}


def combined(status, second=0, path="/", rest="", client="203.0.113.7"):
    """A line of nginx's combined format, `second` seconds after nine o'clock."""
    time = f"24/Nov/2026:{9 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} +0000"
    return f'{client} - - [{time}] "GET {path} HTTP/1.1" {status} 157 "-" "curl/8.5"{rest}\n'


def nginx(status, addr, upstream_status, connect, header, total="0.001"):
    """A line in a format that names nginx's variables."""
    return combined(
        status,
        rest=f' upstream_addr="{addr}" upstream_status="{upstream_status}" uct={connect}'
        f" uht={header} urt={total} request_time={total}",
    )


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (nginx(502, "10.0.0.2:80", "502", "-", "-"), "upstream-connect-failed"),
        (nginx(504, "10.0.0.2:80", "504", "-", "-", "60.001"), "upstream-connect-timeout"),
        (nginx(504, "10.0.0.2:80", "504", "0.001", "-", "60.001"), "upstream-answer-timeout"),
        (nginx(502, "10.0.0.2:80", "502", "0.001", "-"), "upstream-answer-unusable"),
        (nginx(502, "10.0.0.2:80", "502", "0.001", "0.020"), "upstream-answered-error"),
        (nginx(502, "backend", "502", "-", "-"), "upstreams-all-down"),
        (nginx(499, "10.0.0.2:80", "-", "0.001", "-", "60.000"), "client-gave-up"),
        (nginx(200, "10.0.0.2:80, 10.0.0.3:80", "502, 200", "-", "0.1"), "upstream-failed-over"),
    ],
)
def test_nginx_variables_tell_how_far_a_request_came(line, word):
    """Which of nginx's times are there says at which step the upstream failed."""
    assert word in said(line)


def test_an_answer_that_is_fine_says_nothing():
    """Requests that worked are counted and not reported."""
    assert said(combined(200) + combined(404)) == {}


def test_failed_answers_are_counted_with_their_share_and_pages():
    """How many of all requests failed, and on which pages, is stated."""
    lines = [combined(200, n) for n in range(6)]
    lines += [combined(502, 10, "/cart?id=7"), combined(502, 11, "/cart?id=8")]
    (answers,) = said("".join(lines)).values()
    assert (answers.value["count"], answers.value["total"], answers.value["share"]) == (2, 8, 25.0)
    assert answers.items("paths") == ("/cart",)
    assert answers.at.isoformat() == "2026-11-24T09:00:10+00:00"
    assert answers.value["explained"] is False


def test_answers_that_all_took_the_same_time_betray_a_limit():
    """Durations that are the same whole number of seconds are a timeout of somebody's."""
    lines = [combined(504, n, rest=f" rt=60.0{n}") for n in range(4)]
    assert said("".join(lines))["same-duration"].value["seconds"] == 60
    lines = [combined(504, n, rest=f" rt={20 + 7.37 * n:.2f}") for n in range(4)]
    assert "same-duration" not in said("".join(lines))


def test_failures_in_one_minute_of_a_long_log_are_a_burst():
    """A restart shows as failures close together."""
    lines = [combined(200, 60 * n) for n in range(60)]
    lines[30:30] = [combined(502, 1800 + n) for n in range(8)]
    assert said("".join(lines))["burst"].value["count"] == 8


def test_a_flood_is_told_with_its_largest_client():
    """The peak minute against the usual one, and the share of the busiest client."""
    lines = [combined(200, 60 * n, client=f"192.0.2.{n}") for n in range(30)]
    lines += [combined(503, 1800, client="198.51.100.9")] * 300
    traffic = said("".join(lines))["traffic"]
    assert (traffic.value["spike"], traffic.value["top_client_share"]) == (300.0, "91 %")


def test_a_format_that_the_configuration_declares_is_used():
    """`log_format` beside the log, in whichever order they come, says what its fields are."""
    config = (
        "http {\n  log_format odd '$remote_addr \"$request\" $status|$upstream_addr|'\n"
        "    '$upstream_status|$upstream_connect_time|$upstream_header_time';\n"
        "  access_log /var/log/nginx/a.log odd;\n  server { listen 80; }\n}\n"
    )
    log = '203.0.113.7 "GET /a HTTP/1.1" 502|10.0.0.2:8000|502|-|-\n'
    plain = '203.0.113.7 "GET /a HTTP/1.1" 200 -\n'
    found = said(plain + log + log, config)
    assert found["upstream-connect-failed"].text("upstream") == "10.0.0.2:8000"


def test_apache_declares_formats_too():
    """`LogFormat` with the time in microseconds."""
    expression = expression_of('%h %l %u %t \\"%r\\" %>s %O %D')
    found = expression.match('192.0.2.1 - - [24/Nov/2026:09:00:00 +0000] "GET / HTTP/1.1" 502 5 99')
    assert (found["status"], found["request_time_us"], found["remote_addr"]) == (
        "502",
        "99",
        "192.0.2.1",
    )


@pytest.mark.parametrize("text", ["", "$status" * 300, "$a$status $request", "x" * 5_000, "%s"])
def test_a_format_that_cannot_be_read_without_guessing_is_not(text):
    """Formats without a status, with fields side by side, or without end are passed over."""
    found = expression_of(text)
    assert found is None or found.match("502")


ALB = (
    "http 2026-11-24T09:14:{second}Z app/shop/1 203.0.113.7:2817 {target} {times} {status} 34 366 "
    '"GET http://shop.example:80/ HTTP/1.1" "curl/8" - - arn:tg "Root=1" "-" "-" 0 '
    '2026-11-24T09:14:02.000000Z "{action}" "-" "-" "10.0.0.1:80" "-" "-" "-"\n'
)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (("02.001000", "10.0.0.1:80", "-1 -1 -1", "502 -", "forward"), "upstream-connect-failed"),
        (
            ("02.002000", "10.0.0.1:80", "0.000 0.001 -1", "502 -", "forward"),
            "upstream-closed-early",
        ),
        (("12.001000", "10.0.0.1:80", "-1 -1 -1", "504 -", "forward"), "upstream-connect-timeout"),
        (("32.001000", "10.0.0.1:80", "0.0 -1 -1", "504 -", "forward"), "upstream-answer-timeout"),
        (("02.010000", "10.0.0.1:80", "0.0 0.01 0.0", "502 502", "f"), "upstream-answered-error"),
        (("02.001000", "-", "-1 -1 -1", "503 -", "forward"), "upstreams-none"),
        (("02.001000", "-", "-1 -1 -1", "503 -", "fixed-response"), "maintenance-on"),
    ],
)
def test_a_balancer_of_aws_is_understood(line, word):
    """Its status against the target's, its three times, and how long all of it took."""
    second, target, times, status, action = line
    text = ALB.format(second=second, target=target, times=times, status=status, action=action)
    assert word in said(text)


@pytest.mark.parametrize(
    ("edge", "origin", "word"),
    [
        (521, 0, "upstream-refused"),
        (522, 0, "upstream-connect-timeout"),
        (524, 0, "upstream-answer-timeout"),
        (526, 0, "upstream-certificate-rejected"),
        (502, 502, "upstream-answered-error"),
    ],
)
def test_cloudflare_log_tells_edge_from_origin(edge, origin, word):
    """The origin's status beside the edge's own says who made the page."""
    entry = {"EdgeResponseStatus": edge, "OriginResponseStatus": origin, "ClientRequestURI": "/"}
    assert word in said(json.dumps(entry) + "\n")


def test_times_of_traefik_are_nanoseconds_and_of_envoy_milliseconds():
    """Each product's unit is known, so a timeout is recognised."""
    traefik = {"DownstreamStatus": 504, "Duration": 30_000_900_000, "RequestPath": "/"}
    envoy = {"response_code": 504, "duration": 15_002, "response_flags": "UT", "path": "/"}
    assert said((json.dumps(traefik) + "\n") * 3)["same-duration"].value["seconds"] == 30
    assert said((json.dumps(envoy) + "\n") * 3)["same-duration"].value["seconds"] == 15


def test_access_lines_of_caddy_stand_among_its_other_lines():
    """Caddy writes both kinds into one log; each is read as what it is."""
    access = {
        "level": "error", "ts": 1_764_000_000.5, "logger": "http.log.access.log0",
        "msg": "handled request", "request": {"host": "shop.example", "uri": "/a"},
        "duration": 0.001, "status": 502,
    }  # fmt: skip
    reason = {
        "level": "error", "ts": 1_764_000_000.5, "logger": "http.log.error", "status": 502,
        "msg": "dial tcp 10.0.0.2:8000: connect: connection refused",
    }  # fmt: skip
    text = "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in (reason, access))
    assert {"upstream-refused", "answers-logged"} <= set(said(text))


@pytest.mark.parametrize("form", [0, 1])
def test_an_exported_journal_is_read_with_its_times(form):
    """JSON and export format of journalctl say the same, in microseconds since the epoch."""
    kinds = Path(__file__).parents[1] / "contracts" / "kinds.toml"
    sample = tomllib.loads(kinds.read_text("utf-8"))["journal-export"][form]
    (found,) = said(sample).values()
    assert found.at.isoformat() == "2025-11-24T16:00:00+00:00"
