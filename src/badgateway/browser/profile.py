"""What is known of a browser profile, in the same words for every browser."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from badgateway.model.target import Target


class Family(StrEnum):
    """Browsers whose profiles are built alike."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"


class ProfileError(Exception):
    """A profile, or a part of one, that cannot be read. The message says what would be right."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile on disk.

    Attributes:
        product: the browser's name in `products.toml`.
        title: its name for people.
        family: how the profile is built.
        folder: the profile itself.
        root: the folder of all profiles of that browser.
        cache: the folder of its HTTP cache, which may be missing.
    """

    product: str
    title: str
    family: Family
    folder: Path
    root: Path
    cache: Path


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that goes to the site; its value is never taken.

    Attributes:
        name: its name.
        size: bytes of `name=value`, at least: of an encrypted value the length is known only to
            the next 16 bytes.
    """

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Worker:
    """A service worker that the site has registered."""

    scope: str
    script: str


EVERYWHERE = frozenset({"<all_urls>", "*://*/*", "http://*/*", "https://*/*"})
"""Patterns by which an extension asks for every site."""


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension that is switched on.

    Attributes:
        id: its identifier.
        title: its name for people.
        version: its version.
        powers: permissions by which it can block or change requests.
        hosts: patterns of the sites on which it may.
        folder: where it is unpacked; None where it is not.
    """

    id: str
    title: str
    version: str
    powers: tuple[str, ...]
    hosts: tuple[str, ...]
    folder: Path | None = None

    @property
    def everywhere(self) -> bool:
        """Whether it may do that on every site."""
        # What `declarativeNetRequest` blocks it blocks everywhere, without a host permission.
        return not EVERYWHERE.isdisjoint(self.hosts) or "declarativeNetRequest" in self.powers


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer that the browser keeps.

    Attributes:
        status: its HTTP status.
        at: when it was stored, in seconds since 1970; None where that is not known.
        head: its headers, names in lower case.
    """

    status: int
    at: float | None
    head: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the browser that change its way to a site; empty where the system's hold.

    Attributes:
        proxy: `none`, the proxy's address, or the address of a script (PAC).
        dns: the resolver that it asks over HTTPS; `automatic` where it chooses one itself.
    """

    proxy: str = ""
    dns: str = ""


class ProfileReader(Protocol):
    """What can be asked of a profile; each raises `ProfileError` where it cannot be read."""

    def version(self) -> str:
        """The browser's version when it last ran; empty where it is not told."""

    def cookies(self, target: Target, now: float) -> list[Cookie]:
        """The cookies that go to a page at that time (seconds since 1970)."""

    def workers(self, target: Target) -> list[Worker]:
        """The service workers whose scope holds a page."""

    def kept(self, target: Target) -> list[int]:
        """Statuses of the answers for a page in the stores of the site's service workers."""

    def extensions(self) -> list[Extension]:
        """The extensions that are on and can meddle with requests."""

    def cached(self, target: Target) -> Stored | None:
        """The answer for a page in the HTTP cache."""

    def settings(self) -> Settings:
        """Proxy and resolver of its own."""


def goes_to(domain: str, host: str) -> bool:
    """Whether a cookie of that domain, with a dot in front where it covers subdomains, goes there.

    RFC 6265, section 5.1.3.
    """
    bare = domain.lstrip(".").lower()
    return host == bare or (domain.startswith(".") and host.endswith(f".{bare}"))


def on_path(cookie_path: str, path: str) -> bool:
    """Whether a cookie of that path goes to a path (RFC 6265, section 5.1.4)."""
    path = path.partition("?")[0]
    return (
        path == cookie_path
        or (path.startswith(cookie_path) and cookie_path.endswith("/"))
        or path.startswith(f"{cookie_path}/")
    )


def origin_of(target: Target) -> str:
    """Scheme, host and port as browsers write them."""
    return f"{target.scheme}://{target.authority}"


def in_scope(scope: str, target: Target) -> bool:
    """Whether a service worker's scope holds a page: URLs are compared as text."""
    return scope.startswith(f"{origin_of(target)}/") and target.url.startswith(scope)
