"""Whatever a site sends, a terminal and a log see it as text and never as a command."""

import json
import unicodedata

import pytest
from cryptography import x509
from loopback import Connection, http, one

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31m\x9b31m\x08\x7f"
BIDI = "\u202e\u2066\u200f\u200b\ufeff"
HOSTILE = ESCAPES.encode("latin-1") + BIDI.encode("utf-8")
DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def harmless(text: str) -> None:
    """Fail where `text` holds anything but letters, marks and line ends."""
    odd = {c for c in text if c != "\n" and unicodedata.category(c) in DANGEROUS}
    assert odd == set(), f"reached the output: {sorted(map(ascii, odd))}"


ANSWERS = {
    "a header's value": http("502 Bad Gateway", b"", "X-Odd: MARK", "Server: MARK"),
    "the reason": b"HTTP/1.1 502 MARK\r\nContent-Length: 0\r\n\r\n",
    "the body": http("502 Bad Gateway", b"<title>502 MARK</title><h1>502 Bad Gateway MARK</h1>"),
    "the body as text": http("502 Bad Gateway", b"MARK", "Content-Type: text/plain"),
    "a version": http("502 Bad Gateway", b"<center>nginx/1.2MARK</center>", "Server: nginx/MARK"),
    "a Location": b"HTTP/1.1 302 MARK\r\nLocation: ftp://MARK/\r\nContent-Length: 0\r\n\r\n",
    "a Location of this host": b"HTTP/1.1 302 To\r\nLocation: /MARK\r\nContent-Length: 0\r\n\r\n",
    "a Proxy-Status": http("502 Bad Gateway", b"", 'Proxy-Status: "MARK"; error=MARK'),
    "an encoding": http("502 Bad Gateway", b"x", "Content-Encoding: MARK"),
    "a charset": http("502 Bad Gateway", b"MARK", "Content-Type: text/html; charset=MARK"),
    "a banner": b"MARK\r\n\r\n",
    "a status line": b"HTTP/1.1 MARK\r\n\r\n",
    "a header's name": b"HTTP/1.1 502 Bad\r\nX-MARK: 1\r\nContent-Length: 0\r\n\r\n",
    "a chunk's size": b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\nMARK\r\n",
    "a length": b"HTTP/1.1 502 Bad\r\nContent-Length: MARK\r\n\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_no_part_of_an_answer_reaches_the_terminal_raw(command, serve, answer):
    """Escape sequences and invisible characters of a site are shown as text, in every format."""
    url = serve(answer.replace(b"MARK", HOSTILE)).url
    for_people = command(url, "--timeout", "3")
    harmless(for_people.out)
    harmless(for_people.err)
    as_json = command(url, "--timeout", "3", "--json")
    assert as_json.out.isascii()
    harmless(as_json.out)
    assert json.loads(as_json.out)["subject"] == url
    assert for_people.status == as_json.status == 1


def test_no_part_of_a_certificate_reaches_the_terminal_raw(command, serve, certificate):
    """A certificate's subject is as hostile as everything else that a stranger wrote."""
    issued = certificate(x509.DNSName("x.test"), subject="evil" + ESCAPES + BIDI)
    server = serve(http("200 OK", b"hi"), tls=issued.context())
    for_people = command(server.url, "--timeout", "3")
    harmless(for_people.out)
    as_json = command(server.url, "--timeout", "3", "--json")
    assert "evil" in as_json.out
    assert as_json.out.isascii()
    harmless(as_json.out)


def test_no_part_of_a_proxys_refusal_reaches_the_terminal_raw(command, serve):
    """What a proxy says in its refusal is shown as text."""
    page = b"HTTP/1.1 403 " + HOSTILE + b"\r\nContent-Length: 90\r\n\r\n" + HOSTILE * 2
    proxy = serve(page)
    for url in ("http://site.test/", "https://site.test/"):
        ran = command(url, "--proxy", f"http://{proxy.authority}", "--timeout", "3")
        harmless(ran.out)
        assert ran.status == 1


MATERIAL = {
    "a page": b"<title>502 MARK</title><h1>502 Bad Gateway</h1> MARK nginx/MARK",
    "an answer": b"HTTP/1.1 502 MARK\r\nServer: nginx/MARK\r\n\r\n<h1>502 Bad Gateway</h1>MARK",
    "curl -v": b"> GET / HTTP/1.1\n< HTTP/1.1 502 MARK\n< Server: MARK\n< \nMARK\n",
    "a HAR": json.dumps(
        {
            "log": {
                "entries": [
                    {
                        "request": {"url": "http://a/" + ESCAPES + BIDI},
                        "response": {"status": 502, "statusText": ESCAPES + BIDI + "\ud800"},
                    },
                    {
                        "request": {"url": ESCAPES + BIDI},
                        "response": {"status": 0, "_error": ESCAPES + "\udfff"},
                    },
                ]
            }
        }
    ).encode(),
    "a cut HAR": b'{"log": {"entries": [MARK',
    "binary": b"\x00MARK\x00",
}


@pytest.mark.parametrize("material", MATERIAL.values(), ids=MATERIAL.keys())
def test_no_part_of_material_reaches_the_terminal_raw(command, tmp_path, material):
    """A saved page, paste or HAR file, and its name, are shown as text."""
    file = tmp_path / f"page{ESCAPES.replace('/', '')}{BIDI}.html"
    file.write_bytes(material.replace(b"MARK", HOSTILE))
    ran = command("explain", str(file))
    harmless(ran.out)
    harmless(ran.err)
    as_json = command("explain", "--json", str(file))
    assert as_json.out.isascii()
    json.loads(as_json.out)


def test_the_name_of_a_missing_file_is_shown_as_text(command, tmp_path):
    """A file's name that a shell's `*` brought in cannot command the terminal either."""
    ran = command("explain", str(tmp_path / ("missing" + ESCAPES)))
    assert ran.status == 2
    harmless(ran.err)


def test_a_url_is_shown_as_text(command):
    """A URL that cannot be checked is quoted in the complaint as text."""
    ran = command("http://exa mple\u202e\u200b.com/")
    assert ran.status == 2
    harmless(ran.err)


def test_hostile_bytes_are_kept_as_evidence(check, serve):
    """Harmless on the screen, whole in the verdict: evidence is not washed."""
    answer = b"HTTP/1.1 502 Bad \x80\xff\r\nX-Odd: a\x80b\r\nContent-Length: 0\r\n\r\n"
    response = one(check(serve(answer).url), "http-response")
    assert response.text("reason") == "Bad \x80\xff"
    assert ("X-Odd", "a\x80b") in response.items("headers")


def test_a_long_answer_does_not_flood_the_terminal(command, serve):
    """A page of 200 kB is one line of evidence, not 200 kB of output."""
    answer = b"HTTP/1.1 502 " + b"long " * 5_000 + b"\r\nContent-Length: 0\r\n\r\n"
    ran = command(serve(answer).url, "--timeout", "3")
    assert len(ran.out) < 20_000


def test_a_picture_of_the_chain_is_drawn_for_a_hostile_site_too(command, serve):
    """The report stays whole: subject, chain, headline, evidence."""

    def handle(connection: Connection) -> None:
        connection.head()
        connection.send(ANSWERS["the body"].replace(b"MARK", HOSTILE))

    ran = command(serve(handle).url, "--timeout", "3")
    assert "502 Bad Gateway" in ran.out
    assert "✗" in ran.out
