"""Is it down for everyone? Other places that are asked: Globalping, another badgateway, SSH."""

import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from globalping import Globalping, always, failed, finished, only, served
from loopback import answering, http, one, seen_in

from badgateway.cli.vantages import vantages
from badgateway.model.hop import Hop, Side
from badgateway.model.target import TargetError, endpoint_of
from badgateway.model.vantage import vantage_of
from badgateway.model.verdict import Outcome
from badgateway.transport.ssh import curl_settings, words

NAME = "www.shop-site.com"
"""A public name: others are told to nobody. In these tests it leads to loopback."""


@pytest.fixture
def globalping(monkeypatch):
    """Serve a Globalping with these probes, and set the product up to use it."""
    servers = []

    def start(*probes, **more) -> Globalping:
        api = Globalping(list(probes), **more)
        servers.append(served(api))
        address = f"http://127.0.0.1:{servers[-1].server_address[1]}/"
        monkeypatch.setenv("BADGATEWAY_GLOBALPING_URL", address)
        return api

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(monkeypatch, serve, closed_port):
    """A site of a public name that answers so (None: refuses); its URL."""
    from badgateway.probes import system_resolution
    from badgateway.transport.system import SystemAnswer

    async def resolve(host, port):
        return SystemAnswer(("127.0.0.1",), host)

    monkeypatch.setattr(system_resolution, "resolve", resolve)

    def start(here) -> str:
        port = closed_port if here is None else serve(here).port
        return f"http://{NAME}:{port}/path?id=1"

    return start


@pytest.fixture
def asked(check, site):
    """Check a site that answers so here, with these vantages."""

    def run(here, *named: str, url: str = "", **wishes):
        return check(url or site(here), vantages=vantages(named), **{"timeout": 12.0, **wishes})

    return run


BAD = http("502 Bad Gateway", b"<center>nginx</center>", "Server: nginx")
GOOD = http("200 OK", b"<title>Shop</title>")


def compared(verdict):
    found = one(verdict, "elsewhere-compared").value
    return found["here"], found["elsewhere"], found["works"], found["fails"]


# --- how a vantage is named


@pytest.mark.parametrize(
    "text",
    [
        *("ssh://-oProxyCommand=x", "ssh://a@-x", "ssh://", "ssh://h:0", "ssh://h/x", "ssh://h -x"),
        *("ssh://-l@h", "ssh://a b@h", "ssh://h\n-x", "ssh://_h"),
        *("badgateway+http://vantage.example.net/", "badgateway+ftp://h/", "badgateway+"),
        *("globalping:", "globalping:-x", "globalping:a,,b", "globalping:" + ",".join("abcdefghi")),
        *("elsewhere", "", "https://h/"),
    ],
)
def test_what_is_no_vantage_is_refused(text):
    """Nothing that ssh could take for an option, that would send a key in the clear, or unknown."""
    with pytest.raises(TargetError):
        vantage_of(text)


def test_ssh_is_given_words_and_never_a_url():
    """The host stands behind `--`, the command is fixed, and ssh never asks a question."""
    said = words(vantage_of("ssh://joe@host.example.net:2222"), 5)
    assert said[-3:] == ["--", "host.example.net", "curl -q -K -"]
    assert "-oBatchMode=yes" in said
    assert said[said.index("-l") + 1] == "joe"
    assert said[said.index("-p") + 1] == "2222"


def test_a_url_cannot_leave_its_line_of_curls_settings():
    """Quotes and backslashes are escaped, and a line break is refused."""
    settings = curl_settings('http://h/"\\', [("X", 'a"b')], 5)
    assert 'url = "http://h/\\"\\\\"' in settings
    assert 'header = "X: a\\"b"' in settings
    with pytest.raises(AssertionError):
        curl_settings("http://h/\nupload-file = x", [], 5)


