"""A profile of Chromium's family (Chromium, Chrome, Edge, Brave), read."""

import sqlite3
from collections.abc import Iterator
from hashlib import sha1
from pathlib import Path

from badgateway.browser.chromium_cache import WINDOWS_EPOCH, cached_answer, simple_entries
from badgateway.browser.copied import ROWS, database, json_of, reading, text_of, texts, within
from badgateway.browser.leveldb import read_leveldb
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
from badgateway.browser.protobuf import message_field, number_field, text_field
from badgateway.model.target import Target

POWERS = frozenset(
    {
        "declarativeNetRequest",
        "declarativeNetRequestWithHostAccess",
        "webRequest",
        "webRequestBlocking",
        "webRequestAuthProvider",
        "proxy",
        "debugger",
    }
)
"""Permissions by which an extension can block, change or divert a request.

https://developer.chrome.com/docs/extensions/reference/permissions-list
"""
_COMPONENT, _EXTERNAL_COMPONENT = 5, 10
"""Places of extensions that belong to the browser (ManifestLocation in manifest.mojom)."""
_HASHED = 24
"""From this version of the store on, a hash of the domain (32 bytes) is encrypted with a value."""
_STORES = 500


class ChromiumProfile:
    """One profile of this family."""

    def __init__(self, profile: Profile) -> None:
        """Args: profile: where it is."""
        self._profile = profile

    def version(self) -> str:
        """Out of the file `Last Version`."""
        return text_of(self._profile.root / "Last Version", 100).strip()

    def cookies(self, target: Target, now: float) -> list[Cookie]:
        """Those that go to a page; of encrypted values the length is what it is at least."""
        folder = self._profile.folder
        path = next(
            (p for p in (folder / "Network/Cookies", folder / "Cookies") if p.is_file()), None
        )
        if path is None:
            return []
        with database(path) as opened:
            version = _version(opened)
            rows = opened.execute(
                "SELECT host_key, name, length(CAST(value AS BLOB)), length(encrypted_value), "
                "CAST(substr(encrypted_value, 1, 3) AS TEXT), path, expires_utc, is_secure, "
                "top_frame_site_key FROM cookies LIMIT ?",
                (ROWS,),
            )
            found = []
            for domain, name, plain, hidden, scheme, where, expires, secure, partition in rows:
                alive = not expires or expires / 1e6 - WINDOWS_EPOCH > now
                own = not partition or goes_to(f".{_site(partition)}", target.host)
                fits = goes_to(str(domain), target.host) and on_path(str(where), target.path)
                if alive and own and fits and (target.tls or not secure):
                    size = plain or _plain(int(hidden), str(scheme), version)
                    found.append(Cookie(str(name), len(str(name).encode()) + 1 + int(size)))
        return found

    def workers(self, target: Target) -> list[Worker]:
        """Out of the LevelDB in `Service Worker/Database` (service_worker_database.cc)."""
        folder = self._profile.folder / "Service Worker/Database"
        if not folder.is_dir():
            return []
        with reading("service workers"):
            stored = read_leveldb(folder)
        found = []
        for key, value in stored.items():
            if key.startswith(b"REG:"):
                worker = Worker(text_field(value, 2), text_field(value, 3))
                if in_scope(worker.scope, target):
                    found.append(worker)
        return found

    def kept(self, target: Target) -> list[int]:
        """Out of CacheStorage (cache_storage.proto), an entry a page."""
        return [
            number_field(message_field(told, 2), 1)
            for store in self._stores(target)
            for told in simple_entries(store, target.url)
        ]

    def _stores(self, target: Target) -> Iterator[Path]:
        """The folders of the caches that the site's workers made."""
        origin = f"{origin_of(target)}/".encode()
        roots = [
            self._profile.folder / "Service Worker/CacheStorage" / sha1(origin).hexdigest(),  # noqa: S324 - a name
            *(self._profile.folder / "Service Worker/CacheStorage").glob("*"),
            *(self._profile.folder / "WebStorage").glob("*/CacheStorage"),
        ]
        for root in dict.fromkeys(roots[:_STORES]):
            if origin in text_of(root / "index.txt").encode("utf-8", "replace"):
                yield from (path for path in root.iterdir() if path.is_dir())

    def extensions(self) -> list[Extension]:
        """Out of `Preferences` and `Secure Preferences`."""
        folder = self._profile.folder
        known: dict[str, object] = {}
        for name in ("Preferences", "Secure Preferences"):
            known |= within(json_of(folder / name), "extensions", "settings") or {}
        found = []
        for id_, told in known.items():
            if within(told, "location") in (_COMPONENT, _EXTERNAL_COMPONENT) or not _on(told):
                continue
            if (extension := self._extension(id_, told)) is not None:
                found.append(extension)
        return sorted(found, key=lambda one: one.title.lower())

    def _extension(self, id_: str, told: object) -> Extension | None:
        place = within(told, "path")
        unpacked = self._profile.folder / "Extensions" / place if isinstance(place, str) else None
        manifest = within(told, "manifest") or (
            json_of(unpacked / "manifest.json") if unpacked else {}
        )
        if within(manifest, "theme") or within(manifest, "app"):
            return None
        granted = within(told, "active_permissions") or within(told, "granted_permissions")
        api = texts(within(granted, "api")) or texts(within(manifest, "permissions"))
        hosts = texts(within(granted, "explicit_host")) or texts(
            within(manifest, "host_permissions")
        )
        powers = tuple(sorted(POWERS.intersection(api)))
        if not powers:
            return None
        return Extension(
            id_,
            _title(str(within(manifest, "name") or id_), unpacked, manifest),
            str(within(manifest, "version") or "?"),
            powers,
            tuple(hosts),
            unpacked,
        )

    def cached(self, target: Target) -> Stored | None:
        """Out of the HTTP cache, of either kind."""
        with reading("HTTP cache"):
            return cached_answer(self._profile.cache, target.url)

    def settings(self) -> Settings:
        """Out of `Preferences` and, for names, `Local State`."""
        proxy = within(json_of(self._profile.folder / "Preferences"), "proxy")
        mode = within(proxy, "mode")
        named = {
            "direct": "none",
            "auto_detect": "automatic",
            "pac_script": str(within(proxy, "pac_url") or "script"),
            "fixed_servers": str(within(proxy, "server") or "fixed"),
        }
        dns = within(json_of(self._profile.root / "Local State"), "dns_over_https")
        templates = str(within(dns, "templates") or "").split()
        how = within(dns, "mode")
        asked = templates[0] if templates else "automatic" if how == "secure" else ""
        return Settings(named.get(str(mode), ""), "" if how == "off" else asked)


