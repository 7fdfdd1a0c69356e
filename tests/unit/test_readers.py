"""Material that a person has, recognised and read."""

import base64
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgateway.model.material import material_of
from badgateway.readers import readers, recognised
from badgateway.readers.documents import har, http_exchange, page

CURL_V = """* Host shop.test:80 was resolved.
*   Trying 192.0.2.1:80...
* Connected to shop.test (192.0.2.1) port 80
> GET / HTTP/1.1
> Host: shop.test
>
< HTTP/1.1 502 Bad Gateway
< Server: nginx/1.24.0
< Content-Type: text/html
<
<html>
<head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
</body>
</html>
* Connection #0 to host shop.test left intact
"""


def har_of(*entries) -> str:
    """A HAR file with these entries."""
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}})


def entry(status=200, url="https://a/", **more):
    """One entry of a HAR file."""
    return {"request": {"url": url}, "response": {"status": status, **more}}


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        ("HTTP/1.1 502 Bad Gateway\nServer: x\n\n", "http-exchange"),
        ("\ufeff\r\nHTTP/2 502\n\n", "http-exchange"),
        (CURL_V, "http-exchange"),
        ('{"log": {"entries": []}}', "har"),
        ('\ufeff {"log": {"version": "1.2", "entries": []}}', "har"),
        ("<html><h1>502 Bad Gateway</h1>", "page"),
        ("502 Bad Gateway", "page"),
        ('{"error": "bad gateway"}', "page"),
        ("", None),
        (" \n\t", None),
        ("\x00\x01binary", None),
    ],
)
def test_material_is_recognised(text, reader):
    """What a text is, is told from the text alone."""
    assert recognised(text) == reader


def test_several_answers_are_read_one_by_one():
    """Redirects, interim answers and a proxy's consent each are an answer of their own."""
    text = (
        "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 301 Moved\r\nLocation: /b\r\n\r\n"
        "HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n\r\n<h1>502</h1>"
    )
    read = list(http_exchange.read(material_of("x", text)))
    assert [o.value["status"] for o in read] == [200, 301, 502]
    assert [o.text("body") for o in read] == ["", "", "<h1>502</h1>"]


def test_the_page_of_curl_v_is_kept():
    """In the output of `curl -v` head and page are told from requests and remarks."""
    (read,) = http_exchange.read(material_of("x", CURL_V))
    assert (read.value["status"], dict(read.items("headers"))["Server"]) == (502, "nginx/1.24.0")
    assert "<center><h1>502 Bad Gateway</h1></center>" in read.text("body")
    assert "left intact" not in read.text("body")
    assert "GET /" not in read.text("body")


def test_a_page_is_kept_whole():
    """A page without a head is one statement, with its beginning as an excerpt."""
    (read,) = page.read(material_of("x.html", "<h1>502</h1>\n" + "x" * 500))
    assert read.name == "page-text"
    assert read.text("body").endswith("x" * 500)
    assert len(read.text("excerpt")) <= 200
    assert read.source == "file:x.html"


def test_a_har_is_read_entry_by_entry():
    """Each answer with its headers and body, each request that got none as a failure."""
    text = har_of(
        entry(502, content={"text": "<h1>502</h1>"}, headers=[{"name": "Server", "value": "x"}]),
        entry(0, _error="net::ERR_CONNECTION_REFUSED"),
    )
    answer, gave_up = har.read(material_of("x.har", text))
    assert (answer.value["status"], answer.text("body")) == (502, "<h1>502</h1>")
    assert answer.items("headers") == (("Server", "x"),)
    assert (gave_up.name, gave_up.text("error")) == (
        "request-failed",
        "net::ERR_CONNECTION_REFUSED",
    )


def test_a_body_in_base64_is_decoded():
    """A body that the browser stored as base64 is read as the page it is."""
    packed = base64.b64encode("<h1>502 é</h1>".encode()).decode()
    (read,) = har.read(
        material_of("x", har_of(entry(502, content={"text": packed, "encoding": "base64"})))
    )
    assert read.text("body") == "<h1>502 é</h1>"


