"""Windows: each interface has its own list, by hand (`NameServer`) or as the network says.

Read through CIM and the registry, whose words are the same in every language of Windows.
"""

import contextlib
import json
import sys
from collections.abc import Callable

from badgateway.model.machine import Naming
from badgateway.model.message import Message
from badgateway.model.observation import Value
from badgateway.transport.command import output_of
from badgateway.transport.systems.names import is_tunnel

_PROPERTIES = ("InterfaceIndex", "SettingID", "Description", "DefaultIPGateway",
               "IPConnectionMetric", "DNSServerSearchOrder")  # fmt: skip
_SCRIPT = (
    "Get-CimInstance Win32_NetworkAdapterConfiguration -Filter IPEnabled=TRUE | "
    f"Select-Object {','.join(_PROPERTIES)} | ConvertTo-Json -Depth 3"
)
_WORDS = ("powershell", "-NoProfile", "-NonInteractive", "-Command", _SCRIPT)
_KEY = r"SYSTEM\CurrentControlSet\Services\{0}\Parameters\Interfaces\{1}"
_FAMILIES = ("Tcpip", "Tcpip6")


def look() -> Naming | None:
    """The interface that the usual way goes through; None where there is none."""
    return naming(output_of(_WORDS, 20.0) or "", _by_hand)


def naming(text: str, by_hand: Callable[[str, str], str]) -> Naming | None:
    """What CIM says of the interfaces, as JSON, and the registry of the one that is used.

    Args:
        text: of `ConvertTo-Json`: one object, or a list of several.
        by_hand: from a family (`Tcpip`, `Tcpip6`) and an interface to its value `NameServer`.
    """
    try:
        told = json.loads(text)
    except ValueError:
        return None
    listed = told if isinstance(told, list) else [told]
    found = [each for each in listed if isinstance(each, dict) and each.get("DefaultIPGateway")]
    if not found:
        return None
    used = min(found, key=lambda each: each.get("IPConnectionMetric") or 0)
    number, guid = used.get("InterfaceIndex"), str(used.get("SettingID"))
    servers = used.get("DNSServerSearchOrder")
    asked = tuple(str(server) for server in servers) if isinstance(servers, list) else ()
    name = str(used.get("Description"))
    if is_tunnel(name):
        why = Message("a VPN ({device}) says who is asked for names", {"device": name})
        return Naming("windows", asked, locked=why)
    values: dict[str, Value] = {"number": number if isinstance(number, int) else None}
    # The registry separates them by commas or spaces.
    old = [word for family in _FAMILIES for word in by_hand(family, guid).replace(",", " ").split()]
    if old:
        return Naming("windows", asked, {**values, "old": ",".join(old)})
    return Naming("windows-automatic", asked, values)


def _by_hand(family: str, guid: str) -> str:
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - there is none elsewhere

        path = _KEY.format(family, guid)
        with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            return str(winreg.QueryValueEx(key, "NameServer")[0])
    return ""
