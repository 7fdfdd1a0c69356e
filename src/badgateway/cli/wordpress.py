"""`badgateway wordpress`."""

import asyncio
import json
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType

from badgateway.cli.arguments import Parsed, Parser, complain, seconds
from badgateway.model.target import Endpoint, TargetError, endpoint_of, target_of
from badgateway.repair.wordpress.ask import Page
from badgateway.repair.wordpress.bisect import Bisection, Ended, Outcome, Try
from badgateway.repair.wordpress.logs import Named, logs_of, named_by
from badgateway.repair.wordpress.site import Kind, Part, Site, SiteError, site_at, sites
from badgateway.repair.wordpress.switch import LIFE, remove_leftovers
from badgateway.report.safe import safe

_WORDS = {
    Kind.PLUGIN: "plugin",
    Kind.THEME: "theme",
    Kind.MU_PLUGIN: "must-use plugin",
    Kind.DROP_IN: "drop-in",
}


def add_arguments(parser: Parser) -> None:
    """Add the options of `wordpress`."""
    parser.add_argument(
        "--root", metavar="DIR", help="the folder of WordPress; looked for where sites usually lie"
    )
    parser.add_argument("--url", metavar="URL", help="the page that fails")
    parser.add_argument(
        "--connect-to", metavar="ADDRESS[:PORT]", help="the site at another address, its name kept"
    )
    parser.add_argument(
        "--log",
        dest="logs",
        metavar="FILE",
        action="append",
        default=[],
        help="PHP's error or slow log; what it names is tried first (repeatable)",
    )
    parser.add_argument(
        "--limit",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="a page that takes longer is as bad as none (default 10)",
    )
    parser.add_argument("--yes", action="store_true", help="do it without asking")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(parsed: Parsed) -> int:
    """Find the part that breaks a site; returns 1 where it is broken, 0 where it is not."""
    try:
        site = _site(parsed.root)
        for path in remove_leftovers(site):
            _note(f"taken away what an earlier run left behind: {path}")
        logs = [Path(name) for name in parsed.logs] or logs_of(site)
        named = named_by(logs, site.parts())
        page = _page(parsed, site)
        for each in named[:5]:
            _note(f"a log names the {_called(each.part)}: {each.says} [{each.source}]")
        if not _allowed(parsed, site, page, named):
            return 2
        outcome = _searched(site, page, [each.part for each in named[:2]])
    except (SiteError, TargetError) as error:
        complain(str(error))
        return 2
    except OSError as error:
        complain(f"{error.filename or 'a file'}: {error.strerror or error}")
        return 2
    if parsed.json:
        print(json.dumps(_plain(outcome)))
    else:
        _show(outcome, page)
    return {Ended.HEALTHY: 0, Ended.UNREACHED: 2}.get(outcome.ended, 1)


def _site(root: str | None) -> Site:
    if root:
        return site_at(Path(root))
    found = sites()
    if len(found) == 1:
        return found[0]
    if not found:
        raise SiteError(
            "no WordPress was found where sites usually lie; name its folder: --root DIR"
        )
    raise SiteError("several sites: --root " + " or --root ".join(str(s.root) for s in found[:6]))


def _page(parsed: Parsed, site: Site) -> Page:
    url = parsed.url or site.home
    if not url:
        raise SiteError("name the page that fails: --url URL (wp-config.php does not tell it)")
    there: Endpoint | None = endpoint_of(parsed.connect_to) if parsed.connect_to else None
    return Page(target_of(url), there, parsed.limit)