def test_keys_come_from_settings_and_environment(tmp_path, monkeypatch):
    """A key stands in the XDG settings or the environment, which goes first, and is never shown."""
    folder = tmp_path / "badgateway"
    folder.mkdir()
    (folder / "config.toml").write_text(
        '[globalping]\naddress = "https://gp.example.net/"\nkey = "k1"\n'
        '[vantages."v.example.net"]\nkey = "k2"\n'
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    one_, two = vantages(["globalping", "badgateway+https://v.example.net/"])
    assert (one_.api.host, one_.key, two.key) == ("gp.example.net", "k1", "k2")
    assert "k1" not in repr(one_)
    monkeypatch.setenv("BADGATEWAY_GLOBALPING_KEY", "k3")
    assert vantages(["globalping"])[0].key == "k3"


@pytest.mark.parametrize("text", ["globalping = 1", "[globalping]\nkey = 1", "[", "\x00"])
def test_settings_that_cannot_be_read_are_named(tmp_path, monkeypatch, text):
    """Wrong settings end the call with the file's name instead of being passed over."""
    (tmp_path / "badgateway").mkdir()
    (tmp_path / "badgateway" / "config.toml").write_text(text)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(TargetError, match=r"config\.toml"):
        vantages(["globalping"])


# --- Globalping


def test_a_502_everywhere_is_the_sites(asked, globalping):
    """What all places meet alike lies at the site; the request is a GET with path and query."""
    api = globalping(*[always(finished(502, "<center>nginx</center>", Server="nginx"))] * 3)
    verdict = asked(BAD, "globalping:Germany,US,Tokyo")
    assert compared(verdict) == ("error", "alike", 0, 3)
    assert (verdict.outcome, verdict.side) == (Outcome.GATEWAY_ERROR, Side.SITE)
    (request,) = api.asked
    assert request["measurementOptions"]["request"] == {
        "method": "GET",
        "path": "/path",
        "query": "id=1",
    }
    assert request["locations"] == [
        {"magic": place, "limit": 1} for place in ("Germany", "US", "Tokyo")
    ]
    assert api.looks == ["m1", "m1"]


def test_a_site_that_only_this_place_cannot_reach(asked, globalping):
    """Refused here and fine in three places: the site is not down, and that is said."""
    globalping(*[always(finished(200, "hello"))] * 3)
    alone = asked(None)
    verdict = asked(None, "globalping")
    assert compared(verdict) == ("nothing", "works", 3, 0)
    at_the_site = [c for c in verdict.causes if c.hop is Hop.ZONE]
    before = {c.cause: c.probability for c in alone.causes}
    assert at_the_site
    assert all(c.probability < before[c.cause] / 2 for c in at_the_site)
    assert all(c.against for c in at_the_site)
    assert verdict.side is not Side.SITE


def test_a_site_that_nobody_reaches_is_down(asked, globalping):
    """Probes that cannot reach the site reach a control: the fault is at the site."""
    no = failed("connect ECONNREFUSED 192.0.2.10:80", "target")
    api = globalping(*[only(NAME, no)] * 3)
    verdict = asked(None, "globalping")
    assert compared(verdict) == ("nothing", "alike", 0, 3)
    assert verdict.side is Side.SITE
    first, control = api.asked
    assert first["target"] == NAME
    assert (control["target"], control["locations"]) == ("dns.google", "m1"), "the same probes"


@pytest.mark.parametrize("source", ["internal", "resolver"])
def test_a_probe_that_fails_by_itself_says_nothing(asked, globalping, source):
    """`failureSource` other than the target: no evidence about the site, no control needed."""
    api = globalping(*[always(failed("probe trouble", source))] * 3)
    verdict = asked(BAD, "globalping")
    assert "elsewhere-compared" not in seen_in(verdict)
    assert "vantage-no-answer" not in seen_in(verdict)
    assert len([o for o in verdict.observations if o.name == "vantage-failed"]) == 3
    assert len(api.asked) == 1


@pytest.mark.parametrize("source", ["target", None])
def test_a_probe_without_a_network_says_nothing(asked, globalping, source):
    """A probe that reaches the control as little as the site is itself at fault."""
    globalping(always(failed("timeout", source)), always(finished(502)))
    verdict = asked(BAD, "globalping")
    assert compared(verdict) == ("error", "alike", 0, 1)
    assert "vantage-failed" in seen_in(verdict)


def test_the_world_gets_a_502_where_this_machine_gets_the_page(asked, globalping):
    """The owner, inside, sees his page; every other place sees the gateway's error: it is found."""
    globalping(*[always(finished(502, "<center>nginx</center>", Server="nginx"))] * 3)
    verdict = asked(GOOD, "globalping")
    assert compared(verdict) == ("good", "fails", 0, 3)
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)
    assert verdict.emitter.name == "nginx"


