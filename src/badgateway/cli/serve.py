"""`badgateway serve`."""

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.cli.arguments import OptionError, Parsed, Parser, UsageError, complain, language
from badgateway.cli.language import say
from badgateway.model.message import sentence

if TYPE_CHECKING:
    from badgateway.web.settings import Settings

KEY = "BADGATEWAY_KEY"
"""The environment variable that holds the shared key."""


def add_arguments(parser: Parser) -> None:
    """Add the options of `serve`."""
    parser.add_argument("--port", type=_port, default=8502, help="port to listen at (default 8502)")
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        help="holds the key that callers of the API must show (else $BADGATEWAY_KEY)",
    )
    language(parser, sentence("language of what this command says; the page has its own"))
    local = parser.add_argument_group("for you, on this machine (the usual way)")
    local.add_argument("--history", metavar="FILE", help="where past checks are kept")
    local.add_argument(
        "--no-history", dest="keep", action="store_false", help="keep no past checks"
    )
    local.add_argument(
        "--no-public-resolvers",
        dest="public_resolvers",
        action="store_false",
        help="ask no resolver but this machine's own",
    )
    public = parser.add_argument_group("for everybody")
    public.add_argument(
        "--public",
        action="store_true",
        help="a service for strangers: limits, and no way into this network",
    )
    public.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen at"
    )
    public.add_argument(
        "--behind",
        metavar="ADDRESS",
        help="the reverse proxy in front, whose X-Forwarded-For is believed",
    )
    public.add_argument(
        "--per-minute",
        type=int,
        default=10,
        metavar="N",
        help="checks that one address may ask for (default 10)",
    )
    public.add_argument(
        "--at-once", type=int, default=8, metavar="N", help="checks side by side (default 8)"
    )
    public.add_argument(
        "--refuse",
        action="append",
        default=[],
        type=_network,
        metavar="NETWORK",
        help="a further network that is not looked into, such as 198.18.0.0/15 (repeatable)",
    )


def run(parsed: Parsed) -> int:
    """Serve until it is interrupted; returns the exit status."""
    try:
        from badgateway.web.serve import serve  # noqa: PLC0415
    except ImportError as error:
        if error.name and error.name.startswith("badgateway"):
            raise
        complain("the page needs the extra `web`: pip install 'badgateway[web]'")
        return 2
    try:
        settings = _settings(parsed)
    except (OSError, ValueError) as error:
        complain(error)
        return 2
    return serve(settings, parsed.behind, lambda: _announce(settings), complain)


def _announce(settings: "Settings") -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    where = f"http://{host}:{settings.port}/"
    says = sentence("For everybody: {where}  (Ctrl-C ends it)")
    if not settings.public:
        says = sentence("Open in a browser: {where}  (Ctrl-C ends it)")
    print(say(says, where=where), flush=True)


def _settings(parsed: Parsed) -> "Settings":
    """How the server is to be set up.

    Raises:
        OSError: the file of the key cannot be read.
        UsageError: the call contradicts itself.
    """
    from badgateway.web.history import usual_path  # noqa: PLC0415
    from badgateway.web.settings import local_settings, public_settings  # noqa: PLC0415

    key = _key(parsed.key_file)
    if parsed.public:
        return public_settings(
            parsed.host,
            parsed.port,
            key,
            per_minute=parsed.per_minute,
            at_once=max(1, parsed.at_once),
            refused=tuple(parsed.refuse),
        )
    if parsed.host != "127.0.0.1" or parsed.behind:
        raise UsageError(
            "without --public the page is for this machine alone and listens at 127.0.0.1; "
            "from elsewhere use: ssh -L 8502:127.0.0.1:8502 HOST"
        )
    history = Path(parsed.history) if parsed.history else usual_path()
    return local_settings(
        parsed.port, history if parsed.keep else None, key, parsed.public_resolvers
    )


def _key(path: str | None) -> str:
    if path is None:
        return os.environ.get(KEY, "").strip()
    key = Path(path).read_text("utf-8").strip()
    if not key:
        raise UsageError("{path} holds no key", path=path)
    return key


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise OptionError("'{text}' is no port; they are 1 to 65535", text=text)
    return int(text)


def _network(text: str) -> "ipaddress.IPv4Network | ipaddress.IPv6Network":
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise OptionError(
            "'{text}' is no network; write 192.0.2.0/24 or 2001:db8::/32", text=text
        ) from None
