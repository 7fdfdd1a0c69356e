"""The sites of the lab: names, addresses and what each is for."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from badgateway.lab.box import LabError

ZONES = ("example.com", "example.net", "example.org")
"""What the sites' names end in; each is a zone of its own, `example.org` is signed."""


@dataclass(frozen=True, slots=True)
class Site:
    """One name that a visitor can open.

    Attributes:
        name: the host name.
        a: its IPv4 addresses.
        aaaa: its IPv6 addresses.
        about: one line for people.
        ttl: of its records, in seconds.
        path: a page of it that answers below 500 while all is well.
        checked: whether it is part of the look at the lab's health.
        needs: the servers behind it; where one is left out the site is not looked at.
        more: whatever else its table says.
    """

    name: str
    a: tuple[str, ...]
    aaaa: tuple[str, ...] = ()
    about: str = ""
    ttl: int = 300
    path: str = "/"
    checked: bool = True
    needs: tuple[str, ...] = ()
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its page that is looked at."""
        return f"https://{self.name}{self.path}"

    @property
    def zone(self) -> str:
        """The zone it stands in."""
        return next(zone for zone in ZONES if self.name == zone or self.name.endswith(f".{zone}"))


_KNOWN = {"a", "aaaa", "about", "ttl", "path", "checked", "needs"}


def load_sites() -> dict[str, Site]:
    """Every site of `sites.toml` by its name.

    Raises:
        LabError: a site's name stands in none of the lab's zones.
    """
    text = files("badgateway.lab").joinpath("sites.toml").read_text("utf-8")
    found = {}
    for name, data in tomllib.loads(text).items():
        if not any(name == zone or name.endswith(f".{zone}") for zone in ZONES):
            raise LabError(f"sites.toml: {name} ends in none of {', '.join(ZONES)}")
        found[name] = Site(
            name=name,
            a=tuple(data.get("a", ())),
            aaaa=tuple(data.get("aaaa", ())),
            about=data.get("about", ""),
            ttl=data.get("ttl", 300),
            path=data.get("path", "/"),
            checked=data.get("checked", True),
            needs=tuple(data.get("needs", ())),
            more={key: value for key, value in data.items() if key not in _KNOWN},
        )
    return found
