"""Proxy scripts (PAC) of the system's settings: what they choose, and that they are kept small."""

import sys
import time

import pytest
from loopback import http, one, seen_in

from badgateway.model.verdict import Outcome
from badgateway.transport import desktop
from badgateway.transport.failures import TransportError
from badgateway.transport.pac import chosen
from badgateway.transport.systems.proxies import Proxies

GOOD = http("200 OK", b"<title>Shop</title>")
ADDRESSES = {"inner.example": "10.1.2.3", "outer.example": "203.0.113.9"}


def choose(body: str, url="https://www.shop.example.com/", host="www.shop.example.com"):
    script = "function FindProxyForURL(url, host) {" + body + "}"
    return chosen(script, url, host, "192.0.2.1", ADDRESSES.get)


@pytest.mark.parametrize(
    ("body", "proxy"),
    [
        ('return "DIRECT";', None),
        ('return "PROXY p.example:8080; DIRECT";', "http://p.example:8080"),
        ('return "SOCKS5 s.example:1080";', "socks5://s.example:1080"),
        ('return "HTTPS p:1; SOCKS4 q:2; proxy r:3";', "http://r:3"),
        ('return "nonsense";', None),
        (
            'if (dnsDomainIs(host, ".example.com")) return "PROXY a:1"; return "DIRECT"',
            "http://a:1",
        ),
        ('return isPlainHostName(host) ? "DIRECT" : "PROXY a:1"', "http://a:1"),
        ('return shExpMatch(url, "*://*.shop.*/*") ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return shExpMatch(host, "www.?hop.*") ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return shExpMatch(host, "*.org") ? "PROXY a:1" : "DIRECT"', None),
        ('return localHostOrDomainIs("www", host) ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return isInNet("inner.example", "10.0.0.0", "255.0.0.0") ? "DIRECT" : "PROXY a:1"', None),
        (
            'return isInNet("outer.example", "10.0.0.0", "255.0.0.0") ? "DIRECT" : "PROXY a:1"',
            "http://a:1",
        ),
        ('return isResolvable("nowhere.example") ? "DIRECT" : "PROXY a:1"', "http://a:1"),
        ('return "PROXY " + dnsResolve("inner.example") + ":1"', "http://10.1.2.3:1"),
        ('return "PROXY " + myIpAddress() + ":1"', "http://192.0.2.1:1"),
        ('return dnsDomainLevels(host) === 3 ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return weekdayRange("SUN", "SAT") ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return timeRange(0, 24) ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return timeRange(0, 0, 23, 59, "GMT") ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return dateRange("JAN", "DEC") ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return dateRange(1, 31) ? "PROXY a:1" : "DIRECT"', "http://a:1"),
        ('return dateRange(2000, 2001) ? "PROXY a:1" : "DIRECT"', None),
        (
            'return dateRange(1, "JAN", 2000, 31, "DEC", 2999) ? "PROXY a:1" : "DIRECT"',
            "http://a:1",
        ),
    ],
)
def test_what_a_script_chooses(body, proxy):
    """The functions of the format, and the first choice that can be taken."""
    assert choose(body) == proxy


@pytest.mark.parametrize(
    "body",
    [
        "while (true) {}",
        'var s = "x"; while (true) s += s;',
        "return FindProxyForURL(url, host);",
        "throw new Error('no');",
        "return undefinedFunction();",
        "return {toString: function () { while (true) {} }};",
        "}}",
    ],
    ids=["for ever", "much memory", "deep", "throws", "unknown", "late", "no script"],
)
def test_a_script_that_misbehaves_is_ended(body):
    """Endless, greedy, deep or broken: an error within seconds, and the program goes on."""
    started = time.monotonic()
    with pytest.raises(TransportError, match="proxy script"):
        choose(body)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    "body",
    [
        "return typeof require + typeof process + typeof std + typeof os + typeof XMLHttpRequest",
    ],
)
def test_a_script_reaches_nothing(body):
    """There is no way out of it: no files, no processes, no network."""
    script = (
        "function FindProxyForURL(url, host) { return 'PROXY ' + (function () {" + body + "})() }"
    )
    told = chosen(script, "http://h/", "h", "192.0.2.1", ADDRESSES.get)
    assert told == "http://" + "undefined" * 5


