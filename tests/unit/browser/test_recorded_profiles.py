"""Profiles as browsers leave them on Linux, macOS and Windows, read without being touched."""

import contextlib
import random
from hashlib import sha256

import pytest

from badgateway.browser.chromium import _plain
from badgateway.browser.find import System, found_profiles, products, profile_at, program_of
from badgateway.browser.freshness import fresh_for
from badgateway.browser.profile import Family, ProfileError, Stored, goes_to, on_path
from badgateway.browser.read import reader_of
from badgateway.browser.rules import blocks
from badgateway.model.target import target_of

NOW = 1_795_572_000.0
"""Some minutes after the visits that were recorded."""
BROKEN = target_of("http://localhost:8811/broken")
RECORDED = (
    ("chromium-linux", "chromium", "156.0.8078.79"),
    ("edge-windows", "edge", "156.0.3000.50"),
    ("brave-macos", "brave", "156.1.90.100"),
    ("firefox-macos", "firefox", "153.7.0"),
    ("firefox-windows", "firefox", "153.7.0"),
)
EACH = pytest.mark.parametrize("name", [name for name, _, _ in RECORDED])


def reader(system):
    return reader_of(found_profiles(system)[0])


@pytest.mark.parametrize(("name", "product", "version"), RECORDED)
def test_the_profile_is_found_where_the_browser_keeps_it(home, name, product, version):
    """The profile used last, by the places and lists of each system."""
    (found,) = found_profiles(home(name))
    assert (found.product, reader_of(found).version()) == (product, version)
    assert found.cache.is_dir()


@EACH
def test_nothing_of_a_profile_is_changed(home, name):
    """Every file is the same, byte for byte, after all of it was read; none is added."""
    system = home(name)

    def fingerprints():
        files = [path for path in sorted(system.home.rglob("*")) if path.is_file()]
        return {
            path: (sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns) for path in files
        }

    before = fingerprints()
    assert len(before) > 10
    asked = reader(system)
    asked.cookies(BROKEN, NOW)
    asked.workers(BROKEN)
    asked.kept(BROKEN)
    asked.cached(BROKEN)
    asked.extensions()
    asked.settings()
    assert fingerprints() == before


@EACH
def test_cookies_are_known_by_name_and_size(home, name):
    """Five cookies of 400 bytes, encrypted or not; none goes to another site, none is expired."""
    asked = reader(home(name))
    found = asked.cookies(BROKEN, NOW)
    assert sorted(cookie.name for cookie in found) == [f"seen{n}" for n in range(5)]
    assert {cookie.size for cookie in found} == {406}
    assert "ccc" not in repr(found)
    assert asked.cookies(target_of("http://other.example/"), NOW) == []
    assert asked.cookies(BROKEN, NOW + 2 * 365 * 86_400) == []


@EACH
def test_a_cached_error_is_found_with_its_age(home, name):
    """The 502 that may be shown for a day, in each kind of cache; the query counts."""
    asked = reader(home(name))
    found = asked.cached(BROKEN)
    assert found is not None
    assert found.status == 502
    assert 0 < NOW - found.at < 3_600
    assert 80_000 < fresh_for(found, NOW) < 86_400
    assert asked.cached(target_of("http://localhost:8811/broken?page=2")) is None


@pytest.mark.parametrize("name", ["chromium-linux", "brave-macos"])
def test_service_workers_are_found_in_leveldb(home, name):
    """In the log and in a sorted table; one that was deleted is not there."""
    (worker,) = reader(home(name)).workers(BROKEN)
    assert (worker.scope, worker.script) == (
        "http://localhost:8811/",
        "http://localhost:8811/sw.js",
    )
    assert reader(home(name)).workers(target_of("http://localhost:88/")) == []


@pytest.mark.parametrize("name", ["firefox-macos", "firefox-windows"])
def test_service_workers_of_firefox_are_found(home, name):
    """In its own text file."""
    (worker,) = reader(home(name)).workers(BROKEN)
    assert worker.script == "http://localhost:8811/sw.js"


@pytest.mark.parametrize("name", ["chromium-linux", "firefox-macos", "firefox-windows"])
def test_what_a_worker_stored_is_found(home, name):
    """The 502 that the worker keeps for this page."""
    asked = reader(home(name))
    assert asked.kept(BROKEN) == [502]
    assert asked.kept(target_of("http://localhost:8811/")) == []


@EACH
def test_extensions_that_are_on_are_told(home, name):
    """One may change requests; one is switched off, and the browser's own do not count."""
    (extension,) = reader(home(name)).extensions()
    assert extension.title == "Page guard"
    assert extension.powers
    assert extension.everywhere


@pytest.mark.parametrize("name", ["chromium-linux", "edge-windows", "brave-macos"])
def test_a_rule_that_blocks_the_page_is_found(home, name):
    """A static rule of the extension, in the folder where it is unpacked."""
    system = home(name)
    (extension,) = reader(system).extensions()
    dynamic = found_profiles(system)[0].folder / "DNR Extension Rules"
    assert blocks(extension, dynamic, target_of("https://www.ads.example/"))
    assert not blocks(extension, dynamic, BROKEN)


@pytest.mark.parametrize(
    ("name", "proxy", "dns"),
    [
        ("edge-windows", "proxy.example:3128", "https://dns.example/dns-query"),
        ("brave-macos", "http://wpad.example/proxy.pac", ""),
        ("chromium-linux", "", ""),
        ("firefox-windows", "proxy.example:3128", "https://dns.example/dns-query"),
    ],
)
def test_proxy_and_resolver_of_the_browser_are_told(home, name, proxy, dns):
    """What the browser has set for itself, beside the system."""
    settings = reader(home(name)).settings()
    assert (settings.proxy, settings.dns) == (proxy, dns)


