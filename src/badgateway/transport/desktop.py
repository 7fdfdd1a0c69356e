"""The proxy settings of this machine: environment, GNOME, KDE, Windows, macOS."""

import contextlib
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from badgateway.transport.command import output_of
from badgateway.transport.systems.proxies import (
    Proxies,
    gsettings,
    kioslaverc,
    registry,
    scutil,
)

_FILE_LIMIT = 65_536
WPAD = "http://wpad/wpad.dat"
"""Where systems that are told to detect a proxy look first after DHCP, in their own domain."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the settings name for a host.

    Attributes:
        setting: where it stands: a variable's name, or the system's settings.
        proxy: the proxy's URL; empty where a script chooses it.
        script: the URL of that script; empty for none.
    """

    setting: str
    proxy: str = ""
    script: str = ""


def may_name_a_proxy() -> bool:
    """Whether any setting could name one, without looking into any."""
    named = any(name.lower().endswith("_proxy") for name in os.environ)
    return named or sys.platform in ("win32", "darwin") or bool(_desktop())


def chosen_for(tls: bool, host: str) -> Chosen | None:
    """What programs of this machine use for a host: environment first, then the system's settings.

    None where nothing names a proxy, or the host is excepted. Blocks.
    """
    import urllib.request as settings  # noqa: PLC0415 - 30 ms, which only settings are worth

    if proxies := settings.getproxies_environment():
        if settings.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
            return None
        for kind in ("https" if tls else "http", "all"):
            if text := proxies.get(kind):
                named = next((n for n in os.environ if n.lower() == f"{kind}_proxy"), kind)
                return Chosen(named, text)
        return None
    system = system_proxies()
    if system is None:
        return None
    if script := system.script or (WPAD if system.detect else ""):
        return Chosen(system.setting, script=script)
    proxy = system.proxy_for(tls, host)
    return Chosen(system.setting, proxy) if proxy else None


def system_proxies() -> Proxies | None:
    """The system's or desktop's own settings; None where it has none that are known. Blocks."""
    if sys.platform == "win32":
        return registry(_windows_values())
    if sys.platform == "darwin":
        return scutil(output_of(["scutil", "--proxy"]) or "")
    desktop = _desktop()
    if desktop == "KDE":
        return kioslaverc(_kde(), os.environ)
    if desktop:
        told = output_of(["gsettings", "list-recursively", "org.gnome.system.proxy"])
        return gsettings(told or "")
    return None


def _desktop() -> str:
    """`KDE`, `GNOME` for it and its kin, or empty."""
    if not sys.platform.startswith("linux"):
        return ""
    names = os.environ.get("XDG_CURRENT_DESKTOP", "").upper().split(":")
    if "KDE" in names:
        return "KDE"
    kin = {"GNOME", "UNITY", "X-CINNAMON", "CINNAMON", "BUDGIE", "MATE", "PANTHEON", "UBUNTU"}
    return "GNOME" if kin & set(names) and shutil.which("gsettings") else ""


def _kde() -> str:
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    for name in ("kioslaverc", "kioslave5rc"):
        try:
            return text_of(Path(base, name), _FILE_LIMIT)
        except OSError:
            continue
    return ""


def text_of(path: Path, most: int) -> str:
    """The beginning of a file as text.

    Raises:
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(most)


def _windows_values() -> Mapping[str, object]:
    """The values of `Internet Settings` of this user; empty elsewhere than on Windows."""
    found: dict[str, object] = {}
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - there is none elsewhere

        path = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
        with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
            for name in _VALUES:
                with contextlib.suppress(OSError):
                    found[name] = winreg.QueryValueEx(key, name)[0]
    return found


_VALUES = ("ProxyEnable", "ProxyServer", "ProxyOverride", "AutoConfigURL", "AutoDetect")
