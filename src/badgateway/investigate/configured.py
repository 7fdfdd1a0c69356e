"""Configuration on this machine, with what it includes, and the files of its sites."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from badgateway.investigate.search import RECENT, TAIL, Search, add, placed, said_in
from badgateway.investigate.sort import read_sorted
from badgateway.model.hop import Hop
from badgateway.model.material import material_of
from badgateway.model.observation import Observation, Value
from badgateway.state.software import PRODUCTS, Software
from badgateway.transport.files import material_at

MOST_SITES = 20
"""Folders of sites that are looked into."""
MOST_FILES = 300
"""Files of configuration that are read, includes among them."""
_DOCUMENTS = re.compile(
    r"(?mi)^[^#\n]{0,400}?\b(?:root|alias|DocumentRoot|chdir)[ \t=]+\"?(/[\w./-]{1,200})"
)
"""Where a server's configuration says that a site's files are."""
_INCLUDE = re.compile(
    r"(?mi)^[ \t]*include(?:optional)?[ \t]*=?[ \t]+\"?([^\";#\n]+?)\"?[ \t]*;?[ \t\r]*$"
)


def config(search: Search, software: Software) -> None:
    """Read a server's configuration, and where it says that files of sites are."""
    for path, text in with_includes(software.config, software.place.root):
        key = f"{software.place.name}:{path}"
        if key in search.files:
            continue
        search.files.add(key)
        add(search, placed(software.place.name, said_in(material_of(path, text))))
        add(search, _changed(search, under(software.place.root, path), path))
        search.documents |= {found.rstrip("/") for found in _DOCUMENTS.findall(text)}


def _changed(search: Search, file: Path, name: str) -> Iterator[Observation]:
    """Whether a file was changed since the time that is asked about, or in the last hour."""
    since = search.request.since
    begin = since.timestamp() if since else time.time() - RECENT
    try:
        changed = file.stat().st_mtime
    except OSError:
        return
    if changed >= begin:
        value: dict[str, Value] = {"path": name, "minutes": round((time.time() - changed) / 60)}
        yield Observation(Hop.HOST, "file-changed", value, f"stat:{name}")


def with_includes(path: str, root: Path) -> Iterator[tuple[str, str]]:
    """A configuration file and those that it includes, with their texts."""
    if not path:
        return
    waiting, seen = [path], set[str]()
    folder = str(Path(path).parent)
    while waiting and len(seen) < MOST_FILES:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        try:
            text = under(root, name).read_text("utf-8", "replace")[: 1 << 22]
        except OSError:
            continue
        yield name, text
        for pattern in _INCLUDE.findall(text):
            full = pattern if pattern.startswith("/") else f"{folder}/{pattern}"
            base = under(root, "/")
            try:
                matches = sorted(base.glob(full.lstrip("/")))
            except (ValueError, OSError):
                continue
            waiting += [
                "/" + str(match.relative_to(base))
                for match in matches
                if match.name not in ("fastcgi_params", "mime.types", "fastcgi.conf")
            ]


def under(root: Path, path: str) -> Path:
    """A path as the server names it, below the root of the place where it runs."""
    return Path(str(root).rstrip("/") + "/" + path.lstrip("/"))


def wordpress(search: Search, root: Path, place: str = "") -> None:
    """The settings and the log of every WordPress whose files a server's configuration names."""
    for folder in sorted(search.documents)[:MOST_SITES]:
        # The settings may stand one folder above the site (wordpress.org, Hardening WordPress).
        settings = (f"{folder}/wp-config.php", f"{Path(folder).parent}/wp-config.php")
        log = f"{folder}/wp-content/debug.log"
        for name in (*settings, log):
            file, key = under(root, name), f"{place}:{name}"
            if key in search.files or not file.is_file():
                continue
            search.files.add(key)
            with suppress(OSError):
                found = material_at(file, name)
                if name in settings:
                    add(search, placed(place, said_in(found)))
                else:
                    dated = replace(found, since=search.request.since, dated_only=True)
                    add(search, said_in(dated.tail(TAIL)))


def copied_tree(search: Search, root: Path) -> None:
    """A copied tree: configuration where the servers look for it, logs below /var/log."""
    for usual in (usual for _, _, _, usual in PRODUCTS if usual):
        for name, text in with_includes(usual, root):
            add(search, read_sorted(material_of(name, text)))
            search.documents |= {folder.rstrip("/") for folder in _DOCUMENTS.findall(text)}
    wordpress(search, root)
    for found in sorted(root.glob("etc/php*/**/pool.d/*.conf"))[:50]:
        add(search, read_sorted(material_at(found, "/" + str(found.relative_to(root)))))
    for found in sorted(root.glob("var/log/**/*"))[:500]:
        if found.is_file() and not found.is_symlink() and "access" not in found.name:
            material = material_at(found, "/" + str(found.relative_to(root)))
            add(search, read_sorted(replace(material, since=search.request.since)))
