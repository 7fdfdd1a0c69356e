"""Which browsers are here, and where is the profile that the person uses?"""

import configparser
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from badgateway.browser.copied import json_of, text_of, within
from badgateway.browser.profile import Family, Profile, ProfileError

_VARIABLES = {
    "%LOCALAPPDATA%": "AppData/Local",
    "%APPDATA%": "AppData/Roaming",
    "%PROGRAMFILES%": None,
    "%PROGRAMFILES(X86)%": None,
}
"""Windows' variables, and where below the home they point where they are not set."""


@dataclass(frozen=True, slots=True)
class Product:
    """A browser: its places of profiles and programs, by system."""

    name: str
    title: str
    family: Family
    profiles: Mapping[str, tuple[str, ...]]
    programs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class System:
    """Where to look.

    Attributes:
        name: `linux`, `macos` or `windows`.
        home: the person's home.
        variables: environment variables, as Windows' places need them.
    """

    name: str
    home: Path
    variables: Mapping[str, str]

    def place(self, text: str) -> Path | None:
        """A place of `products.toml` on this system; None where its variable is not set."""
        if text.startswith("~/"):
            return self.home / text[2:]
        for name, below in _VARIABLES.items():
            if text.startswith(name):
                given = self.variables.get(name.strip("%"))
                base = Path(given) if given else self.home / below if below else None
                return base / text[len(name) :].lstrip("/") if base else None
        return Path(text)


def this_system() -> System:
    """The system that this program runs on."""
    name = {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")
    return System(name, Path.home(), os.environ)


@cache
def products() -> Mapping[str, Product]:
    """The browsers that are known, by name."""
    text = files("badgateway.browser").joinpath("products.toml").read_text("utf-8")
    return {
        name: Product(
            name,
            told["title"],
            Family(told["family"]),
            {system: tuple(places) for system, places in told["profiles"].items()},
            {system: tuple(places) for system, places in told["programs"].items()},
        )
        for name, told in tomllib.loads(text).items()
    }


def found_profiles(system: System | None = None) -> list[Profile]:
    """The profile last used of each browser here, the one used last first."""
    system = system or this_system()
    found = []
    for product in products().values():
        for text in product.profiles.get(system.name, ()):
            place = system.place(text)
            if place is None or not place.is_dir():
                continue
            folder = _chosen(place, product.family)
            if folder is not None:
                found.append(_profile(product, folder, place, system))
    return sorted(found, key=_used, reverse=True)


def profile_at(path: Path, system: System | None = None) -> Profile:
    """The profile in a folder: the profile itself, or the folder of all profiles of a browser.

    Raises:
        ProfileError: it is none.
    """
    system = system or this_system()
    path = path.expanduser()
    if not path.is_dir():
        raise ProfileError(f"{path} is no folder; give the folder of a browser profile, or auto")
    for family in Family:
        if _is_profile(path, family):
            root = path.parent if family is Family.CHROMIUM else path
            return _profile(_product_of(path, family, system), path, root, system)
        if (folder := _chosen(path, family)) is not None:
            return _profile(_product_of(path, family, system), folder, path, system)
    raise ProfileError(
        f"{path} is no browser profile; a folder with the file Preferences (Chromium, Chrome, "
        "Edge, Brave) or prefs.js (Firefox) is one"
    )


def program_of(product: str, system: System | None = None) -> str | None:
    """The program of a browser; None where it is not installed."""
    system = system or this_system()
    for text in products()[product].programs.get(system.name, ()):
        if "/" not in text:
            if found := shutil.which(text):
                return found
        elif (place := system.place(text)) is not None and place.is_file():
            return str(place)
    return None


def _is_profile(path: Path, family: Family) -> bool:
    if family is Family.CHROMIUM:
        return (path / "Preferences").is_file()
    return any((path / name).is_file() for name in ("prefs.js", "compatibility.ini"))


def _chosen(root: Path, family: Family) -> Path | None:
    """The profile that a browser opens by itself, out of the folder of all of them."""
    candidates = _last_used(root) if family is Family.CHROMIUM else _default(root)
    return next((path for path in candidates if _is_profile(path, family)), None)


def _last_used(root: Path) -> Iterator[Path]:
    named = within(json_of(root / "Local State"), "profile", "last_used")
    # A name out of a file must not lead anywhere else.
    if isinstance(named, str) and named and Path(named).name == named:
        yield root / named
    yield root / "Default"


def _default(root: Path) -> Iterator[Path]:
    ini = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        ini.read_string(text_of(root / "profiles.ini"))
    except configparser.Error:
        return
    # What an installation is locked to comes first, then the profile marked as the default.
    for section in ini.sections():
        if section.startswith("Install") and (place := ini[section].get("Default")):
            yield root / place
    marked = [s for s in ini.sections() if s.startswith("Profile")]
    for section in sorted(marked, key=lambda s: ini[s].get("Default", "0") != "1"):
        if place := ini[section].get("Path"):
            yield root / place if ini[section].get("IsRelative", "1") == "1" else Path(place)


def _profile(product: Product, folder: Path, root: Path, system: System) -> Profile:
    cache = _cache(product.family, folder, system)
    return Profile(product.name, product.title, product.family, folder, root, cache)


def _cache(family: Family, folder: Path, system: System) -> Path:
    """Where the HTTP cache of a profile is: beside it, or below the system's place of caches."""
    inside = "Cache/Cache_Data" if family is Family.CHROMIUM else "cache2"
    if (folder / inside).is_dir():
        return folder / inside
    for config, caches in _CACHES.get(system.name, ()):
        base, other = system.place(config), system.place(caches)
        if base and other and folder.is_relative_to(base):
            return other / folder.relative_to(base) / inside
    return folder / inside


_CACHES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "linux": (
        ("~/.config", "~/.cache"),
        ("~/.mozilla/firefox", "~/.cache/mozilla/firefox"),
        ("~/snap/firefox/common/.mozilla", "~/snap/firefox/common/.cache/mozilla"),
    ),
    "macos": (("~/Library/Application Support", "~/Library/Caches"),),
    "windows": (("%APPDATA%", "%LOCALAPPDATA%"),),
}
"""Where profiles lie and where their caches lie then (user_data_dir.md, nsXREDirProvider.cpp)."""


def _product_of(path: Path, family: Family, system: System) -> Product:
    """Whose profile it is, by the places that are known; else the family's own."""
    for product in products().values():
        for text in product.profiles.get(system.name, ()):
            place = system.place(text)
            if place is not None and product.family is family and path.is_relative_to(place):
                return product
    return products()[family.value]


def _used(profile: Profile) -> float:
    """When a profile was last written to."""
    times = []
    for name in ("Preferences", "Network/Cookies", "Cookies", "prefs.js", "cookies.sqlite"):
        try:
            times.append((profile.folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times, default=0.0)
