"""Which vantages a call names, with their addresses and keys from the settings of this user.

Keys stand in the environment or in `badgateway/config.toml` under the XDG folder, never on the
command line, where every user of the machine could read them.
"""

import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from badgateway.model.target import TargetError
from badgateway.model.vantage import Vantage, VantageKind, api_of, vantage_of

ADDRESS, KEY = "BADGATEWAY_GLOBALPING_URL", "BADGATEWAY_GLOBALPING_KEY"
VANTAGE_KEY = "BADGATEWAY_VANTAGE_KEY"
_FILE_LIMIT = 65_536


def settings_path() -> Path:
    """Where this user's settings are kept on this system."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home(), "badgateway", "config.toml")
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base, "badgateway", "config.toml")


def vantages(named: Sequence[str]) -> tuple[Vantage, ...]:
    """The vantages of a call, ready to be asked.

    Raises:
        TargetError: one of them, or the settings, cannot be understood.
    """
    if not named:
        return ()
    settings = _settings(settings_path())
    return tuple(dict.fromkeys(_ready(vantage_of(text), settings) for text in named))


def _ready(vantage: Vantage, settings: Mapping[str, object]) -> Vantage:
    if vantage.kind is VantageKind.GLOBALPING:
        own = _table(settings, "globalping")
        address = os.environ.get(ADDRESS) or _text(own, "address")
        key = os.environ.get(KEY) or _text(own, "key")
        return replace(vantage, api=api_of(address) if address else vantage.api, key=key)
    if vantage.kind is VantageKind.BADGATEWAY:
        assert vantage.api is not None
        own = _table(_table(settings, "vantages"), vantage.api.authority)
        return replace(vantage, key=_text(own, "key") or os.environ.get(VANTAGE_KEY, ""))
    return vantage


def _settings(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.loads(file.read(_FILE_LIMIT).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TargetError("{path} cannot be read: {why}", path=path, why=error) from None


def _table(found: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise TargetError(
            "'{name}' in {path} must be a table: [{name}]", name=name, path=settings_path()
        )
    return table


def _text(table: Mapping[str, object], name: str) -> str:
    found = table.get(name, "")
    if not isinstance(found, str) or not (found.isascii() and (found.isprintable() or not found)):
        raise TargetError(
            "'{name}' in {path} must be text in quotes", name=name, path=settings_path()
        )
    return found
