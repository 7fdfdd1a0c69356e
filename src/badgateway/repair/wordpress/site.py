"""A WordPress site as it lies on disk: where its parts are, without asking WordPress."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from badgateway.model.message import SpokenError

USUAL = ("/var/www", "/srv/www", "/srv", "/home", "/usr/share/wordpress", "/usr/share/nginx/html")
"""Where sites usually lie."""
_DEPTH = 3
_MOST_LOOKED = 5_000
"""Folders that are looked into when no site is named."""
DROP_INS = (
    *("advanced-cache.php", "db.php", "object-cache.php", "sunrise.php"),
    *("fatal-error-handler.php", "php-error.php"),
)
"""Files of wp-content that WordPress loads before or instead of its own (`_get_dropins`,
https://developer.wordpress.org/reference/functions/_get_dropins/)."""
PREFIX = "!badgateway-"
"""Begins the name of our own must-use plugin, the switch. They are loaded in the order of their
names; no other sign comes before this one."""
_CONFIG_LIMIT = 1_048_576
_DEFINED = re.compile(
    r"define\s{0,8}\(\s{0,8}['\"](WP_CONTENT_DIR|WP_PLUGIN_DIR|WPMU_PLUGIN_DIR|WP_HOME|WP_SITEURL)"
    r"['\"]\s{0,8},\s{0,8}(__DIR__|dirname\s?\(\s?__FILE__\s?\)|ABSPATH)?\s{0,8}\.?\s{0,8}"
    r"['\"]([^'\"\n]{1,1000})['\"]\s{0,8}\)"
)


class SiteError(SpokenError, ValueError):
    """A site that cannot be worked on. The message says what would be right."""


class Kind(StrEnum):
    """What a part is; the member's value is what the switch calls it."""

    PLUGIN = "plugin"
    THEME = "theme"
    MU_PLUGIN = "mu-plugin"
    DROP_IN = "drop-in"


@dataclass(frozen=True, slots=True)
class Part:
    """Something that can be left out.

    Attributes:
        kind: what it is.
        name: the plugin's folder or file, the theme, or the file.
        path: where it lies.
    """

    kind: Kind
    name: str
    path: Path

    @property
    def key(self) -> str:
        """How the search calls it."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Site:
    """One site.

    Attributes:
        root: the folder of wp-load.php.
        config: its wp-config.php.
        content: wp-content.
        plugins: the folder of plugins.
        must_use: the folder of must-use plugins; it need not exist.
        home: its address, where the configuration tells it; empty else.
    """

    root: Path
    config: Path
    content: Path
    plugins: Path
    must_use: Path
    home: str = ""

    def parts(self) -> tuple[Part, ...]:
        """All that can be left out: plugins, the theme, must-use plugins, drop-ins."""
        plugins = [Part(Kind.PLUGIN, path.name, path) for path in _entries(self.plugins)]
        must_use = [
            Part(Kind.MU_PLUGIN, path.name, path)
            for path in _entries(self.must_use)
            if path.suffix == ".php" and not path.name.startswith(PREFIX)
        ]
        drop_ins = [
            Part(Kind.DROP_IN, name, self.content / name)
            for name in DROP_INS
            if (self.content / name).is_file()
        ]
        theme = Part(Kind.THEME, "the active theme", self.content / "themes")
        return (*plugins, theme, *must_use, *drop_ins)


def _entries(folder: Path) -> list[Path]:
    """Plugins in a folder: folders, and files of PHP other than the silent index.php."""
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        path
        for path in found
        if not path.name.startswith(".")
        and path.name != "index.php"
        and (path.is_dir() or path.suffix == ".php")
    ]


def site_at(root: Path) -> Site:
    """The site in a folder.

    Raises:
        SiteError: there is none.
    """
    root = root.resolve()
    if not (root / "wp-load.php").is_file() and not (root / "wp-config.php").is_file():
        raise SiteError(
            "'{root}' holds no wp-load.php; --root wants the folder of WordPress", root=root
        )
    # wp-load.php looks one folder up as well, where no other WordPress lies there.
    config = root / "wp-config.php"
    if not config.is_file() and (root.parent / "wp-config.php").is_file():
        config = root.parent / "wp-config.php"
    try:
        with config.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_CONFIG_LIMIT)
    except OSError as error:
        raise SiteError(
            "{config}: {strerror}; run it as a user who may read it",
            config=config,
            strerror=error.strerror,
        ) from None
    told: dict[str, tuple[str, str]] = {
        name: (start, rest) for name, start, rest in _DEFINED.findall(text)
    }

    def folder(name: str, usual: Path) -> Path:
        start, rest = told.get(name, ("", ""))
        if not rest:
            return usual
        return (config.parent if start else Path("/")) / rest.lstrip("/")

    content = folder("WP_CONTENT_DIR", root / "wp-content")
    if not content.is_dir():
        raise SiteError(
            "'{content}' is no folder, though wp-config.php says that it is wp-content",
            content=content,
        )
    return Site(
        root=root,
        config=config,
        content=content,
        plugins=folder("WP_PLUGIN_DIR", content / "plugins"),
        must_use=folder("WPMU_PLUGIN_DIR", content / "mu-plugins"),
        home=told.get("WP_HOME", told.get("WP_SITEURL", ("", "")))[1],
    )


def sites(places: tuple[str, ...] = USUAL) -> list[Site]:
    """The sites of this machine, where sites usually lie."""
    found: dict[Path, Site] = {}
    looked = 0
    queue = [(Path(place), 0) for place in places]
    while queue and looked < _MOST_LOOKED:
        folder, depth = queue.pop(0)
        looked += 1
        try:
            if (folder / "wp-load.php").is_file():
                site = site_at(folder)
                found.setdefault(site.root, site)
                continue
            inside = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
        except (OSError, SiteError):
            continue
        if depth < _DEPTH:
            queue += [(path, depth + 1) for path in sorted(inside)]
    return list(found.values())
