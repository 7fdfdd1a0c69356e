"""`badgateway URL`."""

import asyncio

from badgateway.cli.arguments import Parsed, Parser, common, complain, way
from badgateway.cli.questions import asked
from badgateway.cli.show import Progress, exit_status, show
from badgateway.cli.vantages import vantages
from badgateway.investigate.check import check_url
from badgateway.model.target import (
    Endpoint,
    TargetError,
    Wishes,
    endpoint_of,
    is_address,
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
    common(parser)
    way(parser)


def run(parsed: Parsed) -> int:
    """Check one URL and show the verdict; returns the exit status."""
    try:
        target = target_of(parsed.url)
        main, exits = _exits(parsed.proxy)
        wishes = Wishes(
            timeout=parsed.timeout,
            connect_to=endpoint_of(parsed.connect_to) if parsed.connect_to else None,
            family=parsed.family,
            resolvers=tuple(_resolver(text) for text in parsed.resolver),
            public_resolvers=not parsed.no_public_resolvers,
            proxy=main,
            exits=exits,
            vantages=vantages(parsed.via),
            headers=tuple(parsed.header),
            everything=parsed.everything,
            detours=parsed.detours,
        )
        with Progress(parsed) as progress:
            verdict = asyncio.run(check_url(target, wishes, progress.heard))
    except TargetError as error:
        complain(str(error))
        return 2
    verdict = asked(verdict, parsed, frozenset({Who.VISITOR}))
    show(verdict, parsed)
    return exit_status(verdict)


def _exits(named: list[str]) -> tuple[str | None, tuple[str, ...]]:
    """The proxy to go through, None for none, and the ways out to compare it with."""
    first, *others = list(dict.fromkeys(named)) or ["direct"]
    return (None if first == "direct" else first), tuple(others)


def _resolver(text: str) -> Endpoint:
    endpoint = endpoint_of(text)
    if not is_address(endpoint.host):
        raise TargetError(f"'{text}' is no resolver; give its address, such as 9.9.9.9")
    return endpoint