def test_the_time_of_an_entry_is_kept():
    """An entry happened when the browser says."""
    one = {**entry(), "startedDateTime": "2026-11-23T09:14:02.000Z"}
    (read,) = har.read(material_of("x", har_of(one)))
    assert read.at.isoformat() == "2026-11-23T09:14:02+00:00"


BROKEN = {
    "cut": '{"log": {"entries": [{"request"',
    "no log": '{"entries": [], "x": "log"}',
    "log is a list": '{"log": [], "entries": 1}',
    "entries are a number": '{"log": {"entries": 5}}',
    "entries are null": '{"log": {"entries": null}}',
    "deep": '{"log": {"entries": ' + "[" * 100_000,
    "a number of 5000 digits": '{"log": {"entries": [' + "9" * 5_000 + "]}}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_har_is_said_to_be_broken(text):
    """A HAR file that is cut or wrong is said to be, and breaks nothing."""
    assert {o.name for o in har.read(material_of("x.har", text))} <= {"nothing-known"}


ODD = [None, True, False, -1, 0, 10**400, 1e308, 5.5, "502", [], {}, [502], {"a": 1}, "\ud800", ""]


@pytest.mark.parametrize("odd", ODD, ids=lambda value: ascii(value)[:20])
def test_a_har_with_odd_values_is_read(odd):
    """Each value of a HAR file may be anything; what makes no sense is passed over."""
    text = har_of(
        odd,
        {"request": odd, "response": odd},
        entry(odd),
        entry(502, odd, statusText=odd, headers=odd, content=odd, httpVersion=odd),
        entry(502, headers=[odd, {"name": odd, "value": odd}], content={"text": odd}),
        entry(502, content={"text": "a", "encoding": odd}),
        entry(502, content={"text": "é=", "encoding": "base64"}),
        {**entry(502), "startedDateTime": odd, "serverIPAddress": odd, "_resourceType": odd},
    )
    for observation in har.read(material_of("x", text)):
        assert observation.name in ("http-response", "request-failed")
        status = observation.value.get("status")
        assert status is None or (type(status) is int and 100 <= status <= 999)


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-23", "x", "\ud800"]
)
def test_a_har_with_an_odd_time_is_reported(command, tmp_path, time):
    """A time beyond the calendar does not break the report."""
    file = tmp_path / "x.har"
    file.write_text(har_of({**entry(502), "startedDateTime": time}))
    for more in ([], ["--json"]):
        assert command("explain", str(file), *more).status == 1


@given(st.text(max_size=300), st.sampled_from(["", '{"log": {"entries": [', "HTTP/1.1 502 x\n"]))
@example("\ud800", "< HTTP/1.1 502 \ud800\n")
@example("&#" + "9" * 5_000 + ";<p>", "")
def test_any_text_is_read(text, start):
    """No reader refuses a text, and only words of the vocabulary come out."""
    from badgateway.model.vocabulary import vocabulary

    for reader in readers().values():
        assert 0 <= reader.fits(start + text) <= 1
        for observation in reader.read(material_of("x", start + text)):
            assert observation.name in vocabulary().observations


@given(st.binary(max_size=200))
def test_any_bytes_are_explained(known, data):
    """Whatever a file holds, it is explained or said to hold nothing known."""
    from badgateway.investigate.explain import explain_materials
    from badgateway.model.material import Material
    from badgateway.report.json import verdict_json

    verdict = explain_materials([Material("x", lambda: io.BytesIO(data))], known)
    assert json.loads(verdict_json(verdict))["subject"] == "x"


def test_a_stack_below_a_line_does_not_hide_what_log_it_is():
    """An application that fails at once writes more frames than lines of its own."""
    line = "[2026-11-25 01:32:47 +0000] [688] [ERROR] Exception in worker process\n"
    frames = '  File "/usr/lib/python3/x.py", line 1, in f\n    g()\n' * 30
    text = (
        "[2026-11-25 01:32:47 +0000] [687] [INFO] Listening at: http://10.0.0.2:8000 (687)\n"
        + line
        + "Traceback (most recent call last):\n"
        + frames
        + "ModuleNotFoundError: No module named 'stripe'\n"
    )
    assert recognised(text) == "gunicorn-log"