def test_one_odd_place_does_not_break_a_site_that_works(asked, globalping):
    """A page that comes here and nearly everywhere stays healthy."""
    globalping(always(finished(200)), always(finished(502)), always(finished(200)))
    verdict = asked(GOOD, "globalping")
    assert compared(verdict) == ("good", "mixed", 2, 1)
    assert verdict.outcome is Outcome.HEALTHY


@pytest.mark.parametrize(
    ("refuse", "says"),
    [
        (
            (429, {"error": {"type": "t", "message": "Too many."}}, {"X-RateLimit-Reset": "77"}),
            "77 s",
        ),
        ((500, {"nonsense": 1}, {}), "500"),
        ((202, {"id": "../../etc"}, {}), "202"),
        ((202, [], {}), "202"),
    ],
)
def test_an_api_that_refuses_changes_no_verdict(asked, globalping, refuse, says):
    """Without the vantage the verdict is the one without it; why it failed is said."""
    globalping(refuse=refuse)
    verdict = asked(BAD, "globalping")
    assert says in one(verdict, "vantage-failed").text("detail")
    alone = asked(BAD)
    assert [(c.cause, c.probability) for c in verdict.causes] == [
        (c.cause, c.probability) for c in alone.causes
    ]


def test_a_key_is_sent_and_a_wrong_one_is_named(asked, globalping, monkeypatch):
    """The key goes as a bearer token; a wrong one is said to be the vantage's trouble."""
    api = globalping(always(finished(502)), key="right")
    verdict = asked(BAD, "globalping")
    assert "key" in one(verdict, "vantage-failed").text("detail")
    monkeypatch.setenv("BADGATEWAY_GLOBALPING_KEY", "right")
    assert "vantage-answer" in seen_in(asked(BAD, "globalping"))
    assert api.authorization[-1] == "Bearer right"


@pytest.mark.parametrize("url", ["http://shop.internal/", "http://127.0.0.1:{port}/"])
def test_a_private_name_is_told_to_nobody(asked, globalping, url, closed_port):
    """A name or address that the world cannot know is not sent to Globalping."""
    api = globalping(always(finished(200)))
    verdict = asked(BAD, "globalping", url=url.format(port=closed_port))
    assert api.authorization == []
    assert "no public name" in one(verdict, "vantage-failed").text("detail")


def test_the_persons_headers_are_not_told(asked, globalping):
    """Headers for the site, such as a login, go to no vantage."""
    api = globalping(always(finished(502)))
    asked(BAD, "globalping", headers=(("Authorization", "Basic c2VjcmV0"),))
    assert "c2VjcmV0" not in json.dumps(api.asked)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello",
        http("202 Accepted", b"[" * 100_000),
        http("202 Accepted", b'{"id": "a", "probesCount": 1}'),
        http("200 OK", b"{}", "Content-Encoding: gzip"),
    ],
    ids=["nothing", "no HTTP", "deep JSON", "an id and nothing behind it", "broken gzip"],
)
def test_a_hostile_api_is_a_vantage_that_failed(asked, serve, monkeypatch, answer):
    """Whatever an API sends: the check ends in time, and the vantage is said to have failed."""
    monkeypatch.setenv("BADGATEWAY_GLOBALPING_URL", serve(answer).url)
    verdict = asked(BAD, "globalping")
    assert "vantage-failed" in seen_in(verdict)
    assert verdict.status == 502


def test_what_left_this_machine_is_told(command, globalping, site):
    """The report names who was told what, and what each place saw."""
    globalping(always(finished(502)), always(finished(200)))
    url = site(BAD)
    ran = command(url, "--via", "globalping", "--no-public-resolvers", "--brief")
    said = " ".join(ran.out.split())
    assert f"127.0.0.1 was told: to GET {url}, from anywhere" in said
    assert "It is down for some: it fails from 1 of 2 other places." in said
    assert "City 0, DE (Net 0)" in said


# --- another badgateway