def _allowed(parsed: Parsed, site: Site, page: Page, named: list[Named]) -> bool:
    """Whether the search may begin: it was said so, or a person agrees now."""
    count = len(site.parts())
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if not (parsed.yes and not parsed.dry_run):
        first = f" First without {_called(named[0].part)}." if named else ""
        _note(
            f"{site.root}: {count} parts can be left out. For requests of this program alone, which"
            f" carry a secret, parts of the site are left out until {page.target.url} works; a few"
            f" requests of up to {page.limit:g} s each.{first}"
        )
        _note(
            f"For that a file is put into {site.must_use}, and, only if PHP fails before that is"
            f" read, a line into {site.config}. Both are taken away at the end, and are without"
            f" effect after {LIFE // 60} minutes. Visitors see no difference."
        )
    if parsed.dry_run or not (parsed.yes or terminal):
        _note("nothing was done; to do it: --yes")
        return False
    if parsed.yes:
        return True
    print("Shall it begin? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "o", "oui")


def _searched(site: Site, page: Page, suspects: list[Part]) -> Outcome:
    """The search; a signal that ends the program ends it in order."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        return asyncio.run(Bisection(site, page, suspects, _heard).run())
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _heard(tried: Try) -> None:
    what = "the page works" if tried.answer.works else "it fails"
    names = ", ".join(part.name for part in tried.off[:3])
    more = f" and {len(tried.off) - 3} more" if len(tried.off) > 3 else ""
    off = f"without {names}{more}" if tried.off else "with everything on"
    _note(f"{off}: {what} ({tried.answer.how}, {tried.answer.seconds:.1f} s)")


def _note(text: str) -> None:
    print(safe(text, 2_000), file=sys.stderr)


def _called(part: Part) -> str:
    return f"{_WORDS[part.kind]} {part.name}"


def _show(outcome: Outcome, page: Page) -> None:
    count = len(outcome.tries)
    if outcome.ended is Ended.HEALTHY:
        print(f"{page.target.url} works with everything on: nothing to look for.")
    elif outcome.ended is Ended.UNREACHED:
        how = outcome.tries[-1].answer.how if outcome.tries else "nothing"
        print(safe(f"The request did not arrive at this WordPress: it was answered {how}.", 300))
        print(
            "A cache, another server or another folder answers in its place; a wp-config.php that"
        )
        print("PHP cannot read looks the same. Try --connect-to 127.0.0.1, or another --root.")
    elif outcome.ended is Ended.ELSEWHERE:
        print(
            "It fails with every plugin, the theme and all drop-ins left out: it is none of them."
        )
        print("Look at PHP, the database and the server: badgateway inspect")
    else:
        many = len(outcome.bad) > 1
        print(f"Found with {count} requests: the page fails because of")
        for part in outcome.bad:
            name = outcome.theme or part.name if part.kind is Kind.THEME else part.name
            print(safe(f"  the {_WORDS[part.kind]} {name}   {part.path}", 600))
        if outcome.fatal is not None:
            fatal = outcome.fatal
            first = fatal.message.splitlines()[0] if fatal.message else ""
            print(safe(f"  {first} in {fatal.file}:{fatal.line}", 600))
        print(f"The page works once {'they are' if many else 'it is'} left out, and fails with it.")
        print("Nothing was changed for visitors. To switch it off for everybody, and on again:")
        for part in outcome.bad:
            for command in _commands(part):
                print(safe(f"  $ {command}", 2_000))


def _commands(part: Part) -> list[str]:
    if part.kind is Kind.THEME:
        return ["wp theme activate ANOTHER-THEME --skip-plugins --skip-themes"]
    path, off = str(part.path), f"{part.path}.off"
    return [shlex.join(["mv", "--", path, off]), shlex.join(["mv", "--", off, path])]


def _plain(outcome: Outcome) -> dict[str, object]:
    fatal = outcome.fatal
    return {
        "schema": "badgateway.wordpress/1",
        "ended": outcome.ended.value,
        "bad": [
            {"kind": part.kind.value, "name": part.name, "path": str(part.path)}
            for part in outcome.bad
        ],
        "theme": outcome.theme or None,
        "fatal": fatal and {"file": fatal.file, "line": fatal.line, "message": fatal.message},
        "requests": [
            {
                "off": [part.key for part in tried.off],
                "works": tried.answer.works,
                "how": tried.answer.how,
                "seconds": round(tried.answer.seconds, 3),
            }
            for tried in outcome.tries
        ],
    }
