"""`badgateway URL`."""

from dataclasses import replace

from badgateway.cli.arguments import (
    OptionError,
    Parsed,
    Parser,
    UsageError,
    common,
    complain,
    contacts,
    seconds,
    way,
)
from badgateway.cli.vantages import vantages
from badgateway.model.target import (
    TargetError,
    Wishes,
    endpoint_of,
    resolver_of,
    target_of,
)
from badgateway.model.verdict import Who


def add_arguments(parser: Parser) -> None:
    """Add the options of `check`."""
    parser.add_argument(
        "url", metavar="URL", help="the page; https:// is tried where it is left out"
    )
    parser.add_argument(
        "--all",
        dest="everything",
        action="store_true",
        help="make every test, also those that could not change the verdict",
    )
    parser.add_argument(
        "--plan", action="store_true", help="show which tests were made, and which were spared"
    )
    parser.add_argument(
        "--browser",
        action="store_true",
        help="open the page in the installed browser as well, with a clean profile",
    )
    parser.add_argument(
        "--browser-profile",
        default="",
        metavar="auto|FOLDER",
        help="read this profile of a browser (auto: the one used last), and open the page in a "
        "copy of it: its cookies then go to the site, as ever",
    )
    contacts(parser)
    watching = parser.add_argument_group("watching")
    watching.add_argument(
        "--watch",
        action="store_true",
        help="ask again, politely, until the page works; tell steady from now and then",
    )
    watching.add_argument(
        "--then",
        metavar="COMMAND",
        help="with --watch: run this once the page works (no shell; BADGATEWAY_* variables tell)",
    )
    watching.add_argument(
        "--tries",
        type=_count,
        metavar="N",
        help="with --watch: ask exactly so often, then stop",
    )
    watching.add_argument(
        "--every",
        type=_pause,
        metavar="SECONDS",
        help="with --watch: the shortest pause (default 5); what the site asks for is kept anyway",
    )
    common(parser)
    way(parser)


def run(parsed: Parsed) -> int:
    """Check one URL and show the verdict; returns the exit status."""
    if not parsed.watch and (parsed.then is not None or parsed.tries is not None):
        complain("--then and --tries belong to --watch; write: badgateway URL --watch --then …")
        return 2
    # What probes and judges takes far longer to import than `check --help` takes to print.
    import asyncio  # noqa: PLC0415

    from badgateway.cli.questions import allowed, asked  # noqa: PLC0415
    from badgateway.cli.show import Progress, exit_status, show  # noqa: PLC0415
    from badgateway.investigate.check import check_url  # noqa: PLC0415

    try:
        target = target_of(parsed.url)
        wishes = replace(
            wishes_of(parsed),
            browser=parsed.browser,
            profile=allowed(parsed.browser_profile, parsed),
            contacts=parsed.contacts,
        )
        if parsed.watch:
            from badgateway.cli import watching  # noqa: PLC0415

            return watching.run(target, wishes, parsed)
        with Progress(parsed) as progress:
            verdict = asyncio.run(check_url(target, wishes, progress.heard))
    except (TargetError, UsageError) as error:
        complain(error)
        return 2
    verdict = asked(verdict, parsed, frozenset({Who.VISITOR}))
    show(verdict, parsed)
    return exit_status(verdict)


def wishes_of(parsed: Parsed) -> Wishes:
    """What the options of `way` ask for.

    Raises:
        TargetError: one of them cannot be granted.
    """
    main, exits = _exits(parsed.proxy)
    return Wishes(
        timeout=parsed.timeout,
        connect_to=endpoint_of(parsed.connect_to) if parsed.connect_to else None,
        family=parsed.family,
        resolvers=tuple(resolver_of(text) for text in parsed.resolver),
        public_resolvers=not parsed.no_public_resolvers,
        proxy=main,
        exits=exits,
        vantages=vantages(parsed.via),
        headers=tuple(parsed.header),
        everything=parsed.everything,
        detours=parsed.detours,
    )


def _exits(named: list[str]) -> tuple[str | None, tuple[str, ...]]:
    """The proxy to go through, None for none, and the ways out to compare it with."""
    first, *others = list(dict.fromkeys(named)) or ["direct"]
    return (None if first == "direct" else first), tuple(others)


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if number < 1:
        raise OptionError("'{text}' is no number of tries; give 1 to 99999", text=text)
    return number


def _pause(text: str) -> float:
    number = seconds(text)
    if number < 1:
        raise OptionError("a pause of less than 1 s is no way to treat a site")
    return number
