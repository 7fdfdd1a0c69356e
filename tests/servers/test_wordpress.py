"""Finding what breaks a real WordPress, while ordinary visitors see no difference."""

import http.client
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wordpress import THEME, Server, Shop, Visitors, missing

from badgateway.repair.wordpress.site import site_at
from badgateway.repair.wordpress.switch import PREFIX, Switch, remove_leftovers

pytestmark = pytest.mark.servers
LIMIT = "3"
"""Seconds: the slow plugin takes more, a good page far less."""


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """nginx, PHP-FPM and MariaDB."""
    if lacking := missing():
        pytest.skip(f"needs {lacking}")
    with Server(folder / "wordpress") as running:
        yield running


@pytest.fixture(scope="module")
def single(server: Server) -> Shop:
    """One site with 30 plugins."""
    return server.site("single")


@pytest.fixture(scope="module")
def network(server: Server) -> Shop:
    """A multisite: 15 plugins are switched on for the network, 15 for the site."""
    return server.site("network")


@pytest.fixture(params=["single", "network"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Either."""
    found: Shop = request.getfixturevalue(request.param)
    return found


def command(shop: Shop, *more: str) -> list[str]:
    """The call on this site."""
    words = [sys.executable, "-m", "badgateway", "wordpress", "--root", str(shop.root)]
    return [*words, "--url", shop.url, "--limit", LIMIT, *more]


def found(shop: Shop, *more: str) -> dict:
    """What a run finds, as its JSON tells; the site's files are as before."""
    before = shop.files()
    done = subprocess.run(
        command(shop, "--yes", "--json", *more), capture_output=True, text=True, timeout=120
    )
    assert done.stdout, done.stderr
    assert shop.files() == before
    return json.loads(done.stdout)


def names(result: dict) -> list[str]:
    """The parts that were found."""
    return [part["name"] for part in result["bad"]]


KINDS = ["fatal", "fatal-at-once", "syntax", "slow", "killed", "segfault"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 13, 29])
def test_one_bad_plugin_of_thirty_is_found_within_six_requests(
    shop: Shop, kind: str, place: int
) -> None:
    """Whatever is wrong with it, wherever it stands, and for a network too."""
    bad = shop.plugins[place]
    with shop.broken({bad: kind}):
        result = found(shop)
    assert names(result) == [bad]
    assert len(result["requests"]) <= 6


@pytest.mark.parametrize(
    "kinds",
    [("fatal", "fatal"), ("slow", "killed"), ("segfault", "syntax"), ("slow", "slow"),
     ("killed", "killed")],
)  # fmt: skip
@pytest.mark.parametrize("places", [(3, 22), (14, 15)])
def test_two_bad_plugins_of_thirty_are_found_within_twelve(
    shop: Shop, kinds: tuple[str, str], places: tuple[int, int]
) -> None:
    """Both, also where each breaks the page in its own way."""
    if "slow" in kinds and shop.root.name == "network" and not os.environ.get("BADGATEWAY_SLOW"):
        pytest.skip("each slow pair takes half a minute; with BADGATEWAY_SLOW=1 networks too")
    bad = {shop.plugins[place]: kind for place, kind in zip(places, kinds, strict=True)}
    with shop.broken(bad):
        result = found(shop)
    assert sorted(names(result)) == sorted(bad)
    assert len(result["requests"]) <= 12


@pytest.mark.parametrize("kind", ["fatal", "slow"])
def test_visitors_see_no_change_of_plugins(shop: Shop, kind: str) -> None:
    """Each ordinary visit meanwhile loads all thirty plugins and answers as before."""
    with shop.broken({shop.plugins[9]: kind, shop.plugins[20]: kind}):
        before = shop.get()
        with Visitors(shop) as visitors:
            result = found(shop)
    assert len(result["requests"]) > 2
    assert len(before[1]) == len(shop.plugins)
    assert len(visitors.seen) >= 4
    assert set(visitors.seen) == {before}


def test_a_bad_theme_is_found(shop: Shop) -> None:
    """With the name that WordPress has for it."""
    with shop.planted(f"themes/{THEME}/functions.php", "<?php no_such_function();"):
        result = found(shop)
    assert [part["kind"] for part in result["bad"]] == ["theme"]
    assert result["theme"] == THEME
    assert result["fatal"]["file"].endswith("functions.php")


@pytest.mark.parametrize("code", ["no_such_function();", "posix_kill(posix_getpid(), 9);"])
def test_a_bad_must_use_plugin_is_found(shop: Shop, code: str) -> None:
    """Though WordPress has no way to leave one out."""
    with shop.planted("mu-plugins/loader.php", f"<?php {code}"):
        result = found(shop)
    assert [(part["kind"], part["name"]) for part in result["bad"]] == [("mu-plugin", "loader.php")]


@pytest.mark.parametrize("name", ["object-cache.php", "db.php"])
@pytest.mark.parametrize("code", ["no_such_function();", "posix_kill(posix_getpid(), 9);"])
def test_a_bad_drop_in_is_found(shop: Shop, name: str, code: str) -> None:
    """It fails before any plugin is loaded: the switch is reached through wp-config.php."""
    with shop.planted(name, f"<?php {code}"):
        result = found(shop)
    assert [(part["kind"], part["name"]) for part in result["bad"]] == [("drop-in", name)]


def test_a_site_that_works_has_no_culprit(single: Shop) -> None:
    """It says so, and blames nobody."""
    result = found(single)
    assert (result["ended"], result["bad"]) == ("healthy", [])


def test_a_fault_that_comes_and_goes_accuses_nobody(single: Shop) -> None:
    """A page that fails a few times and then works proves nothing about what was left out then."""
    count = single.root / "count"
    count.write_text("0")
    count.chmod(0o666)
    once = f"$n = (int) file_get_contents('{count}'); file_put_contents('{count}', $n + 1);"
    with single.planted("mu-plugins/rare.php", f"<?php {once} if ($n < 3) no_such_function();"):
        result = found(single)
    count.unlink()
    assert result["ended"] in ("unsteady", "healthy", "elsewhere")


def test_what_is_no_part_of_the_site_is_not_blamed_on_one(single: Shop) -> None:
    """Broken WordPress itself: nothing that can be left out is named."""
    file = single.root / "wp-blog-header.php"
    before = file.read_text()
    file.write_text(before.replace("wp();", "wp(); no_such_function();"))
    os.utime(file, (1_600_000_000, 1_600_000_000))
    try:
        result = found(single)
    finally:
        file.write_text(before)
    assert (result["ended"], result["bad"]) == ("elsewhere", [])


def test_another_server_in_front_is_told(single: Shop, network: Shop) -> None:
    """A page that did not come from this WordPress proves nothing about it."""
    result = found(single, "--connect-to", f"127.0.0.1:{network.port}")
    assert (result["ended"], result["bad"]) == ("unreached", [])


def test_the_log_is_asked_first(server: Server, single: Shop) -> None:
    """What PHP's log names is tried at once; its own request proves it."""
    os.truncate(server.folder / "php.log", 0)
    with single.broken({single.plugins[17]: "fatal"}):
        single.get()
        result = found(single, "--log", str(server.folder / "php.log"))
    assert names(result) == [single.plugins[17]]
    assert single.plugins[17] in result["requests"][0]["off"][0]
    assert len(result["requests"]) <= 3


def test_only_the_secret_throws_the_switch(single: Shop) -> None:
    """A guessed header changes nothing, and the switch alone changes nothing."""
    site = site_at(single.root)
    parts = site.parts()
    with Switch(site, parts) as switch:
        name, value = switch.header(parts)
        guessed = f"{'0' * 48}.{value.partition('.')[2]}"
        assert len(single.get()[1]) == 30
        assert len(_with(single, name, guessed)) == 30
        assert len(_with(single, name, "")) == 30
        assert _with(single, name, value) == []


def _with(shop: Shop, name: str, value: str) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=10)
    connection.request("GET", "/", headers={name: value})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers.get_all("X-Loaded") or []


