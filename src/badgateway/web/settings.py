"""How a server is set up: for the person at this machine, or for everybody."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from badgateway.knowledge.resolvers import public_resolvers
from badgateway.model.target import Wishes
from badgateway.transport.reach import DNS_PORT, Network, Reach, own_networks
from badgateway.watch.pace import FIRST

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves.

    Attributes:
        host: address to listen at.
        port: port to listen at.
        public: whether strangers use it: then only public addresses are looked at, nothing is
            kept, and everybody has limits.
        hosts: values of the Host header that are served; empty serves any.
        accounts: users of this machine who are served; empty for everybody.
        key: what callers of the API must show; empty for no key.
        wishes: how every check is made.
        reach: where checks may connect to; None for no bounds.
        history: where past checks are kept; None keeps none.
        at_once: checks that run side by side.
        queue: checks that may wait; who comes then is sent away.
        per_minute: checks that one address may ask for in a minute; 0 for no limit.
        keep: seconds that a result is good enough for whoever asks for the same page.
        body_limit: bytes that a request may send.
        unpacked_limit: bytes that a file in it may have when it is unpacked.
        remembered: checks that are kept in memory.
        patience: seconds that a check goes on while nobody follows it.
        first_pause: seconds before the second look at a page that is watched.
    """

    host: str = "127.0.0.1"
    port: int = 8502
    public: bool = False
    hosts: frozenset[str] = frozenset()
    accounts: frozenset[int] = frozenset()
    key: str = ""
    wishes: Wishes = field(default_factory=Wishes)
    reach: Reach | None = None
    history: Path | None = None
    at_once: int = 4
    queue: int = 100
    per_minute: int = 0
    keep: float = 0.0
    body_limit: int = 64 * MEBIBYTE
    unpacked_limit: int = 2_048 * MEBIBYTE
    remembered: int = 200
    patience: float = 6.0
    first_pause: float = FIRST


def local_settings(
    port: int, history: Path | None, key: str = "", public_resolvers: bool = True
) -> Settings:
    """The page for the person at this machine. Only its own names are served.

    A hostile page in the same browser can send requests here, also under a name of its own that
    leads to this address (DNS rebinding); the Host header gives that away.
    """
    names = ("127.0.0.1", "localhost", "[::1]")
    return Settings(
        port=port,
        hosts=frozenset({*(f"{name}:{port}" for name in names), *(names if port == 80 else ())}),
        accounts=own_accounts(),
        key=key,
        wishes=Wishes(public_resolvers=public_resolvers),
        history=history,
    )


def own_accounts() -> frozenset[int]:
    """The users who are the person at this machine: ours, root, and who called `sudo`."""
    if not hasattr(os, "getuid"):
        return frozenset()
    called = os.environ.get("SUDO_UID", "")
    return frozenset({0, os.getuid(), *([int(called)] if called.isdecimal() else [])})


def public_settings(
    host: str,
    port: int,
    key: str = "",
    per_minute: int = 10,
    at_once: int = 8,
    refused: tuple[Network, ...] = (),
) -> Settings:
    """A service for everybody, and a vantage for other instances."""
    return Settings(
        host=host,
        port=port,
        public=True,
        key=key,
        wishes=Wishes(timeout=20, detours=False, for_another=True),
        reach=Reach(own=(*own_networks(), *refused), known=known_endpoints()),
        at_once=at_once,
        queue=500,
        per_minute=per_minute,
        keep=30.0,
        body_limit=MEBIBYTE,
        unpacked_limit=32 * MEBIBYTE,
        remembered=600,
    )


def known_endpoints() -> frozenset[tuple[str, int]]:
    """The public resolvers: our own choice, never a stranger's."""
    return frozenset((r.address, port) for r in public_resolvers() for port in (DNS_PORT, 443))