def verdict_of(outcome, status, side, *observations):
    data = {
        "schema": "badgateway.verdict/1",
        "outcome": outcome,
        "status": status,
        "side": side,
        "observations": [{"name": name, "value": value} for name, value in observations],
    }
    return http("200 OK", json.dumps(data).encode(), "Content-Type: application/json")


PAGE = ("http-response", {"status": 502, "headers": [["Server", "nginx"]], "body": "x"})


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (verdict_of("gateway-error", 502, "site", PAGE), "vantage-answer"),
        (verdict_of("healthy", 200, None), "vantage-answer"),
        (
            verdict_of(
                "unreachable",
                None,
                "site",
                ("way-broken", {"online": True, "failure": "connect-refused"}),
            ),
            "vantage-no-answer",
        ),
        (
            verdict_of("unreachable", None, "path", ("way-broken", {"online": False})),
            "vantage-failed",
        ),
        (verdict_of("unreachable", None, "visitor"), "vantage-failed"),
        (verdict_of("other-error", 200, "path"), "vantage-failed"),
        (verdict_of("none", None, None), "vantage-failed"),
        (verdict_of("new-word", 502, None), "vantage-failed"),
        (http("401 Unauthorized"), "vantage-failed"),
        (http("200 OK", b"[]"), "vantage-failed"),
        (b"", "vantage-failed"),
    ],
)
def test_another_badgateway_is_asked(asked, serve, answer, name):
    """Its verdict on the page counts; its trouble with its own end, or with us, does not."""
    verdict = asked(BAD, f"badgateway+{serve(answer).url}")
    told = {n for n in seen_in(verdict) if n.startswith("vantage-")}
    assert told == {name}


def test_another_badgateway_gets_the_url_and_the_key(asked, serve, monkeypatch):
    """POST api/v1/check with the URL as JSON and the key as a bearer token; nothing else."""
    got = []

    def handle(connection):
        head = connection.head()
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = head.split(b"\r\n\r\n", 1)[1]
        got.append((head, body + connection.exactly(length - len(body))))
        connection.send(verdict_of("gateway-error", 502, "site", PAGE))

    monkeypatch.setenv("BADGATEWAY_VANTAGE_KEY", "k")
    verdict = asked(BAD, f"badgateway+{serve(handle).url}", headers=(("X-Secret", "s3cret"),))
    head, body = got[0]
    assert head.startswith(b"POST /api/v1/check HTTP/1.1\r\n")
    assert b"Authorization: Bearer k\r\n" in head
    assert json.loads(body) == {"url": verdict.subject}
    assert b"s3cret" not in head


# --- SSH


