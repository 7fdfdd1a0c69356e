"""Other places to ask from, as a person names them: `--via`."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from badgateway.model.target import Target, TargetError, endpoint_of, is_address, target_of

GLOBALPING = "https://api.globalping.io/"
"""Where Globalping's API is (https://globalping.io/docs/api.globalping.io)."""
MOST_LOCATIONS = 8
"""Locations of one call; an unnamed caller has 250 tests an hour."""
_LOCATION = re.compile(r"[^\W_][\w .'+-]{0,63}")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_FORMS = "globalping[:LOCATION,…], badgateway+https://HOST/ or ssh://[USER@]HOST[:PORT]"


class VantageKind(StrEnum):
    """Who asks for us."""

    GLOBALPING = "globalping"
    BADGATEWAY = "badgateway"
    SSH = "ssh"


@dataclass(frozen=True, slots=True)
class Vantage:
    """One place, or one service that has many, to ask from.

    Attributes:
        kind: who asks for us.
        api: where its API is; None for SSH.
        locations: where Globalping shall ask from, in its own "magic" words; empty for anywhere.
        host: the machine to log in to by SSH: a name, an address, or an alias of its settings.
        port: its port, None for the one in SSH's own settings.
        user: whom to log in as, empty for the one in SSH's own settings.
        key: the key of the API, empty for none; never shown.
    """

    kind: VantageKind
    api: Target | None = None
    locations: tuple[str, ...] = ()
    host: str = ""
    port: int | None = None
    user: str = ""
    key: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The vantage for people, without its key."""
        if self.kind is VantageKind.SSH:
            return f"ssh://{self.host}"
        assert self.api is not None
        return self.api.host


def vantage_of(text: str) -> Vantage:
    """The vantage that a person names, without its key.

    Raises:
        TargetError: it names none; the message shows the forms.
    """
    kind, colon, rest = text.partition(":")
    if kind == VantageKind.GLOBALPING:
        return _globalping(rest if colon else None, text)
    if text.startswith("ssh://"):
        return _ssh(text.removeprefix("ssh://").removesuffix("/"), text)
    if text.startswith("badgateway+"):
        api = api_of(text.removeprefix("badgateway+"))
        return Vantage(VantageKind.BADGATEWAY, api)
    raise TargetError("'{text}' is no vantage; write {forms}", text=text[:60], forms=_FORMS)


def api_of(text: str) -> Target:
    """The base URL of an API. Plain http is taken on this machine only: a key goes with the call.

    Raises:
        TargetError: it is none, or unencrypted.
    """
    api = target_of(text, guess=False)
    if not api.tls and api.host not in ("localhost", "127.0.0.1", "::1"):
        raise TargetError("'{text}' would send its key unencrypted; write https://", text=text[:60])
    return api if api.path.endswith("/") else api.at(api.path + "/")


def _globalping(rest: str | None, text: str) -> Vantage:
    locations = () if rest is None else tuple(part.strip() for part in rest.split(","))
    if not all(_LOCATION.fullmatch(part) for part in locations):
        raise TargetError(
            "'{text}' names no location; try globalping:Germany,US,Tokyo", text=text[:60]
        )
    if len(locations) > MOST_LOCATIONS:
        raise TargetError("at most {most} locations in one call", most=MOST_LOCATIONS)
    return Vantage(VantageKind.GLOBALPING, target_of(GLOBALPING), locations)


def _ssh(place: str, text: str) -> Vantage:
    user, at, host = place.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise TargetError("'{text}' holds no user name that SSH can be given", text=text[:60])
    # `endpoint_of` takes names and addresses only, so that nothing can be an option of ssh.
    found = endpoint_of(host)
    if not is_address(found.host) and not found.host[0].isalnum():
        raise TargetError("'{text}' is no host to log in to", text=text[:60])
    return Vantage(VantageKind.SSH, host=found.host, port=found.port, user=user)