def test_a_profile_is_taken_by_its_folder_or_by_its_browsers_folder(home):
    """Both are what a person may point to."""
    system = home("edge-windows")
    root = system.home / "AppData/Local/Microsoft/Edge/User Data"
    for path in (root, root / "Profile 2"):
        found = profile_at(path, system)
        assert (found.product, found.folder) == ("edge", root / "Profile 2")


def test_a_folder_that_is_no_profile_is_said_to_be_none(tmp_path):
    """With what would be one."""
    with pytest.raises(ProfileError, match="Preferences"):
        profile_at(tmp_path)
    with pytest.raises(ProfileError, match="no folder"):
        profile_at(tmp_path / "nowhere")


def test_a_name_out_of_a_file_leads_nowhere_else(tmp_path):
    """`last_used` is a name within the folder and no path."""
    (tmp_path / "chrome").mkdir()
    (tmp_path / "away").mkdir()
    (tmp_path / "away/Preferences").write_text("{}")
    (tmp_path / "chrome/Local State").write_text('{"profile": {"last_used": "../away"}}')
    with pytest.raises(ProfileError):
        profile_at(tmp_path / "chrome")


@EACH
def test_a_damaged_profile_is_read_as_far_as_it_goes(home, name):
    """Bytes that are turned over anywhere end in less knowledge, never in another error."""
    system = home(name)
    chance = random.Random(name)
    files = [path for path in sorted(system.home.rglob("*")) if path.is_file()]
    asked = reader(system)
    for _ in range(12):
        for path in files:
            if path.name == "index" and path.stat().st_size > 1_000_000:
                continue  # half a million empty places say nothing
            data = bytearray(path.read_bytes())
            for _ in range(1 + len(data) // 500):
                if data:
                    data[chance.randrange(len(data))] = chance.randrange(256)
            path.write_bytes(
                data[: chance.randrange(len(data) + 1)] if chance.random() < 0.2 else data
            )
        for question in (
            lambda: asked.cookies(BROKEN, NOW),
            lambda: asked.workers(BROKEN),
            lambda: asked.kept(BROKEN),
            lambda: asked.cached(BROKEN),
            lambda: [blocks(one, system.home, BROKEN) for one in asked.extensions()],
            asked.settings,
            asked.version,
        ):
            with contextlib.suppress(ProfileError):
                question()


def test_programs_are_found_by_their_places(tmp_path):
    """A path with a variable of Windows, and none where nothing is."""
    system = System("windows", tmp_path, {"PROGRAMFILES(X86)": str(tmp_path / "Programs")})
    program = tmp_path / "Programs/Microsoft/Edge/Application/msedge.exe"
    assert program_of("edge", system) is None
    program.parent.mkdir(parents=True)
    program.touch()
    assert program_of("edge", system) == str(program)


def test_every_browser_has_its_places_on_every_system():
    """A browser without a place would never be found."""
    for product in products().values():
        for system in ("linux", "macos", "windows"):
            assert product.profiles[system]
            assert product.programs[system]
    assert {product.family for product in products().values()} == set(Family)


@pytest.mark.parametrize(
    ("domain", "host", "goes"),
    [
        ("shop.example", "shop.example", True),
        (".shop.example", "www.shop.example", True),
        ("shop.example", "www.shop.example", False),
        (".shop.example", "myshop.example", False),
    ],
)
def test_a_cookie_goes_to_its_domain(domain, host, goes):
    """RFC 6265, section 5.1.3."""
    assert goes_to(domain, host) is goes


@pytest.mark.parametrize(
    ("cookie", "path", "goes"),
    [("/", "/a", True), ("/a", "/a/b", True), ("/a", "/ab", False), ("/a", "/a?b", True)],
)
def test_a_cookie_goes_to_its_path(cookie, path, goes):
    """RFC 6265, section 5.1.4."""
    assert on_path(cookie, path) is goes


@pytest.mark.parametrize(
    ("hidden", "scheme", "version", "plain"),
    [(451, "v10", 24, 400), (419, "v11", 23, 400), (463, "v10", 24, 400), (463, "v20", 24, 400)],
)
def test_the_length_of_an_encrypted_value_is_never_overstated(hidden, scheme, version, plain):
    """CBC is filled up to 16 bytes; GCM carries a nonce and a tag; newer stores a digest."""
    assert _plain(hidden, scheme, version) == plain


@pytest.mark.parametrize(
    ("status", "head", "fresh"),
    [
        (502, {"cache-control": "public, max-age=100"}, 40),
        (502, {"cache-control": "no-cache, max-age=100"}, 0),
        (502, {"cache-control": "s-maxage=100"}, 0),
        (502, {"cache-control": "max-age=100", "age": "30"}, 10),
        (200, {"last-modified": "Thu, 01 Jan 1970 00:00:00 GMT"}, 40),
        (502, {"last-modified": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        (502, {"expires": "Thu, 01 Jan 1970 00:18:20 GMT"}, 40),
        (502, {"expires": "0"}, -1_060),
        (502, {}, 0),
    ],
)
def test_freshness_is_that_of_rfc_9111(status, head, fresh):
    """Seconds left, 60 s after an answer that came at second 1000."""
    stored = Stored(status, 1_000.0, tuple(head.items()))
    assert fresh_for(stored, 1_060.0) == pytest.approx(fresh)
