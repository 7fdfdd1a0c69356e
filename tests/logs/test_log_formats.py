"""Every dialect of access logs is read by its shape; what does not fit is shown."""

import bz2
import json
import lzma
import sys
from datetime import UTC, datetime

import pytest

from badgateway.investigate.logs import logs_at
from badgateway.logs.engines.local import Local
from badgateway.logs.gather import gather
from badgateway.logs.source import found
from badgateway.logs.summary import Kind, Summary

AT = int(datetime(2026, 11, 1, 10, 0, 7, tzinfo=UTC).timestamp())


def read(*names, formats=()) -> tuple[Summary, list[str]]:
    logs, skipped = logs_at([str(name) for name in names], formats)
    assert not skipped
    return gather(logs, Local(1)).summary, [log.kind for log in logs]


COMMON = '198.51.100.7 - - [01/Nov/2026:11:00:07 +0100] "GET /a?x=1 HTTP/1.1" 502 157 "-" "curl/8"'
JSON = {
    "time_iso8601": "2026-11-01T10:00:07+00:00",
    "remote_addr": "198.51.100.7",
    "request_uri": "/a?x=1",
    "status": "502",
    "request_time": "1.500",
    "upstream_addr": "10.0.0.2:80",
    "upstream_status": "502",
}
TRAEFIK = {
    "ClientHost": "198.51.100.7",
    "DownstreamStatus": 502,
    "Duration": 1500000000,
    "OriginDuration": 1500000000,
    "RequestPath": "/a",
    "ServiceAddr": "10.0.0.2:80",
    "OriginStatus": 502,
    "time": "2026-11-01T10:00:07Z",
}
CADDY = {
    "level": "error",
    "ts": AT + 0.25,
    "logger": "http.log.access",
    "msg": "handled request",
    "request": {"remote_ip": "198.51.100.7", "method": "GET", "host": "s", "uri": "/a?x=1"},
    "duration": 1.5,
    "status": 502,
}
ISTIO = {
    "start_time": "2026-11-01T10:00:07.123Z",
    "path": "/a?x=1",
    "response_code": 502,
    "response_flags": "UF",
    "duration": 1500,
    "upstream_host": "10.0.0.2:80",
}
CASES = {
    "access-log": COMMON,
    "access-log named": COMMON + ' rt=1.500 ua="10.0.0.2:80" us="502" ut="1.500"',
    "access-log traefik": COMMON + ' 12 "web@docker" "http://10.0.0.2:80" 1500ms',
    "access-log ingress": COMMON
    + " 120 1.500 [ns-shop-80] [] 10.0.0.2:80 0 1.500 502 3f8e1c9b7d6a5f4e3d2c1b0a99887766",
    "json-access-log": json.dumps(JSON),
    "json-access-log traefik": json.dumps(TRAEFIK),
    "json-access-log istio": json.dumps(ISTIO),
    "caddy-log": json.dumps(CADDY, separators=(",", ":")),
    "haproxy-log": "Nov  1 10:00:07 lb haproxy[12]: 198.51.100.7:51112 [01/Nov/2026:10:00:07.123] "
    'web app/s1 0/0/0/-1/1500 502 204 - - SH-- 1/1/0/0/0 0/0 "GET /a?x=1 HTTP/1.1"',
    "envoy-access-log": '[2026-11-01T10:00:07.123Z] "GET /a?x=1 HTTP/1.1" 502 UF '
    'upstream_reset_before_response_started{connection_failure} - "-" 0 91 1500 - '
    '"198.51.100.7" "curl/8" "0a1b" "shop.example" "10.0.0.2:80" inbound - -',
    "aws-alb-log": "https 2026-11-01T10:00:07.123456Z app/lb/1 198.51.100.7:2817 10.0.0.2:80 0.000 "
    '1.500 -1 502 - 34 366 "GET https://shop.example:443/a?x=1 HTTP/1.1" "curl/8" - - arn "Root=1" '
    '"shop.example" "-" 0 2026-11-01T10:00:05.623000Z "forward" "-" "-" "10.0.0.2:80" "-" "-" "-"',
}


