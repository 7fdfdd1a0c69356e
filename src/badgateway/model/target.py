"""What is checked: a URL taken apart, and what the caller wants of the check."""

import ipaddress
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from badgateway.model.message import SpokenError

if TYPE_CHECKING:
    from badgateway.model.vantage import Vantage

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:/?#\s]+)(:\d+)?([/?#]|$)")
_ENDPOINT = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]/\s]+))(?::(?P<port>\d{1,5}))?"
)
_LOGIN = re.compile(r"\A(https?://)[^/?#@]*@", re.IGNORECASE)
_ZONE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_SPECIAL = (
    *("localhost", "test", "example", "invalid", "local", "onion", "internal", "home.arpa"),
    *("lan", "home", "corp", "intranet", "private"),
)
"""Ends of names that are never public: RFC 6761, RFC 6762, RFC 8375, RFC 7686, ICANN's `internal`
(SSAC 113), and the private ends that RFC 6762 appendix G lists."""

URL_LIMIT = 8_192
"""Characters of URL that are accepted; gateways stop at 8 KiB."""


class TargetError(SpokenError, ValueError):
    """A URL that cannot be checked. The message says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart.

    Attributes:
        scheme: `http` or `https`.
        host: lower-case ASCII name (an IDN in its `xn--` form) or literal address, no brackets.
        port: 1 to 65535.
        path: request target, with the query; begins with a slash.
        guessed: whether the scheme was guessed because none was given.
    """

    scheme: str
    host: str
    port: int
    path: str
    guessed: bool = False

    @property
    def tls(self) -> bool:
        """Whether it goes through TLS."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port, as the Host header carries them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.tls else 80)
        return host if usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def literal(self) -> bool:
        """Whether the host is an address and not a name."""
        return is_address(self.host)

    @property
    def public(self) -> bool:
        """Whether the rest of the world could know this host: else asking about it only leaks."""
        if self.literal:
            return ipaddress.ip_address(self.host.partition("%")[0]).is_global
        name = self.host.rstrip(".")
        ends = any(name == end or name.endswith("." + end) for end in _SPECIAL)
        return "." in name and not ends

    def at(self, path: str) -> "Target":
        """Another path of the same site."""
        return replace(self, path=path)

    def follow(self, location: str) -> "Target":
        """Where a Location header leads from here.

        Raises:
            TargetError: it leads to something that is not a web page.
        """
        try:
            there = urljoin(self.url, location.strip())
            # Browsers follow a redirect with a login in it; the login itself is not ours to send.
            return target_of(_LOGIN.sub(r"\1", there), guess=False)
        except TargetError:
            raise
        except ValueError as error:
            raise TargetError(
                "{location} is no URL: {why}", location=_shown(location), why=_lower(str(error))
            ) from None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host, by name or address, and a port; None where the port is left to the context."""

    host: str
    port: int | None


def endpoint_of(text: str) -> Endpoint:
    """`HOST` or `HOST:PORT`; an IPv6 address stands in brackets where a port follows.

    Raises:
        TargetError: it is neither.
    """
    if is_address(text):
        return Endpoint(text, None)
    found = _ENDPOINT.fullmatch(text)
    if found is None:
        raise TargetError(
            "{text} is no address; write 192.0.2.1, [2001:db8::1]:443 or name:80", text=_shown(text)
        )
    host = _host_of(found["six"] or found["host"], text)
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65_536:
        raise TargetError("{text}: ports are 1 to 65535", text=_shown(text))
    return Endpoint(host, port)


def resolver_of(text: str) -> Endpoint:
    """The resolver that a person names: a literal address, perhaps with a port.

    Raises:
        TargetError: it is none.
    """
    endpoint = endpoint_of(text)
    if not is_address(endpoint.host):
        raise TargetError("'{text}' is no resolver; give its address, such as 9.9.9.9", text=text)
    return endpoint


def is_address(host: str) -> bool:
    """Whether `host` is a literal IPv4 or IPv6 address (a zone index is allowed)."""
    address, percent, zone = host.partition("%")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return not percent or bool(_ZONE.fullmatch(zone))


