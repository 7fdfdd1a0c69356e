"""`badgateway dns NAME`: who says what about a name, and whether they agree."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from rich.console import Console, Group, RenderableType
from rich.text import Text

from badgateway.cli.arguments import Parsed, Parser, common, complain, way
from badgateway.cli.live import Board
from badgateway.cli.show import Progress, show
from badgateway.investigate.names import Survey, survey_name
from badgateway.knowledge.base import knowledge
from badgateway.model.target import (
    Target,
    TargetError,
    Wishes,
    resolver_of,
    target_of,
)
from badgateway.model.verdict import Outcome
from badgateway.report.json import plain
from badgateway.report.names import conclusions, rows, table, tried
from badgateway.report.terminal import console
from badgateway.report.words import Words
from badgateway.watch.propagation import Looked, looks

Look: TypeAlias = Callable[[], Coroutine[None, None, Survey]]
SCHEMA = "badgateway.names/1"


def add_arguments(parser: Parser) -> None:
    """Add the options of `dns`."""
    parser.add_argument("name", metavar="NAME", help="a host name, or a URL with one")
    parser.add_argument(
        "--watch",
        action="store_true",
        help="ask again as answers run out, until everyone agrees",
    )
    parser.add_argument(
        "--try",
        dest="try_answers",
        action="store_true",
        help="check the page as well, and try it at every address that anybody names",
    )
    common(parser)
    way(parser)


def run(parsed: Parsed) -> int:
    """Show who says what; 0 where all agree and what was tried works, 1 where not."""
    try:
        look = _looking(_target(parsed), _wishes(parsed), parsed)
        survey = _watched(look, parsed) if parsed.watch else asyncio.run(look())
    except TargetError as error:
        complain(error)
        return 2
    if not parsed.watch:
        _show(survey, parsed)
    return _status(survey)


def _target(parsed: Parsed) -> Target:
    target = target_of(parsed.name)
    if target.literal:
        raise TargetError(
            "'{name}' is an address; give a name, such as example.com", name=parsed.name
        )
    return target


def _wishes(parsed: Parsed) -> Wishes:
    if parsed.proxy or parsed.connect_to:
        raise TargetError("--proxy and --connect-to go past the name that is asked about here")
    if parsed.via:
        raise TargetError(
            "places are asked for pages, not for names: give --via with the URL and no 'dns'"
        )
    return Wishes(
        timeout=parsed.timeout,
        family=parsed.family,
        resolvers=tuple(resolver_of(text) for text in parsed.resolver),
        public_resolvers=not parsed.no_public_resolvers,
        headers=tuple(parsed.header),
        detours=parsed.detours,
        try_answers=parsed.try_answers,
    )


def _looking(target: Target, wishes: Wishes, parsed: Parsed) -> Look:
    known = knowledge()

    async def look() -> Survey:
        with Progress(parsed) as progress:
            return await survey_name(target, wishes, known, progress.heard)

    return look


def _status(survey: Survey) -> int:
    alone = {o.text("state") for o in survey.named("answer-compared")} <= {"alone", "silent"}
    fine = survey.agreed or (alone and bool(survey.named("resolved")))
    tried_well = survey.verdict is None or survey.verdict.outcome is Outcome.HEALTHY
    return 0 if fine and tried_well else 1


def _show(survey: Survey, parsed: Parsed) -> None:
    if parsed.json:
        print(_json(survey), flush=True)
        return
    words, out = Words(parsed.lang), console(sys.stdout)
    out.print(table(survey.observations, words, datetime.now(UTC)))
    if survey.verdict is not None:
        out.print()
        parsed.brief = parsed.brief or not parsed.why
        show(survey.verdict, parsed)


def _watched(look: Look, parsed: Parsed) -> Survey:
    """Look until all agree or the person has enough; the last look.

    Raises:
        KeyboardInterrupt: stopped before the first look had ended.
    """
    last: list[Looked] = []
    words = Words(parsed.lang)
    board = Board(sys.stdout, wanted=not parsed.json)

    async def follow() -> None:
        async for looked in looks(look):
            board.end()
            last[:] = [looked]
            if parsed.json:
                _show(looked.survey, parsed)
            elif not board.begin(partial(_picture, looked, words)):
                _changes(looked, parsed)

    try:
        asyncio.run(follow())
    except KeyboardInterrupt:
        if not last:
            raise
    finally:
        board.end()
    if not parsed.json:
        _show(last[0].survey, parsed)
    return last[0].survey


def _changes(looked: Looked, parsed: Parsed) -> None:
    """One round on one line, where there is no terminal to draw a table on."""
    words, now = Words(parsed.lang), datetime.now(UTC)
    said = next(conclusions(looked.survey.observations, words, now), "")
    print(f"{now.astimezone():%H:%M:%S}  {said}", flush=True)


def _picture(looked: Looked, words: Words, _: Console) -> RenderableType:
    """The table, its times counting down to the next round."""
    now = datetime.now(UTC)
    drawn = table(looked.survey.observations, words, now)
    if looked.again_at is None:
        return drawn
    left = max(0.0, (looked.again_at - now).total_seconds())
    said = words.say("asking again in {time}", time=words.lasting(left))
    return Group(drawn, Text(f"{said} (Ctrl-C)", "dim"))


def _json(survey: Survey) -> str:
    """One look as one line of JSON."""
    now = datetime.now(UTC)
    delegation = next(iter(survey.named("delegation")), None)
    signing = next(iter(survey.named("signing-state")), None)
    told = {
        "schema": SCHEMA,
        "name": survey.name,
        "at": plain(now),
        "agreed": survey.agreed,
        "answers": [
            {
                "who": row.who,
                "label": row.label,
                "server": row.server or None,
                "addresses": list(row.addresses),
                "ttl": None if (left := row.left(now)) is None else round(left),
                "state": row.state,
            }
            for row in rows(survey.observations)
        ],
        "zone": delegation.text("zone") if delegation else None,
        "dnssec": signing.text("state") if signing else None,
        "tried": dict(tried(survey.observations, Words())),
        "conclusions": list(conclusions(survey.observations, Words(), now)),
        "observations": plain(survey.observations),
        "verdict": plain(survey.verdict),
        "elapsed_s": survey.elapsed_s,
    }
    return json.dumps(told, ensure_ascii=True)
