"""What other places and exits saw, and what they were told, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from badgateway.inference.chain import State
from badgateway.model.observation import Evidence, Observation
from badgateway.model.verdict import Verdict
from badgateway.report.safe import safe
from badgateway.report.words import Words

SHOWN = frozenset(
    {
        *("told-elsewhere", "vantage-answer", "vantage-no-answer", "vantage-failed"),
        *("exit-answer", "exit-failed", "elsewhere-compared"),
    }
)
"""Observations that are said here."""

_SUMMARY = {
    ("good", "works"): "It works from {works} of {asked} other places as well.",
    ("good", "fails"): "It works from here only: it fails from all {asked} other places.",
    ("good", "mixed"): "It works here, and fails from {fails} of {asked} other places.",
    ("", "works"): "It is not down for everyone: it works from {works} of {asked} other places.",
    ("", "alike"): "It is down for everyone who was asked: all {asked} other places meet the same.",
    ("", "fails"): "It fails from all {asked} other places too, in another way.",
    ("", "mixed"): "It is down for some: it fails from {fails} of {asked} other places.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line about one place.

    Attributes:
        state: whether the page came; unknown where the place said nothing, None for a remark.
        text: what is said.
        id: the observation's id.
    """

    state: State | None
    text: str
    id: str = ""


def summary(verdict: Verdict, words: Words) -> str:
    """Whether it is down for everyone, in one line; empty where nobody else was asked."""
    compared = Evidence(verdict.observations).first("elsewhere-compared")
    if compared is None:
        return ""
    here = "good" if compared.value.get("here") == "good" else ""
    counts = {key: compared.value.get(key) for key in ("works", "fails", "asked")}
    said = _SUMMARY.get((here, compared.text("elsewhere")), "")
    return words.say(said, **counts) if said else ""


def places(verdict: Verdict, words: Words) -> Iterator[Line]:
    """Each place with what it saw, then what left this machine for it."""
    evidence = Evidence(verdict.observations)
    for o in evidence.named("vantage-answer", "vantage-no-answer", "exit-answer"):
        yield Line(State.WORKS if _good(o) else State.BROKEN, words.observed(o), o.id)
    for o in evidence.named("exit-failed", "vantage-failed"):
        yield Line(State.UNKNOWN, words.observed(o), o.id)
    for o in evidence.named("told-elsewhere"):
        yield Line(None, safe(words.observed(o), 400), o.id)


def _good(o: Observation) -> bool:
    status = o.number("status")
    return status is not None and status < 400
