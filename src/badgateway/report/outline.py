"""A verdict in words, as data: what every report that is not JSON says, whatever it looks like."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from badgateway.inference.answered import meaning_for
from badgateway.inference.chain import State, states_judged, states_seen
from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.emitter import EmitterFile
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation
from badgateway.model.verdict import Emitter, Outcome, Risk, Step, Verdict, Who
from badgateway.report.safe import safe
from badgateway.report.why import Reason, unfolded
from badgateway.report.words import Words, sentence

SHORT = {
    Hop.BROWSER: sentence("browser"),
    Hop.DEVICE: sentence("you"),
    Hop.RESOLVER: sentence("DNS"),
    Hop.EXIT: sentence("proxy"),
    Hop.NETWORK: sentence("network"),
    Hop.ZONE: sentence("zone"),
    Hop.EDGE: sentence("edge"),
    Hop.GATEWAY: sentence("gateway"),
    Hop.LINK: sentence("link"),
    Hop.UPSTREAM: sentence("application"),
    Hop.DATABASE: sentence("database"),
    Hop.HOST: sentence("host"),
}
"""What each hop is called in the picture."""
ALWAYS = (Hop.DEVICE, Hop.RESOLVER, Hop.NETWORK, Hop.GATEWAY, Hop.UPSTREAM)
"""The hops that every picture shows."""
QUIET = frozenset({"asked", "probe-unfinished"})
"""Observations that are said elsewhere in the report."""
SHOWN_LINKS = 0.3
"""A cause less probable than this is not worth telling what it would bring about."""
MOST_EVIDENCE = 400
SUSPECT = 0.1
"""A hop whose causes are together as probable as this is shown as doubtful."""
SUSPECTED = "suspect"
"""How a doubtful hop stands, beside the words of `State`."""
TONE = {
    Outcome.HEALTHY: "good",
    Outcome.NONE: "plain",
    Outcome.GATEWAY_ERROR: "bad",
    Outcome.OTHER_ERROR: "warn",
    Outcome.UNREACHABLE: "bad",
}
_STATES = {
    State.WORKS: sentence("works"),
    State.BROKEN: sentence("broken"),
    State.UNKNOWN: sentence("not reached"),
    SUSPECTED: sentence("doubtful"),
}


@dataclass(frozen=True, slots=True)
class HopShown:
    """One hop of the picture: `state` is a word of `State` or `suspect`, `says` the same in words.

    `time` is what its step took, with its unit; empty where that is not known.
    """

    hop: str
    title: str
    state: str
    says: str
    time: str = ""


@dataclass(frozen=True, slots=True)
class CauseShown:
    """One possible cause; `share` is its probability in whole percent."""

    name: str
    title: str
    hop: str
    share: int
    percent: str
    remarks: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class StepShown:
    """One step to do; `command` and `risk` are empty where there is none."""

    id: str
    text: str
    command: str
    risk: str


@dataclass(frozen=True, slots=True)
class TestShown:
    """A test that would tell more."""

    title: str
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class EvidenceShown:
    """One observation as a sentence, and where it can be seen."""

    id: str
    text: str
    time: str
    source: str


@dataclass(frozen=True, slots=True)
class BarShown:
    """One bar of the waterfall; `left` and `width` are per mille of the whole time."""

    text: str
    time: str
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Outline:
    """Everything that a report says, in its order."""

    subject: str
    tone: str
    headline: str
    whose: str
    told: tuple[str, ...]
    chain: tuple[HopShown, ...]
    heading: str
    causes: tuple[CauseShown, ...]
    visitor: tuple[StepShown, ...]
    owner: tuple[StepShown, ...]
    next: tuple[TestShown, ...]
    evidence: tuple[EvidenceShown, ...]
    left_out: int
    bars: tuple[BarShown, ...]
    done: str


def outline(verdict: Verdict, known: Knowledge, words: Words) -> Outline:
    """The whole verdict in words; whatever came from outside is made harmless as text."""
    shown = [o for o in verdict.observations if o.name not in QUIET]
    return Outline(
        subject=safe(verdict.subject, 2_000),
        tone=TONE[verdict.outcome],
        headline=words.headline(verdict),
        whose=words.whose(verdict),
        told=tuple(told(verdict, known, words)),
        chain=chain_judged(verdict, words) if verdict.subject.startswith("http") else (),
        heading=heading(verdict, words),
        causes=tuple(_causes(verdict, known, words)),
        visitor=tuple(steps_shown(verdict, Who.VISITOR, words)),
        owner=tuple(steps_shown(verdict, Who.OWNER, words)),
        next=tuple(tests_shown(verdict, known, words)),
        evidence=tuple(_evidence(shown[:MOST_EVIDENCE], words)),
        left_out=max(0, len(shown) - MOST_EVIDENCE),
        bars=tuple(_bars(verdict, words)),
        done=done(verdict, words),
    )


def told(verdict: Verdict, known: Knowledge, words: Words) -> Iterator[str]:
    """Who made the page and what that product says by it."""
    emitter = verdict.emitter
    if emitter is not None and verdict.outcome is not Outcome.HEALTHY:
        name = maker(emitter, known.emitters[emitter.name])
        if emitter.probability >= 0.8:
            line = words.say("{name} made this page.", name=name)
        else:
            line = words.say(
                "{name} probably made this page ({percent}).",
                name=name,
                percent=words.percent(emitter.probability),
            )
        if emitter.relayed_by:
            titles = ", ".join(known.emitters[relay].title for relay in emitter.relayed_by)
            line += " " + words.say("It came through {relays}.", relays=titles)
        yield line
    elif verdict.outcome is Outcome.GATEWAY_ERROR:
        yield words.say("Who made this page cannot be told.")
    meaning = meaning_for(verdict, known)
    variant = known.variants.get(verdict.variant or "")
    if meaning is not None:
        yield words.say(meaning.says)
    elif variant is not None:
        yield words.say(variant.means)


def maker(emitter: Emitter, file: EmitterFile) -> str:
    """Who made a page: the product with its version, as far as that is known."""
    return " ".join(filter(None, (file.title, safe(emitter.version or "", 40))))


def heading(verdict: Verdict, words: Words) -> str:
    """What stands above the causes."""
    if verdict.determined:
        return words.say("The cause")
    return words.say("Likely causes (which one cannot be told from here)")


def seconds_of(observation: Observation) -> float | None:
    """What the step took: up to the first byte where it is an answer."""
    wait = observation.number("wait_s")
    return wait if wait is not None else observation.number("seconds")


def chain_seen(observations: Iterable[Observation], words: Words) -> tuple[HopShown, ...]:
    """The picture while the tests run."""
    seen = list(observations)
    states: dict[Hop, str] = {**states_seen(seen)}
    return _chain(states, seen, words, begun=len(seen) > 1)


def chain_judged(verdict: Verdict, words: Words) -> tuple[HopShown, ...]:
    """The picture by the verdict."""
    states: dict[Hop, str] = {**states_judged(verdict)}
    for hop in {ranked.hop for ranked in verdict.causes}:
        share = sum(ranked.probability for ranked in verdict.causes if ranked.hop is hop)
        if share >= SUSPECT and not verdict.determined:
            states.setdefault(hop, SUSPECTED)
    if verdict.hop is not None:
        states.setdefault(verdict.hop, SUSPECTED)
    return _chain(states, verdict.observations, words, begun=True)


def _chain(
    states: dict[Hop, str], observations: Iterable[Observation], words: Words, *, begun: bool
) -> tuple[HopShown, ...]:
    if begun:
        states.setdefault(Hop.DEVICE, State.WORKS)
    times = _times(observations)
    return tuple(
        HopShown(
            hop.value,
            words.say(SHORT[hop]),
            str(state := states.get(hop, State.UNKNOWN)),
            words.say(_STATES[state]),
            words.seconds(times[hop]) if hop in times and hop in states else "",
        )
        for hop in Hop
        if hop in ALWAYS or hop in states
    )


def _times(observations: Iterable[Observation]) -> dict[Hop, float]:
    """What the way to the page took at each hop: finding the name, connecting, the first byte."""
    times: dict[Hop, float] = {}
    for observation in observations:
        seconds = seconds_of(observation)
        if seconds is None or observation.value.get("what", "page") != "page":
            continue
        if observation.name == "resolved" and observation.text("by") != "literal":
            times.setdefault(Hop.RESOLVER, seconds)
        elif observation.name == "connected":
            times.setdefault(Hop.NETWORK, seconds)
        elif observation.name == "http-response":
            times.setdefault(Hop.GATEWAY, seconds)
    return times


def _causes(verdict: Verdict, known: Knowledge, words: Words) -> Iterator[CauseShown]:
    for ranked, cause in zip(verdict.causes, unfolded(verdict, known, words), strict=False):
        yield CauseShown(
            name=ranked.cause,
            title=cause.title,
            hop=words.say(SHORT[ranked.hop]),
            share=round(ranked.probability * 100),
            percent=cause.percent,
            remarks=cause.remarks if ranked.probability >= SHOWN_LINKS else (),
            reasons=cause.reasons,
        )


def steps_shown(verdict: Verdict, who: Who, words: Words) -> Iterator[StepShown]:
    """What one person can do, first thing first."""
    for step in verdict.steps:
        if step.who is who:
            yield StepShown(
                step.id,
                safe(words.say(step.text), 2_000),
                safe(step.command or "", 3_000),
                _risk(step, words),
            )


def _risk(step: Step, words: Words) -> str:
    """What a step that changes something may do."""
    if step.risk is Risk.NONE:
        return ""
    if step.risk is Risk.DISRUPTIVE:
        return words.say("visitors may notice this")
    return words.say("can be undone")


def tests_shown(verdict: Verdict, known: Knowledge, words: Words) -> Iterator[TestShown]:
    """The tests that would tell more."""
    for test in verdict.next:
        described = known.diagnostics.get(test.test)
        yield TestShown(
            safe(words.say(described.says if described else test.test.replace("-", " "))),
            words.say("you") if test.who is Who.VISITOR else words.say("the owner"),
            safe(words.say(test.why), 1_000),
        )


def _evidence(observations: Iterable[Observation], words: Words) -> Iterator[EvidenceShown]:
    for observation in observations:
        seconds = seconds_of(observation)
        yield EvidenceShown(
            observation.id,
            words.observed(observation),
            words.seconds(seconds) if seconds is not None else "",
            safe(observation.source, 300),
        )


def _bars(verdict: Verdict, words: Words) -> Iterator[BarShown]:
    """What took its time, on one scale: from when it began until it was seen."""
    timed = [
        (o.at.astimezone(UTC), seconds, o)
        for o in verdict.observations
        if o.at is not None and (seconds := seconds_of(o)) is not None
    ]
    asked = next((o.at for o in verdict.observations if o.name == "asked"), None)
    if asked is None or not timed:
        return
    start = asked.astimezone(UTC)
    whole = max(_since(start, at) for at, _, _ in timed) or 1.0
    for at, seconds, observation in timed:
        end = _since(start, at)
        begin = max(0.0, end - seconds)
        left = min(990, round(1_000 * begin / whole))
        width = max(4, min(1_000 - left, round(1_000 * (end - begin) / whole)))
        yield BarShown(words.observed(observation), words.seconds(seconds), left, width)


def _since(start: datetime, at: datetime) -> float:
    return max(0.0, (at - start).total_seconds())


def done(verdict: Verdict, words: Words) -> str:
    """How long it took, and whether that was long enough."""
    said = words.say("{seconds} in all", seconds=words.seconds(verdict.elapsed_s))
    if not verdict.complete:
        said += words.say("; some tests had not ended when the time was up")
    return said
