"""A profile of Firefox, read."""

import json
import re
from pathlib import Path

from badgateway.browser.copied import ROWS, database, json_of, reading, text_of, texts, within
from badgateway.browser.firefox_cache import cached_answer
from badgateway.browser.profile import (
    Cookie,
    Extension,
    Profile,
    Settings,
    Stored,
    Worker,
    goes_to,
    in_scope,
    on_path,
    origin_of,
)
from badgateway.model.target import Target

POWERS = frozenset({"webRequest", "webRequestBlocking", "declarativeNetRequest", "proxy"})
"""https://developer.mozilla.org/en-US/docs/Mozilla/Add-ons/WebExtensions/manifest.json/permissions"""
_PREFERENCE = re.compile(r'^user_pref\("([^"\n]{1,200})", (.{1,4000})\);$', re.MULTILINE)
_VERSION = re.compile(r"^LastVersion=([^_\s]{1,40})", re.MULTILINE)
_MILLISECONDS = 16
"""From this version of the store on, times of expiry are in milliseconds."""


class FirefoxProfile:
    """One profile of this family."""

    def __init__(self, profile: Profile) -> None:
        """Args: profile: where it is."""
        self._profile = profile

    def version(self) -> str:
        """Out of `compatibility.ini`."""
        found = _VERSION.search(text_of(self._profile.folder / "compatibility.ini", 10_000))
        return found[1] if found else ""

    def cookies(self, target: Target, now: float) -> list[Cookie]:
        """Out of `cookies.sqlite`, without those of containers and private windows."""
        path = self._profile.folder / "cookies.sqlite"
        if not path.is_file():
            return []
        with database(path) as opened:
            (version,) = opened.execute("PRAGMA user_version").fetchone()
            rows = opened.execute(
                "SELECT host, name, length(CAST(value AS BLOB)), path, expiry, isSecure "
                "FROM moz_cookies WHERE originAttributes = '' LIMIT ?",
                (ROWS,),
            )
            found = []
            for domain, name, size, where, expiry, secure in rows:
                ends = (expiry or 0) / (1_000 if version >= _MILLISECONDS else 1)
                fits = goes_to(str(domain), target.host) and on_path(str(where), target.path)
                if ends > now and fits and (target.tls or not secure):
                    found.append(Cookie(str(name), len(str(name).encode()) + 1 + int(size or 0)))
        return found

    def workers(self, target: Target) -> list[Worker]:
        """Out of `serviceworker.txt` (ServiceWorkerRegistrar.cpp): a block for each, then `#`."""
        lines = text_of(self._profile.folder / "serviceworker.txt").splitlines()
        found, block = [], list[str]()
        for line in lines[1:]:
            if line != "#":
                block.append(line)
                continue
            # The attributes of the origin, empty for the usual ones; the scope; the script.
            if len(block) > 2 and not block[0] and in_scope(block[1], target):
                found.append(Worker(block[1], block[2]))
            block = []
        return found

    def kept(self, target: Target) -> list[int]:
        """Out of the caches of the site's workers (dom/cache/DBSchema.cpp)."""
        place = re.sub(r"[:/]", "+", origin_of(target))
        path = self._profile.folder / "storage/default" / place / "cache/caches.sqlite"
        if not path.is_file():
            return []
        url, mark, query = target.url.partition("?")
        with database(path) as opened:
            rows = opened.execute(
                "SELECT response_status FROM entries "
                "WHERE request_url_no_query = ? AND request_url_query = ? LIMIT ?",
                (url, mark + query, ROWS),
            )
            return [int(status) for (status,) in rows]

    def extensions(self) -> list[Extension]:
        """Out of `extensions.json`, without those that come with Firefox."""
        addons = json_of(self._profile.folder / "extensions.json").get("addons")
        found = []
        for told in addons if isinstance(addons, list) else []:
            location = str(within(told, "location") or "")
            if within(told, "type") != "extension" or not within(told, "active"):
                continue
            if location.startswith(("app-builtin", "app-system")):
                continue
            granted = within(told, "userPermissions")
            powers = tuple(sorted(POWERS.intersection(texts(within(granted, "permissions")))))
            hosts = texts(within(granted, "origins"))
            if powers:
                found.append(
                    Extension(
                        str(within(told, "id") or "?"),
                        str(within(told, "defaultLocale", "name") or within(told, "id") or "?"),
                        str(within(told, "version") or "?"),
                        powers,
                        tuple(hosts),
                    )
                )
        return sorted(found, key=lambda one: one.title.lower())

    def cached(self, target: Target) -> Stored | None:
        """Out of the HTTP cache."""
        with reading("HTTP cache"):
            return cached_answer(self._profile.cache, target.url)

    def settings(self) -> Settings:
        """Out of `prefs.js`, over which `user.js` has the last word."""
        told: dict[str, object] = {}
        for name in ("prefs.js", "user.js"):
            told |= _preferences(self._profile.folder / name)
        return Settings(_proxy(told), _dns(told))


def _preferences(path: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in _PREFERENCE.findall(text_of(path)):
        try:
            found[name] = json.loads(value)
        except ValueError:
            continue
    return found


def _proxy(told: dict[str, object]) -> str:
    """`network.proxy.type`: 0 none, 1 by hand, 2 a script, 4 automatic, 5 the system's."""
    kind = told.get("network.proxy.type")
    if kind == 0:
        return "none"
    if kind == 1:
        for name in ("ssl", "http", "socks"):
            if host := told.get(f"network.proxy.{name}"):
                return f"{host}:{told.get(f'network.proxy.{name}_port', '?')}"
    if kind == 2:
        return str(told.get("network.proxy.autoconfig_url") or "script")
    return "automatic" if kind == 4 else ""


def _dns(told: dict[str, object]) -> str:
    """`network.trr.mode`: 2 first, 3 only; others leave names to the system or to Firefox."""
    if told.get("network.trr.mode") not in (2, 3):
        return ""
    return str(told.get("network.trr.custom_uri") or told.get("network.trr.uri") or "automatic")