def test_a_script_has_few_names_looked_up():
    """A script cannot make this machine look up names without end."""
    asked = []
    script = (
        "var n = 0; function FindProxyForURL() { for (var i = 0; i < 1000; i++)"
        ' dnsResolve("a" + i + "." + asked.length); return "DIRECT" }'
    )
    chosen(script, "http://h/", "h", "192.0.2.1", asked.append)
    assert len(asked) <= 12


def test_a_hostile_name_stays_a_text():
    """What a URL holds cannot become part of the script."""
    url = 'http://h/");while(true){}//'
    script = 'function FindProxyForURL(url) { return "PROXY " + url.length + ":1" }'
    assert chosen(script, url, "h", "192.0.2.1", ADDRESSES.get) == f"http://{len(url)}:1"


# --- in a check


@pytest.fixture
def system(monkeypatch):
    """Give this machine settings of a desktop, and no variables."""

    def use(found: Proxies) -> None:
        import os

        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
        monkeypatch.setattr(desktop, "system_proxies", lambda: found)

    return use


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses KDE's settings")


@linux
def test_a_script_that_leads_to_a_dead_proxy_is_found(check, serve, system, closed_port):
    """The page comes straight, and browsers go through what the script chooses: that is dead."""
    script = f'function FindProxyForURL() {{ return "PROXY 127.0.0.1:{closed_port}" }}'
    pac = serve(http("200 OK", script.encode()))
    system(Proxies("system settings (KDE)", script=f"{pac.url}proxy.pac"))
    verdict = check(serve(GOOD).url)
    assert one(verdict, "proxy-script").text("proxy") == f"http://127.0.0.1:{closed_port}"
    assert "proxy-setting-fails" in seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE


@linux
@pytest.mark.parametrize("answer", [http("404 Not Found"), http("200 OK", b"<html>"), b""])
def test_a_script_that_cannot_be_used_changes_nothing(check, serve, system, answer):
    """Browsers go straight then, and so does the verdict; it is said all the same."""
    system(Proxies("system settings (KDE)", script=f"{serve(answer).url}proxy.pac"))
    verdict = check(serve(GOOD).url)
    assert "proxy-script-failed" in seen_in(verdict)
    assert verdict.outcome is Outcome.HEALTHY


@linux
def test_a_script_on_this_machine_is_read(check, serve, system, tmp_path):
    """`file:` scripts work as others do; one that says DIRECT means the direct way."""
    (tmp_path / "a b.pac").write_text('function FindProxyForURL() { return "DIRECT" }')
    system(Proxies("system settings (KDE)", script=f"file://{tmp_path}/a%20b.pac"))
    verdict = check(serve(GOOD).url)
    assert one(verdict, "proxy-script").text("proxy") == ""
    assert verdict.outcome is Outcome.HEALTHY


@linux
def test_without_the_extra_it_is_named(check, serve, system, monkeypatch):
    """A script that cannot be run for want of the extra is said to be so."""
    monkeypatch.setitem(sys.modules, "quickjs", None)
    pac = serve(http("200 OK", b"function FindProxyForURL() { return 'DIRECT' }"))
    system(Proxies("system settings (KDE)", script=f"{pac.url}proxy.pac"))
    assert one(check(serve(GOOD).url), "extra-missing").text("extra") == "pac"


@linux
def test_a_desktops_proxy_is_tried(check, serve, system, closed_port):
    """A dead proxy that the desktop names is found, though the page comes straight."""
    dead = f"http://127.0.0.1:{closed_port}"
    system(Proxies("system settings (GNOME)", {"http": dead}))
    verdict = check(serve(GOOD).url)
    assert one(verdict, "proxy-set").text("setting") == "system settings (GNOME)"
    assert verdict.outcome is Outcome.UNREACHABLE


@linux
def test_kdes_file_is_found(monkeypatch, tmp_path):
    """The settings of KDE are read from their own file under the XDG folder."""
    (tmp_path / "kioslaverc").write_text(
        "[Proxy Settings]\nProxyType=1\nhttpProxy=http://p.example 3128\n"
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
    found = desktop.system_proxies()
    assert found is not None
    assert found.proxy_for(False, "shop.example.com") == "http://p.example:3128"
