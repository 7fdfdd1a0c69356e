"""What a ticket rests on: ids of requests, times, who is affected, and what was already tried."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from badgateway.model.failure import Failure
from badgateway.model.observation import Observation
from badgateway.model.response import Response
from badgateway.model.secret import masked
from badgateway.model.verdict import Verdict
from badgateway.report.safe import safe
from badgateway.report.words import Words, sentence

SAID = ("reported", "denied", "unanswered")
"""What a person answered to a question."""
_SCOPE = (
    *("elsewhere-compared", "vantage-answer", "vantage-no-answer", "other-exit-works"),
    *("servers-differ-in-health", "nameservers-differ", "own-profile-fails", "browser-alone-fails"),
    *("intermittent", "addresses-differ-in-health", "neighbours-work"),
    *("page-differs-elsewhere", "address-outdated", "signatures-fail-elsewhere", "direct-works"),
    *("tunnel-fails", "proxy-setting-fails", "only-by-proxy", "filtered", "filtered-by-name"),
    *("control-works", "control-fails", "cookie-size-decides", "site-works-directly"),
)
"""Observations that tell for whom it fails and for whom not."""
_BODY_LIMIT = 65_536
_LINE_NUMBER = re.compile(r":\d{1,12}\Z")
MOST_IDS = 12
MOST_RESULTS = 4
MOST_LINES = 24


@dataclass(frozen=True, slots=True)
class RequestId:
    """A mark by which whoever ran the request finds it again."""

    title: str
    value: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Tried:
    """A step that was taken, and how it ended: sentences, each with its count."""

    title: str
    results: tuple[str, ...]


@cache
def _marks() -> tuple[dict[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    table = _table("request_ids.toml")
    return (
        {each["header"]: each["title"] for each in table["id"]},
        tuple((re.compile(each["pattern"]), each["title"]) for each in table["text"]),
    )


@cache
def _steps() -> tuple[dict[str, Any], ...]:
    return tuple(_table("tried.toml")["step"])


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files("badgateway.report.ticket").joinpath(name).read_text("utf-8"))


def request_ids(verdict: Verdict) -> list[RequestId]:
    """The ids that answers carried: those of answers that failed first."""
    found: dict[tuple[str, str], RequestId] = {}
    answers = [o for o in verdict.observations if o.name in ("http-response", "page-text")]
    for observation in sorted(answers, key=lambda o: (o.number("status") or 999) < 500):
        for title, value in _ids_of(observation):
            shown = safe(masked(value), 200)
            found.setdefault((title, shown), RequestId(title, shown, observation.at))
    return list(found.values())[:MOST_IDS]


def _ids_of(observation: Observation) -> Iterator[tuple[str, str]]:
    headers, texts = _marks()
    named = set()
    for name, value in Response.of(observation.value).headers:
        if title := headers.get(name.lower()):
            named.add(title)
            yield title, value
    body = (observation.text("body") or observation.text("excerpt"))[:_BODY_LIMIT]
    for pattern, title in texts:
        if title not in named and (hit := pattern.search(body)):
            yield title, hit[1].replace("&#46;", ".")


def failed(observation: Observation) -> bool:
    """Whether it is a failure of the page itself, as a visitor meets it."""
    if observation.name == "http-response":
        return (observation.number("status") or 0) >= 500
    failures = {failure.value for failure in Failure} | {"again-failed", "request-failed"}
    return observation.name in failures and observation.value.get("what", "page") == "page"


def since(verdict: Verdict) -> tuple[datetime, datetime] | None:
    """The first and the last time at which it was seen to fail; None where nothing has a time."""
    telling = set(verdict.causes[0].because) if verdict.causes else set()
    times: list[datetime] = []
    for o in verdict.observations:
        if o.at is not None and o.at.tzinfo and (failed(o) or o.id in telling):
            times.append(o.at)
            times += filter(None, [_moment(o.text("last"))])
    return (min(times), max(times)) if times else None


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def scope(verdict: Verdict, words: Words) -> list[str]:
    """For whom it fails and for whom not, as sentences."""
    seen = [o for name in _SCOPE for o in verdict.observations if o.name == name]
    return counted((words.observed(o) for o in seen), 6)


def telling(verdict: Verdict) -> list[Observation]:
    """What the verdict rests on: for the first cause before the second, then failures of the page.

    Few of each kind, so that the tenth of its like does not push out what tells more; in the order
    of time, what has none last.
    """
    by_id = {o.id: o for o in verdict.observations}
    ids = [id_ for ranked in verdict.causes[:3] for id_ in (*ranked.because, *ranked.against)]
    wanted = [by_id[id_] for id_ in dict.fromkeys(ids) if id_ in by_id]
    wanted += [o for o in verdict.observations if failed(o)]
    kinds: Counter[str] = Counter()
    chosen: dict[str, Observation] = {}
    for observation in wanted:
        if observation.name in SAID or observation.id in chosen:
            continue
        kinds[observation.name] += 1
        if kinds[observation.name] <= MOST_RESULTS and len(chosen) < MOST_LINES:
            chosen[observation.id] = observation
    dated = [o for o in chosen.values() if o.at is not None and o.at.tzinfo]
    undated = [o for o in chosen.values() if o not in dated]
    return sorted(dated, key=lambda o: o.at.timestamp() if o.at else 0.0) + undated


def tried(verdict: Verdict, words: Words) -> list[Tried]:
    """The steps that were taken, in the order in which support asks for them."""
    made = {test.test for test in verdict.made if test.seconds is not None}
    found = []
    named: set[str] = set()
    for step in _steps():
        named |= set(step["probes"])
        results = [o for o in verdict.observations if _result_of(o, step)]
        if step.get("quiet"):
            continue
        results.sort(key=lambda o: step["results"].index(o.name))
        if not results and not made & set(step["probes"]):
            continue
        sentences = counted((words.observed(o) for o in results), MOST_RESULTS, words)
        found.append(Tried(words.say(str(step["title"])), tuple(sentences)))
    found += [Tried(safe(words.test(name), 60), ()) for name in sorted(made - named)]
    found += _read(verdict, words)
    found += [
        Tried(words.say("Asked: {fact}", fact=words.say(safe(o.text("says"), 200))), (answer,))
        for o in verdict.observations
        if o.name in SAID and o.source == "answer"
        for answer in [words.say(_ANSWERS[o.name])]
    ]
    return found


_ANSWERS = {
    "reported": sentence("yes"),
    "denied": sentence("no"),
    "unanswered": sentence("not known"),
}


def _result_of(observation: Observation, step: dict[str, Any]) -> bool:
    what = observation.value.get("what", "")
    return observation.name in step["results"] and ("what" not in step or what in step["what"])


def _read(verdict: Verdict, words: Words) -> Iterator[Tried]:
    """Logs, configuration and state that were read on the site's machines."""
    files: dict[str, str] = {}
    for observation in verdict.observations:
        kind, colon, rest = observation.source.partition(":")
        if colon and rest.startswith("/") and kind != "stat":
            place = _LINE_NUMBER.sub("", rest)
            files.setdefault(place, f"{kind.replace('-', ' ')}: {place}")
    if files:
        shown = (safe(masked(name), 160) for name in files.values())
        results = counted(shown, 2 * MOST_RESULTS, words)
        yield Tried(words.say("Logs and configuration were read"), tuple(results))


def counted(sentences: Iterable[str], most: int, words: Words | None = None) -> list[str]:
    """Each sentence once, with how often it was said; at most `most` of them."""
    counts = Counter(sentences)
    shown = [f"{text} (× {n})" if n > 1 else text for text, n in list(counts.items())[:most]]
    if len(counts) > most and words is not None:
        shown.append(words.say("and {count} more", count=len(counts) - most))
    return shown
