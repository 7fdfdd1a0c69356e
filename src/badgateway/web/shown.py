"""What the page shows of a check: the picture, the verdict, the questions."""

import shlex

from jinja2 import Environment

from badgateway.inference.chain import State as HopState
from badgateway.investigate.answers import Answer
from badgateway.model.vocabulary import vocabulary
from badgateway.report.html import environment
from badgateway.report.outline import HopShown, chain_judged, chain_seen, outline
from badgateway.report.words import Words
from badgateway.web.checks import Check, Checks, Kind
from badgateway.web.language import Spoken
from badgateway.web.owner import incidents_shown
from badgateway.web.owner import shown as shown_plan
from badgateway.web.runs import State

MOST_QUESTIONS = 3


class Shown:
    """The templates of a server, and what is put into them."""

    def __init__(self, checks: Checks, *, public: bool, history: bool) -> None:
        self._templates: Environment = environment("badgateway.web")
        self._checks = checks
        self._public = public
        self._history = history

    def page(self, name: str, words: Spoken, **values: object) -> str:
        """A whole page."""
        return self._templates.get_template(name).render(
            _=words.say,
            to=words.to,
            others=words.others,
            date=words.date,
            percent=words.percent,
            language=words.language,
            public=self._public,
            history=self._history,
            **values,
        )

    def result(self, check: Check, words: Spoken) -> str:
        """The verdict, or why there is none, as a part of a page."""
        return self.page("result.html", words, **self.values(check, words))

    def values(self, check: Check, words: Words) -> dict[str, object]:
        """What the templates of a check need."""
        verdict = check.verdict
        out = outline(verdict, self._checks.known, words) if verdict else None
        chain = self.chain(check, words)
        return {
            "check": check,
            "kind": check.kind,
            "subject": subject(check),
            "again_at": "/machine" if check.kind is Kind.MACHINE else "/check",
            "again": check.target.url if check.target else "",
            "state": check.state.value,
            "out": out,
            "owner_first": _by_owner(check),
            "problem": problem(check, words),
            "watchable": check.kind is Kind.PAGE and not self._public,
            "plans": [shown_plan(plan, words) for plan in check.plans],
            "fix_url": shlex.quote(check.target.url) if check.target else "",
            "incidents": incidents_shown(check.logs, words) if check.logs else None,
            "questions": self._checks.questions(check)[:MOST_QUESTIONS],
            "chain": chain,
            "said": said(check, chain, words),
        }

    def chain(self, check: Check, words: Words) -> tuple[HopShown, ...]:
        """The picture as it stands; none for material, nor while this machine is inspected."""
        if check.verdict is not None and check.target is not None:
            return chain_judged(check.verdict, words)
        if check.kind is not Kind.PAGE:
            return ()
        return chain_seen(check.run.seen if check.run else (), words)

    def picture(self, chain: tuple[HopShown, ...], words: Spoken) -> str:
        """The picture as a part of a page; empty where there is none."""
        return self.page("picture.html", words, chain=chain) if chain else ""

    def news(self, check: Check, words: Spoken, *, picture: bool) -> dict[str, object]:
        """Where a check stands, for whoever follows it; with `picture`, drawn as well."""
        chain = self.chain(check, words)
        told: dict[str, object] = {
            "state": check.state.value,
            "place": check.run.place if check.run else 0,
            "said": said(check, chain, words),
            "hops": [
                {"hop": hop.hop, "title": hop.title, "state": hop.state, "time": hop.time}
                for hop in chain
            ],
        }
        if picture:
            told["picture"] = self.picture(chain, words)
        return told


_A_PAGE = frozenset({"page-text", "http-response", *Answer})
"""What also a visitor has: a page, and what he can tell."""


def _by_owner(check: Check) -> bool:
    """Whether it was the owner who asked, by what there is to see: logs, configuration, state."""
    if check.kind is not Kind.MATERIAL or check.verdict is None:
        return check.kind in (Kind.MACHINE, Kind.LOGS)
    words = vocabulary().observations
    seen = {o.name for o in check.verdict.observations if not words[o.name].derived}
    return bool(seen - _A_PAGE)


def subject(check: Check) -> str:
    """What a check is about, in one line."""
    if check.target is not None:
        return check.target.url
    if check.verdict is not None:
        return check.verdict.subject
    return check.run.subject if check.run else ""


def said(check: Check, chain: tuple[HopShown, ...], words: Words) -> str:
    """One line about where a check stands."""
    run = check.run
    if run is None or run.over:
        return problem(check, words) or words.say("Done.")
    if run.state is State.WAITING:
        return words.say(
            "Many people are asking at the moment. You are number {place} in the queue.",
            place=run.place,
        )
    if check.kind is not Kind.PAGE:
        return words.say("Reading …")
    known = [hop for hop in chain if hop.state != HopState.UNKNOWN]
    if not known:
        return words.say("On the way …")
    last = known[-1]
    line = words.say("{hop}: {state}", hop=last.title, state=last.says)
    return f"{line}, {last.time}" if last.time else line


def problem(check: Check, words: Words) -> str:
    """Why there is no verdict; empty while one may still come."""
    if check.run is None or check.verdict is not None:
        return ""
    return {
        State.REFUSED: words.message(check.run.problem),
        State.STOPPED: words.say("This check was stopped before it ended. Ask again."),
        State.FAILED: words.say(
            "Something in this program broke, not the site: {error}. Please report it.",
            error=check.run.problem,
        ),
    }.get(check.run.state, "")
