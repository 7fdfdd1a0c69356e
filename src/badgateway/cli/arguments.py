"""What can be written on the command line.

Each command is one file beside this one, named like its word; it adds its own options and runs.
Only the command that is called is imported.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from badgateway import __version__
from badgateway.cli.language import LANGUAGES, argparse_speaking, say, spoken, told
from badgateway.model.message import Message, SpokenError, sentence

if TYPE_CHECKING:
    from datetime import datetime

COMMANDS = {
    "check": sentence("probe a URL and say what is broken"),
    "explain": sentence(
        "say what saved material shows: a page, log lines, configuration, a HAR file"
    ),
    "inspect": sentence("on the server: find which line, process or limit broke the site"),
    "serve": sentence("open the page on this machine, or a service for everybody"),
    "ticket": sentence(
        "write to the host, the CDN or the site: what fails, evidence, what was tried"
    ),
    "fix": sentence(
        "mend what can be mended: show the plan, apply it, prove it, take it back if it fails"
    ),
    "undo": sentence("take the last fix back"),
    "logs": sentence("logs of any size: incidents on a time line, each with its cause"),
    "dns": sentence("who says what about a name, and whether they agree"),
    "wordpress": sentence(
        "find the plugin, theme or drop-in that breaks a site, unseen by visitors"
    ),
    "demo": sentence("start a small broken site on this machine and diagnose it"),
    "lab": sentence("an internet in a box, broken on purpose, to grade us"),
}
"""Each command and what it is for."""

Parsed = argparse.Namespace


class UsageError(SpokenError, ValueError):
    """A call that cannot be understood. The message is one line and says what would be right."""


class OptionError(argparse.ArgumentTypeError):
    """A value that an option does not take, in the language that is spoken."""

    def __init__(self, says: str, /, **values: object) -> None:
        """Args: says: the sentence; values: what stands in its places."""
        super().__init__(say(says, **values))


class Command(Protocol):
    """What the file of a command offers."""

    def add_arguments(self, parser: "Parser") -> None:
        """Add the options of this command."""

    def run(self, parsed: Parsed) -> int:
        """Do what was asked; returns the exit status."""


class _Formatter(argparse.HelpFormatter):
    """Writes help in the language that is spoken.

    Whatever stands in `help`, `metavar`, titles and texts is a message of the catalogues.
    """

    def start_section(self, heading: str | None) -> None:
        """Begin a group of options."""
        super().start_section(say(heading) if heading else heading)

    def add_text(self, text: str | None) -> None:
        """Add what stands above or below the options."""
        super().add_text(say(text) if text else text)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return say(action.help) if action.help else action.help

    def _metavar_formatter(
        self, action: argparse.Action, default_metavar: str
    ) -> Callable[[int], tuple[str, ...]]:
        formatted = super()._metavar_formatter(action, default_metavar)
        return lambda size: tuple(word and say(word) for word in formatted(size))


class Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the program."""

    def __init__(self, **settings: Any) -> None:
        """Args: settings: those of argparse."""
        super().__init__(**{"formatter_class": _Formatter, **settings})

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the call.

        Raises:
            UsageError: always.
        """
        raise UsageError("{message} (see: {prog} --help)", message=message, prog=self.prog)


def command(word: str) -> Command:
    """The command that is called `word`."""
    return cast("Command", import_module(f"badgateway.cli.{word}"))


def complain(what: Message | Exception | str, /, **values: object) -> None:
    """One line on standard error: a sentence with its values, or an error, in words.

    What the call held is shown as text, not obeyed.
    """
    from badgateway.report.safe import safe  # noqa: PLC0415

    message = Message(what, values) if isinstance(what, str) else what
    print(f"badgateway: {safe(told(message))}", file=sys.stderr)


def parse(arguments: Sequence[str]) -> Parsed:
    """The call, understood; a bare URL means `check URL`.

    Raises:
        UsageError: it cannot be understood.
    """
    words = list(arguments)
    first = next((word for word in words if not word.startswith("-")), "")
    if first not in COMMANDS and not (words and words[0] in ("-h", "--help")) and words:
        words.insert(0, "check")
    with argparse_speaking():
        called = next((word for word in words if word in COMMANDS), "")
        parsed = _parser(called).parse_args(words)
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
            # What the system's user speaks, unless `--lang` says otherwise.
            added.set_defaults(lang=spoken())
    return parser


def language(parser: argparse.ArgumentParser, what: str) -> None:
    """The option of every command that speaks; `what` is its help."""
    parser.add_argument("--lang", choices=LANGUAGES, help=what)


def common(parser: argparse.ArgumentParser) -> None:
    """The options of every command that ends in a verdict."""
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    language(parser, sentence("language of the report; else the system's"))
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
        raise OptionError("'{text}' must end in .html or .md", text=text)
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
        raise OptionError("'{text}' is no time; give seconds from 0.1 to 3600", text=text)
    return number


_SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str | None) -> "datetime | None":
    """`2h`, `30m`, or an ISO time, as a moment.

    Raises:
        UsageError: it is neither.
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
        raise UsageError(
            "--since wants 2h, 30m, 3d or 2026-11-24T09:00, not '{text}'", text=text
        ) from None


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

        raise OptionError("'{text}' is no header; write 'Name: value'", text=safe(text, 60))
    if name.lower() in ("host", "connection", "content-length", "transfer-encoding"):
        raise OptionError("the header {name} is set by the program itself", name=name)
    return name, value
