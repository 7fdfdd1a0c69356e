"""Proxy settings of desktops: GNOME, KDE, Windows, macOS."""

import ast
import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Proxies:
    """What a system's settings say about proxies.

    Attributes:
        setting: where they stand, for people.
        by_scheme: by `http`, `https`, `socks` the proxy's URL.
        script: URL of a script that chooses (PAC); empty for none.
        detect: whether the network is asked for such a script (WPAD).
        bypass: hosts that go straight: names, patterns, `<local>` for names without a dot.
    """

    setting: str
    by_scheme: Mapping[str, str] = field(default_factory=dict)
    script: str = ""
    detect: bool = False
    bypass: tuple[str, ...] = ()

    def proxy_for(self, tls: bool, host: str) -> str:
        """The URL of the proxy for a host; empty for none."""
        if any(_bypassed(host, pattern) for pattern in self.bypass):
            return ""
        return self.by_scheme.get("https" if tls else "http") or self.by_scheme.get("socks", "")


def _bypassed(host: str, pattern: str) -> bool:
    host, pattern = host.lower(), pattern.strip().lower()
    if pattern in ("<local>", "<-loopback>"):
        return pattern == "<local>" and "." not in host and ":" not in host
    pattern = pattern.partition("://")[2] or pattern
    if pattern.startswith("."):
        return host == pattern[1:] or host.endswith(pattern)
    return host == pattern or host.endswith("." + pattern) or fnmatch.fnmatchcase(host, pattern)


def scutil(text: str) -> Proxies:
    """`scutil --proxy` of macOS; what holds for one interface only (`__SCOPED__`) is left out."""
    values: dict[str, str] = {}
    exceptions: list[str] = []
    stack: list[str] = []
    for line in text[:65_536].splitlines():
        key, colon, value = (part.strip() for part in line.partition(" : "))
        if line.rstrip().endswith("{"):
            stack.append(key if colon else "")
        elif line.strip() == "}":
            stack = stack[:-1]
        elif colon and stack == [""]:
            values[key] = value
        elif colon and stack == ["", "ExceptionsList"]:
            exceptions.append(value)
    by_scheme = {}
    for scheme, name in (("http", "HTTP"), ("https", "HTTPS"), ("socks", "SOCKS")):
        if values.get(f"{name}Enable") == "1" and (host := values.get(f"{name}Proxy")):
            by_scheme[scheme] = _url(scheme, host, values.get(f"{name}Port", ""))
    script = values.get("ProxyAutoConfigURLString", "")
    return Proxies(
        "system settings (macOS)",
        by_scheme,
        script if values.get("ProxyAutoConfigEnable") == "1" else "",
        values.get("ProxyAutoDiscoveryEnable") == "1",
        (*exceptions, *(["<local>"] if values.get("ExcludeSimpleHostnames") == "1" else [])),
    )


def registry(values: Mapping[str, object]) -> Proxies:
    """The values of Windows' key `Internet Settings`, which browsers follow."""
    on = values.get("ProxyEnable") == 1
    servers = str(values.get("ProxyServer") or "")
    return Proxies(
        "system settings (Windows)",
        _windows_servers(servers) if on and servers else {},
        str(values.get("AutoConfigURL") or ""),
        values.get("AutoDetect") == 1,
        _patterns(str(values.get("ProxyOverride") or "")) if on else (),
    )


def _windows_servers(text: str) -> dict[str, str]:
    """`host:port` for all, or `http=host:port;https=…;socks=…`."""
    by_scheme = {}
    for part in text.split(";"):
        scheme, named, place = part.strip().partition("=")
        if named:
            by_scheme[scheme.lower()] = _url(scheme, place, "")
        elif scheme:
            by_scheme |= dict.fromkeys(("http", "https"), _url("http", scheme, ""))
    return by_scheme


def gsettings(text: str) -> Proxies:
    """`gsettings list-recursively org.gnome.system.proxy` (GNOME and its kin)."""
    values: dict[tuple[str, str], str] = {}
    for line in text[:65_536].splitlines():
        words = line.split(None, 2)
        if len(words) == 3 and words[0].startswith("org.gnome.system.proxy"):
            values[words[0].removeprefix("org.gnome.system.proxy").lstrip("."), words[1]] = words[2]

    def plain(schema: str, key: str) -> str:
        return values.get((schema, key), "").strip().strip("'")

    mode, script = plain("", "mode"), plain("", "autoconfig-url")
    by_scheme = {}
    if mode == "manual":
        for scheme in ("http", "https", "socks"):
            if host := plain(scheme, "host"):
                by_scheme[scheme] = _url(scheme, host, plain(scheme, "port"))
    return Proxies(
        "system settings (GNOME)",
        by_scheme,
        script if mode == "auto" else "",
        mode == "auto" and not script,
        _list(values.get(("", "ignore-hosts"), "[]")),
    )


def kioslaverc(text: str, environment: Mapping[str, str]) -> Proxies:
    """KDE's `kioslaverc`: its group `Proxy Settings`; type 4 names environment variables."""
    group, values = "", {}
    for line in text[:65_536].splitlines():
        if line.startswith("["):
            group = line.strip()
        elif group == "[Proxy Settings]":
            key, _, value = line.partition("=")
            values[key.partition("[")[0].strip()] = value.strip()
    kind, by_scheme = values.get("ProxyType", "0"), {}
    for scheme in ("http", "https", "socks"):
        text = values.get(f"{scheme}Proxy", "")
        if kind == "4":
            text = environment.get(text, "")
        # `http://host 3128` is how KDE writes the port.
        place, _, port = text.partition(" ")
        if kind in ("1", "4") and place:
            by_scheme[scheme] = _url(scheme, place, port)
    excepted = values.get("NoProxyFor", "") if values.get("ReversedException") != "true" else ""
    return Proxies(
        "system settings (KDE)",
        by_scheme,
        values.get("Proxy Config Script", "") if kind == "2" else "",
        kind == "3",
        _patterns(excepted),
    )


def _url(served: str, place: str, port: str) -> str:
    """The URL of a proxy for `http`, `https` or `socks`; what `place` says itself goes first."""
    place = place.strip().rstrip("/")
    named, found, rest = place.partition("://")
    usual = "socks5" if served == "socks" else "http"
    scheme, place = (named, rest) if found else (usual, place)
    if place.count(":") > 1 and not place.startswith("["):
        place = f"[{place}]"
    tail = f":{port.strip()}" if port.strip().isdecimal() and port.strip() != "0" else ""
    return f"{'socks5' if scheme.startswith('socks') else scheme}://{place}{tail}"


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[;,]", text) if part.strip())


def _list(text: str) -> tuple[str, ...]:
    try:
        found = ast.literal_eval(text.removeprefix("@as").strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    return tuple(str(each) for each in found) if isinstance(found, list) else ()