def _version(opened: sqlite3.Connection) -> int:
    row = opened.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return int(row[0]) if row and str(row[0]).isdigit() else 0


def _plain(hidden: int, scheme: str, version: int) -> int:
    """The least length of a value by the length of what is encrypted (os_crypt of each system)."""
    digest = 32 if version >= _HASHED else 0
    if scheme == "v20" or (scheme == "v10" and (hidden - 3) % 16):
        # AES-GCM on Windows: a nonce of 12 bytes, a tag of 16, nothing filled up.
        return max(0, hidden - 3 - 12 - 16 - digest)
    # AES-CBC elsewhere: filled up by 1 to 16 bytes.
    return max(0, hidden - 3 - 16 - digest)


def _site(partition: str) -> str:
    return partition.partition("://")[2].partition(":")[0]


def _on(told: object) -> bool:
    """Whether it is switched on: newer versions list why one is off, older ones have a state."""
    reasons = within(told, "disable_reasons")
    state = within(told, "state")
    return not reasons and state in (None, 1)


def _title(name: str, folder: Path | None, manifest: object) -> str:
    """An extension's name; `__MSG_key__` stands in its messages (chrome.i18n)."""
    if not name.startswith("__MSG_") or folder is None:
        return name
    key = name.removeprefix("__MSG_").removesuffix("__").lower()
    language = str(within(manifest, "default_locale") or "en")
    if Path(language).name != language:
        return name
    messages = json_of(folder / "_locales" / language / "messages.json")
    for own, message in messages.items():
        if own.lower() == key:
            return str(within(message, "message") or name)
    return name
