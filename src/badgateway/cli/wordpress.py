"""`badgateway wordpress`."""

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from badgateway.cli.arguments import Parsed, Parser, complain, seconds
from badgateway.cli.consent import agreed, somebody
from badgateway.model.target import Endpoint, TargetError, endpoint_of, target_of
from badgateway.repair.wordpress.ask import Page
from badgateway.repair.wordpress.bisect import Bisection, Ended, Outcome, Try
from badgateway.repair.wordpress.logs import Named, logs_of, named_by
from badgateway.repair.wordpress.site import Kind, Part, Site, SiteError, site_at, sites
from badgateway.repair.wordpress.switch import LIFE, remove_leftovers
from badgateway.report.safe import safe
from badgateway.report.words import LANGUAGES, Words, sentence

_WORDS = {
    Kind.PLUGIN: sentence("plugin"),
    Kind.THEME: sentence("theme"),
    Kind.MU_PLUGIN: sentence("must-use plugin"),
    Kind.DROP_IN: sentence("drop-in"),
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
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language")


def run(parsed: Parsed) -> int:
    """Find the part that breaks a site; returns 1 where it is broken, 0 where it is not."""
    words = Words(parsed.lang)
    try:
        site = _site(parsed.root)
        for path in remove_leftovers(site):
            _note(words.say("taken away what an earlier run left behind: {path}", path=path))
        logs = [Path(name) for name in parsed.logs] or logs_of(site)
        named = named_by(logs, site.parts())
        page = _page(parsed, site)
        for each in named[:5]:
            _note(
                words.say(
                    "a log names the {part}: {says} [{source}]",
                    part=_called(each.part, words),
                    says=each.says,
                    source=each.source,
                )
            )
        if not _allowed(parsed, site, page, named, words):
            return 2
        outcome = _searched(site, page, [each.part for each in named[:2]], words)
    except (SiteError, TargetError) as error:
        complain(error)
        return 2
    except OSError as error:
        complain(f"{error.filename or words.say('a file')}: {error.strerror or error}")
        return 2
    if parsed.json:
        print(json.dumps(_plain(outcome)))
    else:
        for line in _told(outcome, page, words):
            print(safe(line, 2_000))
    return {Ended.HEALTHY: 0, Ended.UNREACHED: 2, Ended.UNSTEADY: 2}.get(outcome.ended, 1)


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
    roots = ", ".join(f"--root {each.root}" for each in found[:6])
    raise SiteError("several sites; name one: {roots}", roots=roots)


def _page(parsed: Parsed, site: Site) -> Page:
    url = parsed.url or site.home
    if not url:
        raise SiteError("name the page that fails: --url URL (wp-config.php does not tell it)")
    there: Endpoint | None = endpoint_of(parsed.connect_to) if parsed.connect_to else None
    return Page(target_of(url), there, parsed.limit)


def _allowed(parsed: Parsed, site: Site, page: Page, named: list[Named], words: Words) -> bool:
    """Whether the search may begin: it was said so, or a person agrees now."""
    count = len(site.parts())
    if not (parsed.yes and not parsed.dry_run):
        _note(
            words.say(
                "{root}: {count} parts can be left out. For requests of this program alone, which"
                " carry a secret, parts of the site are left out until {url} works; a few requests"
                " of up to {limit} each.",
                root=site.root,
                count=count,
                url=page.target.url,
                limit=words.seconds(page.limit),
            )
        )
        if named:
            _note(words.say("First without the {part}.", part=_called(named[0].part, words)))
        _note(
            words.say(
                "For that a file is put into {folder}, and, only if PHP fails before that is read,"
                " a line into {config}. Both are taken away at the end, and are without effect"
                " after {minutes} minutes. Visitors see no difference.",
                folder=site.must_use,
                config=site.config,
                minutes=LIFE // 60,
            )
        )
    if parsed.dry_run or not (parsed.yes or somebody()):
        _note(words.say("nothing was done; to do it: --yes"))
        return False
    if parsed.yes:
        return True
    return agreed(words.say("Shall it begin? [y/N]"))


def _searched(site: Site, page: Page, suspects: list[Part], words: Words) -> Outcome:
    """The search; a signal that ends the program ends it in order."""

    def heard(tried: Try) -> None:
        _note(_tried(tried, words))

    def stop(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        return asyncio.run(Bisection(site, page, suspects, heard).run())
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _tried(tried: Try, words: Words) -> str:
    what = words.say("the page works") if tried.answer.works else words.say("it fails")
    names = ", ".join(part.name for part in tried.off[:3])
    off = words.say("with everything on")
    if len(tried.off) > 3:
        off = words.say("without {names} and {count} more", names=names, count=len(tried.off) - 3)
    elif tried.off:
        off = words.say("without {names}", names=names)
    return words.say(
        "{off}: {what} ({how}, {seconds})",
        off=off,
        what=what,
        how=tried.answer.how,
        seconds=words.seconds(tried.answer.seconds),
    )


def _note(text: str) -> None:
    print(safe(text, 2_000), file=sys.stderr)


def _called(part: Part, words: Words) -> str:
    return f"{words.say(_WORDS[part.kind])} {part.name}"


def _told(outcome: Outcome, page: Page, words: Words) -> Iterator[str]:
    """What the search ended with, line by line."""
    named = ", ".join(_called(part, words) for part in outcome.bad)
    match outcome.ended:
        case Ended.HEALTHY:
            url = page.target.url
            yield words.say("{url} works with everything on: nothing to look for.", url=url)
        case Ended.UNREACHED:
            how = outcome.tries[-1].answer.how if outcome.tries else words.say("nothing")
            yield words.say(
                "The request did not arrive at this WordPress: it was answered {how}.", how=how
            )
            yield words.say(
                "A cache, another server or another folder answers in its place; a wp-config.php"
                " that PHP cannot read looks the same. Try --connect-to 127.0.0.1, or"
                " another --root."
            )
        case Ended.UNSTEADY:
            yield words.say(
                "It fails now and then. It pointed to the {named}, but works now with everything"
                " on, so nothing is proven: try again while it fails, or raise --limit.",
                named=named,
            )
        case Ended.ELSEWHERE:
            yield words.say(
                "It fails with every plugin, the theme and all drop-ins left out: it is none of"
                " them. Look at PHP, the database and the server: badgateway inspect"
            )
        case _:
            yield from _found(outcome, words)


def _found(outcome: Outcome, words: Words) -> Iterator[str]:
    """The parts that break the page, how that is known, and what switches them off."""
    count = len(outcome.tries)
    yield words.say("Found with {count} requests: the page fails because of", count=count)
    for part in outcome.bad:
        name = outcome.theme or part.name if part.kind is Kind.THEME else part.name
        yield f"  {words.say(_WORDS[part.kind])} {name}   {part.path}"
    if outcome.fatal is not None:
        fatal = outcome.fatal
        first = fatal.message.splitlines()[0] if fatal.message else ""
        yield f"  {first} ({fatal.file}:{fatal.line})"
    how = outcome.visit.how if outcome.visit else words.say("nothing")
    yield words.say("Without that the page works; ordinary visitors get: {how}.", how=how)
    yield words.say(
        "Nothing was changed for visitors. To switch it off for everybody, and on again:"
    )
    for part in outcome.bad:
        for command in _commands(part):
            yield f"  $ {command}"


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
        "visit": outcome.visit and {"works": outcome.visit.works, "how": outcome.visit.how},
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