@pytest.fixture(scope="session")
def sshd(tmp_path_factory):
    """A real sshd on loopback, and a folder whose `ssh` knows it as the host `vantage`."""
    server = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if server is None or not shutil.which("curl") or not shutil.which("ssh"):
        pytest.skip("needs openssh-server, openssh-client and curl")
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True
        )
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    )
    key = (folder / "host.pub").read_text()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key}")
    (folder / "config").write_text(
        f"Host vantage stranger\n HostName 127.0.0.1\n Port {port}\n User {getpass.getuser()}\n"
        f" IdentityFile {folder}/user\n IdentitiesOnly yes\n"
        f"Host vantage\n UserKnownHostsFile {folder}/known\n"
        "Host stranger\n UserKnownHostsFile /dev/null\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    wrapper = folder / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')
    wrapper.chmod(0o755)
    with subprocess.Popen([server, "-D", "-e", "-f", folder / "sshd_config"]) as running:
        end = time.monotonic() + 5
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield wrapper.parent
        running.terminate()


@pytest.fixture
def by_ssh(sshd, monkeypatch):
    """Make `ssh` the one that knows the test's machine."""
    monkeypatch.setenv("PATH", f"{sshd}:{os.environ['PATH']}")


def test_a_machine_is_asked_by_ssh(by_ssh, asked, serve):
    """Curl on the other machine gets the page; head, body and status come back."""
    url = f"{serve(BAD).url}a?b=1&c='d'$(id)"
    verdict = asked(BAD, "ssh://vantage", url=url)
    told = one(verdict, "vantage-answer")
    assert (told.value["status"], told.text("body")) == (502, "<center>nginx</center>")
    assert compared(verdict) == ("error", "alike", 0, 1)


def test_a_url_is_never_a_command(by_ssh, asked, serve, tmp_path):
    """What a shell would run stands in the URL as text and reaches the site as such."""
    got = []

    def handle(connection):
        got.append(connection.head().split(b"\r\n")[0])
        connection.send(BAD)

    mark = tmp_path / "mark"
    url = f"{serve(handle).url}$(touch${{IFS}}{mark});`touch${{IFS}}{mark}`'x"
    asked(BAD, "ssh://vantage", url=url)
    assert b"$(touch$%7BIFS%7D" in got[0]
    assert not mark.exists()


def test_a_refusal_there_counts_once_a_control_works(
    by_ssh, asked, closed_port, serve, monkeypatch
):
    """Refused there too, while another page comes: it is down for that machine as well."""
    from badgateway.probes import vantage_ssh

    monkeypatch.setattr(vantage_ssh, "CONTROL_URL", serve(GOOD).url)
    verdict = asked(None, "ssh://vantage", url=f"http://127.0.0.1:{closed_port}/")
    told = one(verdict, "vantage-no-answer")
    assert told.text("failure") == "connect-refused"
    assert compared(verdict) == ("nothing", "alike", 0, 1)


def test_a_machine_without_a_network_says_nothing(by_ssh, asked, closed_port, monkeypatch):
    """Where the control fails as well, the machine is at fault."""
    from badgateway.probes import vantage_ssh

    monkeypatch.setattr(vantage_ssh, "CONTROL_URL", f"http://127.0.0.1:{closed_port}/control")
    verdict = asked(None, "ssh://vantage", url=f"http://127.0.0.1:{closed_port}/")
    assert "elsewhere-compared" not in seen_in(verdict)
    assert "nothing else" in one(verdict, "vantage-failed").text("detail")


@pytest.mark.parametrize("host", ["stranger", "nobody-of-this-name.invalid", "127.0.0.1:9"])
def test_ssh_never_asks(by_ssh, asked, host):
    """A host that is not known, or not there, is a vantage that failed; no question hangs."""
    verdict = asked(BAD, f"ssh://{host}")
    assert "ssh" in one(verdict, "vantage-failed").text("detail")
    assert verdict.status == 502


@pytest.mark.parametrize(
    ("remote", "says"),
    [
        ("exit 127", "curl is not installed"),
        ("yes 'HTTP/1.1 200 OK' | head -c 900000", ""),
        ("sleep 60", "within"),
        ("echo no; exit 3", "status 3"),
    ],
)
def test_whatever_comes_by_ssh_is_bounded(monkeypatch, tmp_path, asked, remote, says):
    """A machine without curl, one that floods, one that hangs: each ends, and says what it was."""
    fake = tmp_path / "ssh"
    fake.write_text(f"#!/bin/sh\n{remote}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    verdict = asked(BAD, "ssh://vantage", timeout=3.0)
    if says:
        assert says in one(verdict, "vantage-failed").text("detail")
    else:
        assert one(verdict, "vantage-answer").value["status"] == 200


def test_without_ssh_it_is_said(monkeypatch, tmp_path, asked):
    """No ssh on this machine is no verdict about the site."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "ssh cannot be run" in one(asked(BAD, "ssh://h"), "vantage-failed").text("detail")


def test_the_answer_of_a_vantage_is_not_the_page(asked, serve):
    """A good page elsewhere is not taken for the page here."""
    verdict = asked(BAD, f"badgateway+{serve(answering(verdict_of('healthy', 200, None))).url}")
    assert verdict.status == 502


def test_a_given_address_is_compared_with_nobody(check, globalping, serve):
    """With --connect-to the others go to another machine: that they fare otherwise says nothing."""
    globalping(*[always(finished(200))] * 3)
    verdict = check(
        f"http://{NAME}/",
        connect_to=endpoint_of(serve(BAD).authority),
        vantages=vantages(["globalping"]),
        timeout=12.0,
    )
    assert "vantage-answer" in seen_in(verdict)
    assert "elsewhere-compared" not in seen_in(verdict)
    assert verdict.side is Side.SITE