def test_a_plugin_that_writes_the_list_back_does_no_harm(single: Shop) -> None:
    """What is left out for one request is not switched off for everybody."""
    again = "update_option('active_plugins', get_option('active_plugins'));"
    code = f"add_action('init', function () {{ {again} }});"
    single.write_plugin(single.plugins[4], code)
    try:
        with single.broken({single.plugins[11]: "fatal"}):
            assert names(found(single)) == [single.plugins[11]]
        assert len(single.get()[1]) == 30
    finally:
        single.write_plugin(single.plugins[4])


HOSTILE = [
    "a'; system('touch hit'); '",
    "$(touch hit)",
    "`touch hit`",
    "@DATA@",
    "--help",
    "?> <?php touch hit",
]


@pytest.mark.parametrize("bad", HOSTILE)
def test_a_hostile_name_is_neither_command_nor_code(single: Shop, bad: str) -> None:
    """Names of plugins are data, also of the bad one: nothing runs, and a command quotes them."""
    for name in HOSTILE:
        single.write_plugin(name)
    single.activate([*single.plugins, *HOSTILE])
    try:
        with single.broken({bad: "fatal"}):
            result = found(single)
            shown = subprocess.run(command(single, "--yes"), capture_output=True, text=True)
        site = site_at(single.root)
        with Switch(site, site.parts()):
            text = next(site.must_use.glob(f"{PREFIX}*.php")).read_text()
    finally:
        single.activate(single.plugins)
        for name in HOSTILE:
            shutil.rmtree(single.plugin(name).parent)
    assert names(result) == [bad]
    lines = [line for line in shown.stdout.splitlines() if line.startswith("  $ ")]
    folder = str(single.content / "plugins" / bad)
    assert shlex.split(lines[0].removeprefix("  $ ")) == ["mv", "--", folder, f"{folder}.off"]
    assert "touch hit" not in text
    checked = subprocess.run(["php", "-l"], input=text, text=True, capture_output=True)
    assert checked.returncode == 0
    assert not list(single.root.rglob("hit"))


