"""`badgateway fix`."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from badgateway.cli.arguments import Parsed, Parser, complain, seconds
from badgateway.cli.consent import agreed, somebody
from badgateway.cli.inspect import request_of
from badgateway.investigate.search import Request
from badgateway.model.argument import TYPES, ArgumentError
from badgateway.model.message import Message, SpokenError, sentence
from badgateway.model.plan import Plan
from badgateway.model.target import TargetError, Wishes
from badgateway.model.verdict import Outcome, Verdict
from badgateway.model.vocabulary import vocabulary
from badgateway.repair.apply import take_back
from badgateway.repair.files import Left, state_of
from badgateway.repair.fix import Fixing, Result, look, proposal, well
from badgateway.repair.journal import Journal, alone, cut_off, state_folder
from badgateway.repair.resolvers import REMEDY as RESOLVER
from badgateway.repair.resolvers import service_of
from badgateway.report.plan import plan_json, plan_lines
from badgateway.report.safe import safe
from badgateway.report.words import LANGUAGES, Words

MOST_PLANS = 5
"""Plans that are tried for one fault."""
DEEPEST = 3
"""Faults behind one another that are mended together."""
_STATES = {
    "old": sentence("{path} holds its old text"),
    "new": sentence("{path} holds its new text"),
    "other": sentence("{path} holds another text"),
}


def add_arguments(parser: Parser) -> None:
    """Add the options of `fix`."""
    parser.add_argument(
        "page", metavar="URL", nargs="?", help="the page that fails; proves that it works"
    )
    parser.add_argument("--url", metavar="URL", help="the same")
    parser.add_argument("--site", metavar="NAME", help="only what belongs to this site")
    parser.add_argument(
        "--from", dest="more", metavar="FILE", action="append", default=[],
        help="what is known already: a verdict (--json), logs, bundles (repeatable)",
    )  # fmt: skip
    parser.add_argument(
        "--since", metavar="TIME", help="what logs say since 2h, 30m, 3d ago or an ISO time"
    )
    parser.add_argument(
        "--upstream", metavar="ADDRESS", help="where the application listens: HOST:PORT, unix:/PATH"
    )
    parser.add_argument(
        "--resolver",
        metavar="NAME|ADDRESS",
        help="let this machine ask this one for names: google, cloudflare, opendns, quad9 or an "
        "address; the only way to let --yes do it",
    )
    parser.add_argument(
        "--no-public-resolvers",
        dest="public_resolvers",
        action="store_false",
        help="ask no resolver but this machine's own and the one that is named",
    )
    parser.add_argument("--only", metavar="REMEDY", help="only this remedy")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--dry-run", action="store_true", help="show only (the default without a terminal)"
    )
    how.add_argument("--yes", action="store_true", help="do it without asking")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language")
    parser.add_argument(
        "--timeout", type=seconds, default=15.0, metavar="SECONDS", help="for each outside check"
    )


@dataclass
class _Session:
    """One call of `fix`."""

    parsed: Parsed
    request: Request
    wishes: Wishes
    stated: dict[str, str]
    words: Words
    cause: str | None = None
    plans: list[Plan] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    failed: dict[str, Message | str] = field(default_factory=dict)

    @property
    def dry(self) -> bool:
        """Whether nothing may be changed."""
        if self.parsed.dry_run:
            return True
        return not self.parsed.yes and not somebody()

    def tell(self, says: str, /, **values: object) -> None:
        """One line of progress: a sentence, and what stands in its places."""
        text = self.words.message(Message(says, values))
        print(f"badgateway: {safe(text, 2_000)}", file=sys.stderr, flush=True)


def run(parsed: Parsed) -> int:
    """Find the fault, show what would mend it, and do it where that is wanted."""
    try:
        _same_page(parsed)
        request = request_of(parsed)
        session = _Session(
            parsed,
            request,
            Wishes(timeout=parsed.timeout, public_resolvers=parsed.public_resolvers),
            {"site": request.site, **_upstream(parsed.upstream), **_resolver(parsed)},
            Words(parsed.lang),
        )
        state = state_folder()
        if session.dry:
            _warn_of_cut_off(session, state)
            return _work(session, state)
        with alone(state):
            _recover(session, state)
            return _work(session, state)
    except SpokenError as error:
        complain(Words(parsed.lang).message(error.message))
    except (TargetError, ValueError) as error:
        complain(error)
    except OSError as error:
        file = error.filename or Words(parsed.lang).say("a file")
        complain(f"{file}: {error.strerror or error}")
    return 2


def _same_page(parsed: Parsed) -> None:
    """`fix URL` and `fix --url URL` are the same.

    Raises:
        TargetError: both are given, and differ.
    """
    if parsed.page and parsed.url not in (None, parsed.page):
        raise TargetError("two pages are given; give one")
    parsed.url = parsed.page or parsed.url


def _resolver(parsed: Parsed) -> dict[str, str]:
    """Who names a resolver wants that, and nothing else.

    Raises:
        ResolverError: it is none.
    """
    if not parsed.resolver:
        return {}
    service_of(parsed.resolver)
    parsed.only = parsed.only or RESOLVER
    return {"resolver": parsed.resolver}


def _upstream(text: str | None) -> dict[str, str]:
    """What the owner states, in its own form.

    Raises:
        ArgumentError: it is no address.
    """
    try:
        return {"upstream": TYPES["address"](text)} if text else {}
    except ArgumentError:
        raise ArgumentError(
            "--upstream wants HOST:PORT or unix:/PATH, not '{text}'", text=safe(text or "", 60)
        ) from None


def _warn_of_cut_off(session: _Session, state: Path) -> None:
    for journal in cut_off(state):
        _tell_of_cut_off(session, journal)
        session.tell("`badgateway undo` completes its roll-back")


def _recover(session: _Session, state: Path) -> None:
    """A fix that was cut off before is taken back first."""
    for journal in cut_off(state):
        _tell_of_cut_off(session, journal)
        show_left(take_back(journal), session)
        session.tell("it has been taken back")


def _tell_of_cut_off(session: _Session, journal: Journal) -> None:
    says = session.words.say
    states = "; ".join(says(_STATES[word], path=path) for path, word in state_of(journal))
    session.tell(
        "the fix {name} was cut off; {states}",
        name=journal.folder.name, states=states or says("no file was changed"),
    )  # fmt: skip


def show_left(left: Iterable[Left], session: _Session) -> None:
    """Say what could not be taken back."""
    for each in left:
        session.tell("NOT taken back: {what}: {why}", what=each.what, why=each.why)


def _work(session: _Session, state: Path) -> int:
    if session.request.target:
        session.tell("looking at this machine and at the page")
    else:
        session.tell("looking at this machine")
    verdict = look(session.request, session.wishes)
    session.cause = verdict.causes[0].cause if verdict.causes else None
    if verdict.outcome in (Outcome.HEALTHY, Outcome.NONE) and not verdict.causes:
        session.tell("nothing is broken that can be seen from here")
        return _end(session, verdict, "nothing-to-do", 0)
    _offered(session, verdict)
    if session.dry:
        for plan in session.plans:
            _show(session, plan)
        return _end(session, verdict, "shown" if session.plans else "no-remedy", 1)
    wanted = []
    for plan in session.plans[:MOST_PLANS]:
        _show(session, plan)
        if not _consent(session, plan):
            session.failed[plan.remedy] = Message("not wanted")
            continue
        result, last = _try(session, [plan], state)
        if result is not Result.TAKEN_BACK:
            status = 0 if result is Result.HEALED else 1
            return _end(session, last or verdict, str(result), status)
        wanted.append(plan)
    # Several faults at once: no single plan heals, all of them together may.
    if len({plan.cause for plan in wanted}) > 1:
        session.tell("none of them is enough alone; all together now")
        result, last = _try(session, wanted[:DEEPEST], state)
        if result is Result.HEALED:
            return _end(session, last or verdict, str(result), 0)
    return _end(session, verdict, "no-remedy" if not session.failed else "not-healed", 1)


def _offered(session: _Session, verdict: Verdict) -> None:
    target = session.request.target
    page = None if target is None else (target, session.wishes)
    proposed = proposal(verdict, session.stated, page)
    only = session.parsed.only
    session.plans = [p for p in proposed.plans if only in (None, p.remedy)]
    for remedy, why in proposed.refused.items():
        session.failed.setdefault(remedy, Message("does not fit here: {why}", {"why": why}))


def _try(session: _Session, plans: list[Plan], state: Path) -> tuple[Result, Verdict | None]:
    """Plans, one after the other, and those for faults that show only once they are in force."""
    # The proof is what this machine's own resolution leads to, and nobody else's.
    plain = replace(session.wishes, public_resolvers=False)
    fixing = Fixing(state, session.request.target, plain)
    done: list[Plan] = []
    waiting = list(plans)
    why: Message | str = ""
    while waiting:
        current = waiting.pop(0)
        since = datetime.now(UTC)
        if why := fixing.apply(current):
            break
        done.append(current)
        verdict = fixing.prove(session.tell)
        if verdict is None or well(verdict):
            fixing.keep()
            session.applied += [each.remedy for each in done]
            if verdict is None:
                session.tell("done; without --url nothing proves it from outside")
                return Result.UNPROVED, None
            session.tell(
                "healed: the page answers {status}; `badgateway undo` takes it back",
                status=verdict.status,
            )
            return Result.HEALED, verdict
        why = Message("the page still fails")
        if not waiting and len(done) < DEEPEST:
            waiting += _next(session, done, since)
    session.tell("{why}; taking it back", why=why)
    show_left(fixing.take_back(), session)
    for plan in plans:
        session.failed[plan.remedy] = why
    return Result.TAKEN_BACK, None


def _next(session: _Session, done: list[Plan], since: datetime) -> list[Plan]:
    """A plan for a fault that did not show before: what is in force now may have hidden it."""
    verdict = look(replace(session.request, since=since, more=()), session.wishes)
    proposed = proposal(verdict, session.stated)
    before = {plan.remedy for plan in (*session.plans, *done)}
    for plan in proposed.plans:
        if plan.remedy not in before and plan.remedy not in session.failed:
            session.tell("another fault shows behind it")
            _show(session, plan)
            return [plan] if _consent(session, plan) else []
    return []


def _show(session: _Session, plan: Plan) -> None:
    # JSON stands alone on standard output.
    stream = sys.stderr if session.parsed.json else sys.stdout
    for line in plan_lines(plan, session.words):
        print(line, file=stream, flush=True)


def _consent(session: _Session, plan: Plan) -> bool:
    if session.parsed.yes:
        # What may be meant as it is needs its own name, not a yes to everything.
        return not plan.asks or session.parsed.only == plan.remedy
    return agreed(session.words.say("Do it? [y/N]"))


def _end(session: _Session, verdict: Verdict, result: str, status: int) -> int:
    if session.parsed.json:
        print(json.dumps(_told(session, verdict, result)))
    elif result in ("no-remedy", "not-healed"):
        for line in _why_not(session, verdict):
            print(line)
    elif result == "shown":
        print(session.words.say("Nothing was changed. With --yes, or in a terminal, it is done."))
    return status


def _why_not(session: _Session, verdict: Verdict) -> Iterator[str]:
    """Why nothing heals it, and what a person can do."""
    words = session.words
    title = words.say("no cause")
    if verdict.causes:
        title = words.say(vocabulary().causes[verdict.causes[0].cause].title)
    yield words.say("Nothing that can safely be done by itself mends it ({cause}).", cause=title)
    for remedy, why in session.failed.items():
        yield f"  {remedy}: {safe(words.message(why), 600)}"
    if not session.stated.get("upstream") and _nobody_listens(verdict):
        yield "  " + words.say("If you know where the application listens: --upstream HOST:PORT.")
    for step in [step for step in verdict.steps if step.who == "owner"][:3]:
        yield "  " + words.say("You can: {step}", step=safe(words.say(step.text), 300))
    yield "  " + words.say("`badgateway ticket` writes what is known for whoever has to mend it.")


def _nobody_listens(verdict: Verdict) -> bool:
    """Whether requests are sent to where nobody listens."""
    return any(o.name in ("no-listener", "listens-elsewhere") for o in verdict.observations)


def _told(session: _Session, verdict: Verdict, result: str) -> dict[str, Any]:
    return {
        "schema": "badgateway.fix/1",
        "result": result,
        "cause": session.cause,
        "outcome": str(verdict.outcome),
        "status": verdict.status,
        "plans": [plan_json(plan) for plan in session.plans],
        "applied": session.applied,
        "failed": {remedy: str(why) for remedy, why in session.failed.items()},
    }