@pytest.mark.parametrize("name", CASES)
def test_each_dialect_is_read(name, tmp_path, monkeypatch):
    """Time, status, path and, where they are told, client and upstream of one request."""
    monkeypatch.setenv("TZ", "UTC")
    path = tmp_path / "some.log"
    path.write_text((CASES[name] + "\n") * 5)
    summary, kinds = read(path)
    assert kinds == [name.split(" ")[0]]
    assert (summary.lines, summary.requests, summary.unread) == (5, 5, 0)
    assert summary.minutes == {AT // 60: {502: 5}}
    assert summary.paths.counts == {"/a": 5}
    (kind,) = summary.kinds
    assert kind.status == 502
    if "198.51.100.7" in CASES[name]:
        assert summary.clients.counts == {"198.51.100.7": 5}
    if "10.0.0.2:80" in CASES[name]:
        assert kind.upstream.endswith("10.0.0.2:80")
    if "1500" in CASES[name] or "1.5" in CASES[name]:
        assert summary.limits == {(AT // 60, 15): 5}


def test_cloudfront_is_read(tmp_path):
    """A W3C log by the fields that its header names."""
    path = tmp_path / "edge.log"
    fields = "date time c-ip cs-uri-stem sc-status time-taken x-edge-result-type x-host-header"
    fields += " x-edge-detailed-result-type"
    row = "2026-11-01\t10:00:07\t198.51.100.7\t/a\t502\t1.500\tError\ts\tOriginConnectError\n"
    path.write_text(f"#Version: 1.0\n#Fields: {fields}\n" + row * 4)
    summary, kinds = read(path)
    assert kinds == ["cloudfront-log"]
    assert (summary.requests, summary.unread) == (4, 0)
    assert set(summary.kinds) == {Kind(502, "OriginConnectError", "s", "")}


def test_a_declared_format_is_taken_from_the_configuration(tmp_path):
    """Nginx' own log_format, found in a configuration among the files."""
    config = tmp_path / "nginx.conf"
    config.write_text(
        "http {\n  log_format odd '$status|$time_iso8601|$remote_addr|\"$request\"|$upstream_addr';"
        "\n  server { listen 80; location / { proxy_pass http://10.0.0.2:80; } }\n}\n"
    )
    path = tmp_path / "shop.log"
    path.write_text(
        '502|2026-11-01T10:00:07+00:00|198.51.100.7|"GET /a HTTP/1.1"|10.0.0.2:80\n' * 6
    )
    summary, kinds = read(config, path)
    assert kinds == ["access-log"]
    assert set(summary.kinds) == {Kind(502, "", "10.0.0.2:80", "")}
    assert summary.paths.counts == {"/a": 6}


def test_a_format_can_be_given(tmp_path):
    """Apache's LogFormat with the duration in microseconds."""
    path = tmp_path / "apache.log"
    path.write_text('198.51.100.7 [01/Nov/2026:10:00:07 +0000] "GET /a HTTP/1.1" 502 1500000\n' * 3)
    summary, _ = read(path, formats=['%h %t \\"%r\\" %>s %D'])
    assert summary.limits == {(AT // 60, 15): 3}


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_other_packings(pack, tmp_path):
    """bzip2 and xz are read as well."""
    path = tmp_path / "access.log.packed"
    path.write_bytes(pack((COMMON + "\n").encode() * 100))
    assert read(path)[0].requests == 100


def test_lines_that_do_not_fit_are_counted_and_shown(tmp_path):
    """Nothing is dropped in silence: the first ones are kept with their numbers, secrets masked."""
    path = tmp_path / "access.log"
    odd = ["what is this", "GET /?password=hunter2hunter2 half a line"]
    path.write_text("\n".join([*[COMMON] * 50, *odd, COMMON, ""]))
    summary, _ = read(path)
    assert (summary.lines, summary.requests, summary.unread) == (53, 51, 2)
    assert (summary.samples[0].line, summary.samples[0].text) == (51, "what is this")
    assert "hunter2" not in summary.samples[1].text


def test_rotated_sets_are_in_order(tmp_path):
    """The oldest comes first, by numbers and by dates; what is named twice is read once."""
    for name in ("access.log", "access.log.1", "access.log.2.gz", "access.log.10.gz"):
        (tmp_path / name).touch()
    order = [str(tmp_path / n) for n in ("access.log.10.gz", "access.log.2.gz", "access.log.1")]
    order.append(str(tmp_path / "access.log"))
    assert found([str(tmp_path / "access.log*"), order[0]]) == order
    for name in ("e.log-20261102.gz", "e.log-20261101.gz", "e.log"):
        (tmp_path / name).touch()
    named = [n.rpartition("/")[2] for n in found([str(tmp_path / "e.log*")])]
    assert named == ["e.log-20261101.gz", "e.log-20261102.gz", "e.log"]


def test_standard_input_is_read(tmp_path, monkeypatch):
    """A pipe of any length, read once."""
    import io
    from types import SimpleNamespace

    data = (COMMON + "\n").encode() * 2_000
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert read("-")[0].requests == 2_000


def test_a_log_elsewhere_needs_an_extra_that_is_named(monkeypatch):
    """Without what reads other file systems, the log is skipped with the command that helps."""
    monkeypatch.setitem(sys.modules, "fsspec", None)
    logs, (skipped,) = logs_at(["memory://access.log"])
    assert logs == []
    assert "pip install 'badgateway[cluster]'" in skipped.why