def target_of(text: str, *, guess: bool = True) -> Target:
    """The target that a person typed: with or without a scheme, unless `guess` is false.

    Without one it is what browsers do: https for a public name, http for an address or a local
    name (and for port 80).

    Raises:
        TargetError: it is no URL of a web page; the message says why.
    """
    text = text.strip()
    if not text:
        raise TargetError("no URL given; try: badgateway https://example.com/")
    if len(text) > URL_LIMIT:
        raise TargetError("the URL is longer than {limit} characters", limit=URL_LIMIT)
    if any(ord(character) < 32 or character == "\x7f" for character in text):
        raise TargetError("the URL holds control characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise TargetError("the URL holds bytes that are no text")
    if is_address(text) and ":" in text:
        text = f"[{text}]"
    guessed = guess and not (_SCHEME.match(text) and "://" in text) and bool(_HOST_PORT.match(text))
    try:
        parts = urlsplit(f"//{text}" if guessed else text)
        port = parts.port
    except ValueError as error:
        raise TargetError(
            "{text} is no URL: {why}", text=_shown(text), why=_lower(str(error))
        ) from None
    if not guessed and parts.scheme not in ("http", "https"):
        what = f"{parts.scheme}:" if parts.scheme else text
        raise TargetError(
            "{what} is no web address; one begins with https:// or http://", what=_shown(what)
        )
    if parts.username is not None:
        raise TargetError("a URL with a user name in it is not checked; use --header for a login")
    host = _host_of(parts.hostname or "", text)
    if port == 0:
        raise TargetError("port 0 does not exist; ports are 1 to 65535")
    scheme = parts.scheme or _guess(host, port)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]") if parts.query else ""
    return Target(scheme, host, port or (443 if scheme == "https" else 80), path + query, guessed)


def _guess(host: str, port: int | None) -> str:
    public = Target("https", host, 443, "/").public
    if port in (443, 8443):
        return "https"
    return "https" if public and port is None else "http"


def _host_of(host: str, text: str) -> str:
    if not host:
        raise TargetError("{text} names no host", text=_shown(text))
    if is_address(host):
        return host
    try:
        name = host.rstrip(".").encode("ascii").decode("ascii").lower()
    except UnicodeEncodeError:
        name = _idn(host)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise TargetError("{host} is no valid host name", host=_shown(host))
    if name.replace(".", "").isdigit():
        raise TargetError("{host} is neither a name nor an address", host=_shown(host))
    return name


def _idn(host: str) -> str:
    """The ASCII form of an internationalised name, mapped as browsers do (UTS 46)."""
    import idna  # noqa: PLC0415 - 20 ms that only such names cost

    try:
        return idna.encode(host.rstrip("."), uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError as error:
        raise TargetError(
            "{host} is no valid host name: {why}", host=_shown(host), why=_lower(str(error))
        ) from None


def _shown(text: str) -> str:
    short = text if len(text) <= 60 else text[:57] + "…"
    return f"'{short}'"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller wants of a check.

    Attributes:
        timeout: seconds for the whole run.
        connect_to: where to connect instead of the name's own address, or None.
        family: 4 or 6 for one family only, None for both.
        resolvers: resolvers to ask instead of the public ones; their hosts are addresses.
        public_resolvers: whether public resolvers may be asked at all.
        proxy: URL of a forward proxy, or None.
        exits: further ways out to compare with it: URLs of proxies, `direct` or `tor`.
        vantages: other places to ask from.
        headers: further request headers.
        http3: whether HTTP/3 is tried (needs the extra).
        everything: whether every test is made, also those that could change nothing.
        detours: whether the site may be tried past the person's proxy or tunnel once it fails
            through it.
        for_another: whether somebody elsewhere asks: then only the site is looked at, and nothing
            is told of this machine's own settings and network.
        browser: whether the page is opened in the installed browser, with a clean profile.
        profile: the folder of a browser profile that may be read, and whose copy may be opened;
            `auto` for the one used last, empty for none.
        survey: whether the name is looked into in depth: every resolver of this machine and
            every name server of the zone is asked.
        contacts: whether it is looked up whom to write to, which tells the registry of the domain.
        try_answers: whether each address that anybody names is tried, with `survey`.
    """

    timeout: float = 30.0
    connect_to: Endpoint | None = None
    family: int | None = None
    resolvers: tuple[Endpoint, ...] = ()
    public_resolvers: bool = True
    proxy: str | None = None
    exits: tuple[str, ...] = ()
    vantages: "tuple[Vantage, ...]" = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    http3: bool = True
    everything: bool = False
    detours: bool = True
    for_another: bool = False
    browser: bool = False
    profile: str = ""
    survey: bool = False
    try_answers: bool = False
    contacts: bool = False
