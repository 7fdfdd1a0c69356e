"""`badgateway inspect`."""

import asyncio
import re
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

from badgateway.cli.arguments import (
    Parsed,
    Parser,
    UsageError,
    common,
    complain,
    moment,
    seconds,
)
from badgateway.cli.language import say
from badgateway.cli.questions import asked
from badgateway.cli.show import exit_status, show
from badgateway.investigate.inspect import inspect_machine
from badgateway.investigate.search import Request
from badgateway.model.secret import without_people
from badgateway.model.target import TargetError, Wishes, target_of
from badgateway.model.verdict import Verdict, Who
from badgateway.report.safe import safe
from badgateway.transport.files import VERDICT, materials_at, write_bundle

_OF_SERVERS = (
    *("upstream", "address", "addresses", "resolver", "database", "found", "server", "host"),
    *("system", "others", "working", "failing", "network"),
)
"""Values in which addresses of servers stand."""
_OF_PEOPLE = ("banned", "peer-disallowed", "traffic", "request-refused", "firewall-rule")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}")


def add_arguments(parser: Parser) -> None:
    """Add the options of `inspect`."""
    parser.add_argument("--url", metavar="URL", help="a page that fails; asked for as well")
    parser.add_argument("--site", metavar="NAME", help="only what belongs to this site")
    parser.add_argument(
        "--since", metavar="TIME", help="what logs say since 2h, 30m, 3d ago or an ISO time"
    )
    parser.add_argument("--root", metavar="DIR", help="a copied tree instead of this machine")
    parser.add_argument(
        "--with",
        dest="more",
        metavar="FILE",
        action="append",
        default=[],
        help="what other machines show: logs, bundles, a visitor's --json (repeatable)",
    )
    parser.add_argument(
        "--bundle", metavar="FILE.tar.zst", help="pack what was seen, secrets masked"
    )
    parser.add_argument(
        "--timeout", type=seconds, default=30.0, metavar="SECONDS", help="for the outside check"
    )
    parser.add_argument(
        "--no-public-resolvers",
        dest="public_resolvers",
        action="store_false",
        help="ask no resolver but this machine's own",
    )
    common(parser)


def run(parsed: Parsed) -> int:
    """Inspect this machine, or a copied tree, and show the verdict; returns the exit status."""
    try:
        request = replace(request_of(parsed), root=_folder(parsed.root) if parsed.root else None)
        wishes = Wishes(timeout=parsed.timeout, public_resolvers=parsed.public_resolvers)
        verdict = asyncio.run(inspect_machine(request, wishes))
        if parsed.bundle:
            _pack(verdict, Path(parsed.bundle))
    except (TargetError, ValueError) as error:
        complain(error)
        return 2
    except OSError as error:
        complain(f"{error.filename or say('a file')}: {error.strerror or error}")
        return 2
    verdict = asked(verdict, parsed, frozenset({Who.OWNER}))
    show(verdict, parsed)
    return exit_status(verdict)


def request_of(parsed: Parsed) -> Request:
    """What is to be looked at on this machine, and what more is known already.

    Raises:
        TargetError: the URL is none.
        ValueError: `--since` names no time, or a compressed file is broken.
        OSError: a file cannot be read.
    """
    target = target_of(parsed.url) if parsed.url else None
    more = tuple(found for name in parsed.more for found in materials_at(Path(name)))
    site = parsed.site or (target.host if target else "")
    return Request(site=site, target=target, since=moment(parsed.since), more=more)


def _folder(name: str) -> Path:
    """A folder that is there.

    Raises:
        UsageError: it is not.
    """
    path = Path(name)
    if not path.is_dir():
        raise UsageError(
            "--root wants the folder of a copied tree, and '{name}' is none", name=name
        )
    return path


def _pack(verdict: Verdict, path: Path) -> None:
    """Everything that was seen, secrets masked where it was read, for somebody else to explain."""
    from badgateway.knowledge.base import knowledge  # noqa: PLC0415
    from badgateway.report.json import verdict_json  # noqa: PLC0415
    from badgateway.report.terminal import Detail, console, report  # noqa: PLC0415
    from badgateway.report.words import Words  # noqa: PLC0415

    told = StringIO()
    report(verdict, knowledge(), Words("en"), console(told), Detail.WHY)
    servers = _servers(verdict)
    texts = {VERDICT: verdict_json(verdict), "report.txt": told.getvalue()}
    write_bundle(path, {name: without_people(t, servers).encode() for name, t in texts.items()})
    packed = say(
        "packed into {path}; secrets and addresses of people are masked", path=safe(str(path))
    )
    print(f"badgateway: {packed}", file=sys.stderr)


def _servers(verdict: Verdict) -> set[str]:
    """The addresses that belong to servers: whoever explains the bundle needs them."""
    kept: set[str] = set()
    for observation in verdict.observations:
        if observation.name not in _OF_PEOPLE:
            for key in _OF_SERVERS:
                kept.update(_ADDRESS.findall(str(observation.value.get(key, ""))[:4_000]))
    return kept
