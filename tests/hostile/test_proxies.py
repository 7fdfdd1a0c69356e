"""Forward proxies of the visitor's that refuse, speak nonsense, or make a page of their own."""

import pytest
from loopback import Connection, http, one, seen_in

from badgateway.model.hop import Hop, Side
from badgateway.model.verdict import Outcome

SITES = ["http://site.test/", "https://site.test/"]


def refusal(status: str, body: bytes = b"", *headers: str) -> bytes:
    """What a proxy answers instead of opening the way."""
    return http(status, body, *headers)


@pytest.mark.parametrize("url", SITES)
def test_a_proxy_that_wants_a_login_is_the_visitors_matter(check, serve, url):
    """407 is the proxy's own word to its user: the fault is at the exit, on the visitor's side."""
    proxy = serve(
        refusal("407 Proxy Authentication Required", b"", 'Proxy-Authenticate: Basic realm="x"')
    )
    verdict = check(url, proxy=f"http://{proxy.authority}")
    assert (verdict.hop, verdict.side) == (Hop.EXIT, Side.VISITOR)
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)
    assert {ranked.hop for ranked in verdict.causes[:1]} == {Hop.EXIT}


@pytest.mark.parametrize("status", ["403 Forbidden", "502 Bad Gateway", "503 Service Unavailable"])
def test_what_a_proxy_answers_to_connect_is_its_own_page(check, serve, status):
    """An answer to CONNECT can only be the proxy's: its status and page are read as the proxy's."""
    proxy = serve(refusal(status, b"<h1>from the proxy</h1>", "Server: squid/5.7"))
    verdict = check("https://site.test/", proxy=f"http://{proxy.authority}")
    answer = one(verdict, "http-response")
    assert (answer.hop, answer.text("by")) == (Hop.EXIT, "proxy")
    assert answer.text("body") == "<h1>from the proxy</h1>"
    assert "proxy-refused" in seen_in(verdict)
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)


def test_a_login_for_the_proxy_is_sent(check, serve):
    """User and password of the proxy's URL reach the proxy, decoded as a URL carries them."""
    got: list[bytes] = []

    def handle(connection: Connection) -> None:
        got.append(connection.head())
        connection.send(refusal("403 Forbidden"))

    proxy = serve(handle)
    check("https://site.test/", proxy=f"http://us%40er:p%3Aw@{proxy.authority}")
    import base64

    assert b"Basic " + base64.b64encode(b"us@er:p:w") in got[0]


def test_a_password_is_never_shown(command, serve):
    """The password of a proxy stands in no output."""
    proxy = serve(refusal("407 Proxy Authentication Required"))
    for more in ([], ["--json"]):
        ran = command(
            "https://site.test/", "--proxy", f"http://user:s3cret@{proxy.authority}", *more
        )
        assert "s3cret" not in ran.out + ran.err
        assert "user" not in ran.out.replace("--user", "").replace("users", "")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 nonsense\r\n\r\n",
        b"\x05\x00",
        b"\r\n\r\n",
        b"x" * 100_000,
        b"HTTP/1.1 200",
    ],
    ids=["nothing", "a word", "SSH", "a bad status", "SOCKS", "empty lines", "much", "half a line"],
)
def test_a_proxy_that_speaks_nonsense_is_broken(check, serve, answer):
    """Whatever is no HTTP in answer to CONNECT: the proxy does not behave like one."""
    proxy = serve(answer)
    verdict = check("https://site.test/", proxy=f"http://{proxy.authority}")
    assert "proxy-broken" in seen_in(verdict)
    assert (verdict.outcome, verdict.hop) == (Outcome.UNREACHABLE, Hop.EXIT)
    assert verdict.side is Side.VISITOR


@pytest.mark.parametrize("length", ["\xb2", "99999999999", "-1", "many", "1, 2", "", "5" * 5_000])
def test_a_refusal_with_an_odd_length_is_read(check, serve, length):
    """A refusal whose length is no number is a refusal all the same."""
    answer = f"HTTP/1.1 502 Bad Gateway\r\nContent-Length: {length}\r\n\r\nno".encode("latin-1")
    verdict = check("https://site.test/", proxy=f"http://{serve(answer).authority}", timeout=4.0)
    assert "proxy-refused" in seen_in(verdict)
    assert one(verdict, "http-response").value["status"] == 502


