"""What can be written on the command line.

Each command is one file beside this one, named like its word; it adds its own options and runs.
Only the command that is called is imported.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

from badgateway import __version__

if TYPE_CHECKING:
    from datetime import datetime

COMMANDS = {
    "check": "probe a URL and say what is broken",
    "explain": "say what saved material shows: a page, log lines, configuration, a HAR file",
    "inspect": "on the server: find which line, process or limit broke the site",
    "serve": "open the page on this machine, or a service for everybody",
    "ticket": "write to the host, the CDN or the site: what fails, evidence, what was tried",
    "fix": "mend what can be mended: show the plan, apply it, prove it, take it back if it fails",
    "undo": "take the last fix back",
    "logs": "logs of any size: incidents on a time line, each with its cause",
    "dns": "who says what about a name, and whether they agree",
    "wordpress": "find the plugin, theme or drop-in that breaks a site, unseen by visitors",
    "demo": "start a small broken site on this machine and diagnose it",
    "lab": "an internet in a box, broken on purpose, to grade us",
}
"""Each command and what it is for."""

Parsed = argparse.Namespace


class UsageError(Exception):
    """A call that cannot be understood. The message is one line and says what would be right."""


class Command(Protocol):
    """What the file of a command offers."""

    def add_arguments(self, parser: "Parser") -> None:
        """Add the options of this command."""

    def run(self, parsed: Parsed) -> int:
        """Do what was asked; returns the exit status."""


class Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the program."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the call.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message} (see: {self.prog} --help)")


def command(word: str) -> Command:
    """The command that is called `word`."""
    return cast("Command", import_module(f"badgateway.cli.{word}"))


def complain(message: str) -> None:
    """One line on standard error; what the call held is shown as text, not obeyed."""
    from badgateway.report.safe import safe  # noqa: PLC0415

    print(f"badgateway: {safe(message)}", file=sys.stderr)


def parse(arguments: Sequence[str]) -> Parsed:
    """The call, understood; a bare URL means `check URL`.

    Raises:
        UsageError: it cannot be understood.
    """
    words = list(arguments)
    first = next((word for word in words if not word.startswith("-")), "")
    if first not in COMMANDS and not (words and words[0] in ("-h", "--help")) and words:
        words.insert(0, "check")
    parsed = _parser(next((word for word in words if word in COMMANDS), "")).parse_args(words)
    if parsed.command is None:
        raise UsageError("what is broken? try: badgateway https://example.com/ (or --help)")
    return parsed


def _parser(called: str) -> Parser:
    parser = Parser(
        prog="badgateway",
        description="Which hop of a web site broke, why, and what each person does now.",
        epilog="`badgateway URL` is short for `badgateway check URL`. "
        "Exit status: 0 no fault found, 1 a fault was found, 2 it could not do its work.",
    )
    parser.add_argument("-V", "--version", action="version", version=f"badgateway {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for word, what in COMMANDS.items():
        added = commands.add_parser(word, help=what)
        if word == called:
            command(word).add_arguments(added)
    return parser


def common(parser: argparse.ArgumentParser) -> None:
    """The options of every command that ends in a verdict."""
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    parser.add_argument("--lang", choices=("en", "fr"), default="en", help="language of the report")
    parser.add_argument(
        "--report",
        type=report_file,
        metavar="FILE",
        help="also write the report to FILE.html, to be sent or printed, or FILE.md",
    )
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument("--brief", action="store_true", help="leave the evidence out")
    detail.add_argument(
        "--why", action="store_true", help="unfold each cause: what speaks for it and against it"
    )
    no_questions(parser)


def no_questions(parser: argparse.ArgumentParser) -> None:
    """The option of every command that may ask the person."""
    parser.add_argument(
        "--no-questions",
        dest="questions",
        action="store_false",
        help="ask nothing, also in a terminal",
    )


def contacts(parser: argparse.ArgumentParser) -> None:
    """The option of every command that may look up whom to write to."""
    parser.add_argument(
        "--contacts",
        action="store_true",
        help="look up whom to write to: security.txt, and the registry, which learns the domain",
    )


def report_file(text: str) -> str:
    """The file of a report on the command line.

    Raises:
        ArgumentTypeError: its ending is that of no format.
    """
    if not text.lower().endswith((".html", ".htm", ".md")):
        raise argparse.ArgumentTypeError(f"'{text}' must end in .html or .md")
    return text


def way(parser: argparse.ArgumentParser) -> None:
    """The options of every command that probes a site: how to get there."""
    family = parser.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const=4, help="IPv4 only")
    family.add_argument("-6", dest="family", action="store_const", const=6, help="IPv6 only")
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="for the whole run (default 30)",
    )
    parser.add_argument(
        "--connect-to", metavar="ADDRESS[:PORT]", help="the site at another address, its name kept"
    )
    parser.add_argument(
        "--resolver",
        action="append",
        default=[],
        metavar="ADDRESS[:PORT]",
        help="compare with this resolver instead of the public ones (repeatable)",
    )
    parser.add_argument(
        "--no-public-resolvers",
        action="store_true",
        help="ask no resolver but this machine's own, and no other place when the site fails",
    )
    parser.add_argument(
        "--no-detours",
        dest="detours",
        action="store_false",
        help="never try the site past the proxy or tunnel that it fails through",
    )
    parser.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="URL",
        help="go through http://HOST:PORT, socks5://HOST:PORT, or tor; given again, compare with "
        "that one, or with 'direct'",
    )
    parser.add_argument(
        "--via",
        action="append",
        default=[],
        metavar="PLACE",
        help="ask from elsewhere as well; it is told the URL: globalping[:LOCATION,…], "
        "badgateway+https://HOST/ or ssh://[USER@]HOST[:PORT] (repeatable)",
    )
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        type=header,
        metavar="'NAME: VALUE'",
        help="send this header as well (repeatable)",
    )


def seconds(text: str) -> float:
    """A duration on the command line.

    Raises:
        ArgumentTypeError: it is none from 0.1 to 3600 s.
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.1 <= number <= 3600:
        raise argparse.ArgumentTypeError(f"'{text}' is no time; give seconds from 0.1 to 3600")
    return number


_SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str | None) -> "datetime | None":
    """`2h`, `30m`, or an ISO time, as a moment.

    Raises:
        ValueError: it is neither.
    """
    if not text:
        return None
    import re  # noqa: PLC0415 - only where a time is given
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    if found := re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text):
        return datetime.now(UTC) - timedelta(**{_SPANS[found[2]]: float(found[1])})
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise ValueError(f"--since wants 2h, 30m, 3d or 2026-11-24T09:00, not '{text}'") from None


def header(text: str) -> tuple[str, str]:
    """A header on the command line, name and value.

    Raises:
        ArgumentTypeError: it is none, or one that the program sets by itself.
    """
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    if not colon or not plain or not (value.isascii() and (value.isprintable() or not value)):
        from badgateway.report.safe import safe  # noqa: PLC0415

        raise argparse.ArgumentTypeError(f"'{safe(text, 60)}' is no header; write 'Name: value'")
    if name.lower() in ("host", "connection", "content-length", "transfer-encoding"):
        raise argparse.ArgumentTypeError(f"the header {name} is set by the program itself")
    return name, value