# --- ended in the middle


def _begun(shop: Shop) -> subprocess.Popen:
    """A run that has put its switch in place and now waits for slow pages."""
    process = subprocess.Popen(
        command(shop, "--yes"), stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    end = time.monotonic() + 20
    while not list((shop.content / "mu-plugins").glob(f"{PREFIX}*.php")):
        assert time.monotonic() < end
        time.sleep(0.02)
    return process


def test_a_killed_run_is_cleaned_up_by_the_next(single: Shop) -> None:
    """What is left has no effect on visitors; the next run takes it away."""
    before = single.files()
    with single.broken(dict.fromkeys(single.plugins[:30:2], "slow")):
        process = _begun(single)
        process.kill()
        process.communicate()
    assert single.files() != before
    assert len(single.get()[1]) == 30
    done = subprocess.run(command(single, "--dry-run"), capture_output=True, text=True)
    assert "an earlier run left behind" in done.stderr
    assert single.files() == before


def test_a_killed_run_leaves_no_line_in_the_configuration(single: Shop) -> None:
    """The line in wp-config.php goes as well, byte for byte, with its time of change."""
    site = site_at(single.root)
    before, status = site.config.read_bytes(), site.config.stat()
    code = (
        "import os, signal; from pathlib import Path\n"
        "from badgateway.repair.wordpress.site import site_at\n"
        "from badgateway.repair.wordpress.switch import Switch\n"
        f"site = site_at(Path({str(single.root)!r})); switch = Switch(site, site.parts())\n"
        "switch.__enter__(); switch.reach_early(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert site.config.read_bytes() != before
    assert single.get()[0] == 200
    remove_leftovers(site)
    assert site.config.read_bytes() == before
    now = site.config.stat()
    assert (now.st_mode, now.st_uid, now.st_mtime_ns) == (
        status.st_mode,
        status.st_uid,
        status.st_mtime_ns,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_is_ended_takes_its_switch_away(single: Shop, number: signal.Signals) -> None:
    """Whatever signal ends it in order."""
    before = single.files()
    with single.broken(dict.fromkeys(single.plugins[:30:2], "slow")):
        during = single.files()
        process = _begun(single)
        process.send_signal(number)
        process.communicate(timeout=20)
        assert single.files() == during
    assert {k: v for k, v in single.files().items() if "plug" not in k} == {
        k: v for k, v in before.items() if "plug" not in k
    }


def test_two_runs_at_once_do_not_meet(single: Shop) -> None:
    """The second one says that the first is at work, and leaves its switch alone."""
    with single.broken(dict.fromkeys(single.plugins[:30:2], "slow")):
        process = _begun(single)
        second = subprocess.run(command(single, "--yes"), capture_output=True, text=True)
        process.terminate()
        process.communicate(timeout=20)
    assert second.returncode == 2
    assert "is at work" in second.stderr


def test_an_old_switch_removes_itself(single: Shop) -> None:
    """After its time, at the next visit, also where nobody runs the program again."""
    site = site_at(single.root)
    switch = Switch(site, site.parts())
    switch.__enter__()
    file = next(site.must_use.glob(f"{PREFIX}*.php"))
    text = file.read_text()
    (site.must_use / f"{PREFIX}old.php").write_text(
        re.sub(r"time\(\) > \d+", "time() > 1000", text)
    )
    file.unlink()
    os.chown(site.must_use, *_owner("www-data"))
    assert len(single.get()[1]) == 30
    assert not list(site.must_use.glob(f"{PREFIX}*.php"))
    switch.remove()
    if site.must_use.is_dir() and not any(site.must_use.iterdir()):
        site.must_use.rmdir()


def _owner(name: str) -> tuple[int, int]:
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def test_without_consent_nothing_is_done(single: Shop) -> None:
    """In a pipe and without --yes it shows what it would do."""
    before = single.files()
    with single.broken({single.plugins[1]: "fatal"}):
        done = subprocess.run(
            command(single), capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    assert done.returncode == 2
    assert "nothing was done" in done.stderr
    assert single.files() == before