def test_a_refusal_that_never_ends_is_cut(check, serve):
    """A proxy that goes on for ever is listened to only so long."""

    def handle(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 403 No\r\nContent-Length: 999999999\r\n\r\n")
        while True:
            connection.send(b"no " * 5_000)

    verdict = check("https://site.test/", proxy=f"http://{serve(handle).authority}")
    assert "proxy-refused" in seen_in(verdict)
    assert len(one(verdict, "http-response").text("body")) < 300_000


def test_a_silent_proxy_is_a_time_out_at_the_exit(check, serve):
    """A proxy that says nothing is the exit's fault and ends in time."""
    proxy = serve(lambda connection: connection.pause(9))
    verdict = check("https://site.test/", proxy=f"http://{proxy.authority}", timeout=1.0)
    assert (verdict.outcome, verdict.hop) == (Outcome.UNREACHABLE, Hop.EXIT)


@pytest.mark.parametrize("url", SITES)
@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_is_not_there_is_the_visitors_matter(check, closed_port, url, scheme):
    """A refused connection to the proxy says nothing about the site."""
    verdict = check(url, proxy=f"{scheme}://127.0.0.1:{closed_port}")
    assert one(verdict, "connect-refused").hop is Hop.EXIT
    assert (verdict.outcome, verdict.hop) == (Outcome.UNREACHABLE, Hop.EXIT)
    assert verdict.side is Side.VISITOR


def test_a_plain_page_through_a_proxy_is_the_sites(check, serve):
    """A page that a proxy fetched is judged as the site's, asked for by its whole URL."""
    got: list[bytes] = []

    def handle(connection: Connection) -> None:
        got.append(connection.head())
        connection.send(http("200 OK", b"hi"))

    verdict = check("http://site.test/a?b", proxy=f"http://{serve(handle).authority}")
    assert got[0].startswith(b"GET http://site.test/a?b HTTP/1.1\r\n")
    assert verdict.outcome is Outcome.HEALTHY


# --- SOCKS5


def socks(*steps: bytes, then: bytes = b""):
    """A SOCKS5 proxy that answers each message with the next of `steps`, then like a site."""

    def handle(connection: Connection) -> None:
        for step in steps:
            connection.socket.recv(600)
            connection.send(step)
        if then:
            connection.head()
            connection.send(then)
        connection.drain(0.05)

    return handle


GRANTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"


@pytest.mark.parametrize("url", SITES)
@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 8, 99])
def test_a_socks_refusal_is_the_proxys_word(check, serve, url, code):
    """Each refusal of RFC 1928 is stated as the proxy's, with its reason."""
    proxy = serve(socks(b"\x05\x00", b"\x05" + bytes([code]) + b"\x00\x01" + bytes(6)))
    verdict = check(url, proxy=f"socks5://{proxy.authority}")
    assert "SOCKS5" in one(verdict, "proxy-refused").text("detail")
    assert (verdict.outcome, verdict.hop) == (Outcome.UNREACHABLE, Hop.EXIT)


@pytest.mark.parametrize(
    "steps",
    [
        (b"",),
        (b"\x05",),
        (b"\x04\x00",),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        (b"\x05\x00", b""),
        (b"\x05\x00", b"\x05\x00"),
        (b"\x05\x00", b"\x05\x00\x00\x03"),
        (b"\x05\x00", b"\x05\x00\x00\x03\xffshort"),
        (b"\x05\x00", b"\x04\x00\x00\x01" + bytes(6)),
        (b"\x05\x00", b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=[
        *("nothing", "a byte", "SOCKS4", "HTTP", "no reply", "half", "no name", "cut name"),
        *("another version", "HTTP instead of a reply"),
    ],
)
def test_socks_nonsense_is_a_broken_proxy(check, serve, steps):
    """A proxy that does not speak SOCKS5 to the end is broken, whatever it says."""
    verdict = check("http://site.test/", proxy=f"socks5://{serve(socks(*steps)).authority}")
    assert "proxy-broken" in seen_in(verdict)
    assert verdict.side is Side.VISITOR


def test_socks_that_wants_a_password_says_so(check, serve):
    """A proxy that wants a login that was not given refuses."""
    proxy = serve(socks(b"\x05\xff"))
    verdict = check("http://site.test/", proxy=f"socks5://{proxy.authority}")
    assert "login" in one(verdict, "proxy-refused").text("detail")


def test_socks_with_a_wrong_password_says_so(check, serve):
    """A proxy that does not take the login refuses, and the password is not shown."""
    proxy = serve(socks(b"\x05\x02", b"\x01\x01"))
    verdict = check("http://site.test/", proxy=f"socks5://user:s3cret@{proxy.authority}")
    assert "password" in one(verdict, "proxy-refused").text("detail")
    assert "s3cret" not in str(verdict)


@pytest.mark.parametrize(
    "kind", [b"\x01" + bytes(6), b"\x04" + bytes(18), b"\x03\x02ab" + bytes(2)]
)
def test_a_page_through_socks_is_the_sites(check, serve, kind):
    """Once the way is open, whatever address the proxy names, the page is the site's."""
    proxy = serve(socks(b"\x05\x00", b"\x05\x00\x00" + kind, then=http("200 OK", b"hi")))
    verdict = check("http://site.test/", proxy=f"socks5://{proxy.authority}")
    assert (verdict.outcome, verdict.status) == (Outcome.HEALTHY, 200)


def test_a_close_behind_an_open_way_is_the_sites(check, serve):
    """What fails behind the proxy's consent is not the proxy's refusal."""
    proxy = serve(socks(b"\x05\x00", GRANTED))
    verdict = check("http://site.test/", proxy=f"socks5://{proxy.authority}")
    assert "answer-none" in seen_in(verdict)
    assert "proxy-refused" not in seen_in(verdict)


def test_the_proxy_looks_the_name_up(check, serve):
    """A name goes to the proxy as a name: looking it up here would go around the proxy."""
    got: list[bytes] = []

    def handle(connection: Connection) -> None:
        connection.socket.recv(600)
        connection.send(b"\x05\x00")
        got.append(connection.socket.recv(600))
        connection.send(b"\x05\x05\x00\x01" + bytes(6))

    verdict = check("http://site.test/", proxy=f"socks5://{serve(handle).authority}")
    assert got == [b"\x05\x01\x00\x03\x09site.test\x00\x50"]
    assert one(verdict, "resolved").text("by") == "proxy"
