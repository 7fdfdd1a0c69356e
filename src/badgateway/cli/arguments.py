"""What can be written on the command line."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from badgateway import __version__

COMMANDS = ("check", "explain", "inspect", "demo", "lab")
PLANNED = ("logs", "fix", "undo", "ticket", "serve", "dns")
"""Words that later versions understand; they must not be taken for host names today."""

Parsed = argparse.Namespace


class UsageError(Exception):
    """A call that cannot be understood. The message is one line and says what would be right."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see: {self.prog} --help)")


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
    try:
        parsed = _parser().parse_args(words)
    except UsageError:
        if first in PLANNED:
            raise _planned(first) from None
        raise
    if first in PLANNED or (parsed.command == "check" and parsed.url in PLANNED):
        raise _planned(first if first in PLANNED else parsed.url)
    if parsed.command is None:
        raise UsageError("what is broken? try: badgateway https://example.com/ (or --help)")
    return parsed


def _planned(word: str) -> UsageError:
    return UsageError(f"'{word}' is not part of this version ({__version__})")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="badgateway",
        description="Which hop of a web site broke, why, and what each person does now.",
        epilog="`badgateway URL` is short for `badgateway check URL`. "
        "Exit status: 0 no fault found, 1 a fault was found, 2 it could not do its work.",
    )
    parser.add_argument("-V", "--version", action="version", version=f"badgateway {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    check = commands.add_parser("check", help="probe a URL and say what is broken")
    check.add_argument(
        "url", metavar="URL", help="the page; https:// is tried where it is left out"
    )
    check.add_argument(
        "--all",
        dest="everything",
        action="store_true",
        help="make every test, also those that could not change the verdict",
    )
    check.add_argument(
        "--plan", action="store_true", help="show which tests were made, and which were spared"
    )
    _common(check)
    _way(check)
    explain = commands.add_parser(
        "explain",
        help="say what saved material shows: a page, log lines, configuration, a HAR file",
    )
    explain.add_argument("files", metavar="FILE", nargs="*", help="standard input where none or -")
    _common(explain)
    inspect = commands.add_parser(
        "inspect", help="on the server: find which line, process or limit broke the site"
    )
    inspect.add_argument("--url", metavar="URL", help="a page that fails; asked for as well")
    inspect.add_argument("--site", metavar="NAME", help="only what belongs to this site")
    inspect.add_argument(
        "--since", metavar="TIME", help="what logs say since 2h, 30m, 3d ago or an ISO time"
    )
    inspect.add_argument("--root", metavar="DIR", help="a copied tree instead of this machine")
    inspect.add_argument(
        "--with",
        dest="more",
        metavar="FILE",
        action="append",
        default=[],
        help="what other machines show: logs, bundles, a visitor's --json (repeatable)",
    )
    inspect.add_argument(
        "--bundle", metavar="FILE.tar.zst", help="pack what was seen, secrets masked"
    )
    inspect.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="for the outside check"
    )
    inspect.add_argument(
        "--no-public-resolvers",
        dest="public_resolvers",
        action="store_false",
        help="ask no resolver but this machine's own",
    )
    _common(inspect)
    demo = commands.add_parser(
        "demo", help="start a small broken site on this machine and diagnose it"
    )
    _common(demo)
    _lab(commands.add_parser("lab", help="an internet in a box, broken on purpose, to grade us"))
    return parser


def _lab(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=_Parser)
    what.add_parser("up", help="start a lab that stays")
    what.add_parser("down", help="end it")
    shell = what.add_parser("shell", help="a shell, or one command, on a hop of the lab that is up")
    shell.add_argument("hop", metavar="HOP", help="client, gateway, app, database, isp …")
    shell.add_argument("words", metavar="COMMAND", nargs=argparse.REMAINDER)
    listing = what.add_parser("list", help="the faults that there are")
    listing.add_argument("--faults", metavar="DIR", help="those of another folder")
    run = what.add_parser("run", help="run faults in a lab of their own and grade the verdicts")
    _faults(run)
    run.add_argument("--json", action="store_true", help="one line a fault, the figures last")
    score = what.add_parser("score", help="which cause was taken for which in the last run")
    score.add_argument("--html", metavar="FILE", help="where the heat map goes")
    record = what.add_parser("record", help="write observations and verdicts to replay them")
    _faults(record)
    record.add_argument("--to", metavar="DIR", default="tests/cases")


def _faults(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="FAULT", nargs="*", help="all where none is named")
    parser.add_argument(
        "--faults", dest="folder", metavar="DIR", help="fault files of another folder"
    )
    parser.add_argument("--side", choices=("visitor", "owner", "both"), default="visitor")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="boxes side by side")
    parser.add_argument("--third", action="store_true", help="every third fault, always the same")
    parser.add_argument(
        "--evidence", metavar="DIR", help="also write what the owner has: logs, configuration"
    )
    parser.add_argument(
        "--prove", action="store_true", help="also see that the looks fail where nothing is broken"
    )


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    parser.add_argument("--lang", choices=("en", "fr"), default="en", help="language of the report")
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument("--brief", action="store_true", help="leave the evidence out")
    detail.add_argument(
        "--why", action="store_true", help="unfold each cause: what speaks for it and against it"
    )
    parser.add_argument(
        "--no-questions",
        dest="questions",
        action="store_false",
        help="ask nothing, also in a terminal",
    )


def _way(parser: argparse.ArgumentParser) -> None:
    family = parser.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const=4, help="IPv4 only")
    family.add_argument("-6", dest="family", action="store_const", const=6, help="IPv6 only")
    parser.add_argument(
        "--timeout",
        type=_seconds,
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
        help="ask no resolver but this machine's own",
    )
    parser.add_argument(
        "--proxy", metavar="URL", help="go through http://HOST:PORT or socks5://HOST:PORT"
    )
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        type=_header,
        metavar="'NAME: VALUE'",
        help="send this header as well (repeatable)",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"'{text}' is no time; give seconds from 0.1 to 3600")
    return seconds


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    if not colon or not plain or not (value.isascii() and (value.isprintable() or not value)):
        from badgateway.report.safe import safe  # noqa: PLC0415

        raise argparse.ArgumentTypeError(f"'{safe(text, 60)}' is no header; write 'Name: value'")
    if name.lower() in ("host", "connection", "content-length", "transfer-encoding"):
        raise argparse.ArgumentTypeError(f"the header {name} is set by the program itself")
    return name, value
