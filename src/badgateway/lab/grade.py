"""Grades verdicts against the truth. Pure: faults and results in, figures out."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from badgateway.lab.fault import Fault

Result = Mapping[str, Any]
"""An event of `run.py` about one fault: `visitor`, `owner`, `skipped` or `error`."""


@dataclass(frozen=True, slots=True)
class Grade:
    """How one verdict of the visitor's side compares with the truth.

    Attributes:
        side: its side is the true one.
        hop: its hop is the true one, or another that is right to name from outside.
        first: the cause it ranks first, None where it names none.
        sure: it calls the first cause determined.
        sure_and_wrong: it does, and the cause is not the true one; or it is a healthy site.
        broken: it says that something is broken.
        brier: the sum over causes of (probability - truth) squared, 0 to 2.
        seconds: what the run took, as a person at the prompt feels it.
    """

    side: bool
    hop: bool
    first: str | None
    sure: bool
    sure_and_wrong: bool
    broken: bool
    brier: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The one line of `lab run --json`; shares of the faults run.

    Attributes:
        faults: graded, healthy variants among them.
        skipped: left out, because the machine lacks something.
        visitor_side: share whose side is right, of the faults that break something.
        visitor_hop: share whose hop is right, of the same.
        owner_cause: share whose first cause is right with the owner's side; None: not built yet.
        owner_top3: share whose first three hold the right one; None: not built yet.
        sure: share that is called determined from the visitor's side, of all that ran.
        sure_and_wrong: share that is called determined and is wrong, of all that ran.
        healthy_called_broken: share of the healthy variants; None where none ran.
        brier: mean over the faults that break something, 0 (best) to 2.
        median_s: of the visitor's runs, in seconds.
        p95_s: of the same.
    """

    faults: int
    skipped: int
    visitor_side: float | None
    visitor_hop: float | None
    owner_cause: float | None
    owner_top3: float | None
    sure: float | None
    sure_and_wrong: float | None
    healthy_called_broken: float | None
    brier: float | None
    median_s: float | None
    p95_s: float | None

    def line(self) -> dict[str, object]:
        """As a JSON object, in the order of the contract."""
        return asdict(self)


def grade(fault: Fault, answer: Mapping[str, Any]) -> Grade:
    """Grade what the product said about a fault. No verdict at all is wrong in every respect."""
    verdict: Mapping[str, Any] = answer.get("verdict") or {}
    causes = list(verdict.get("causes") or [])
    first = causes[0] if causes else None
    sure = bool(verdict.get("determined")) and first is not None
    hop = first["hop"] if first else verdict.get("hop")
    right = {fault.cause, fault.also} - {None}
    named = first["cause"] if first else None
    return Grade(
        side=verdict.get("side") is not None and verdict.get("side") == fault.side,
        hop=hop is not None and hop in {fault.hop, *fault.hops_from_outside},
        first=named,
        sure=sure,
        sure_and_wrong=sure and (named not in right or named in fault.not_concluded),
        broken=called_broken(verdict),
        brier=min((_brier(causes, cause) for cause in right), default=0.0),
        seconds=float(answer["seconds"]),
    )


def called_broken(verdict: Mapping[str, Any]) -> bool:
    """Whether a verdict says that a site is broken.

    A gateway error, no answer, a cause that is called determined; and another error, unless the
    site really answered so (a 404 is an error page, and the site that made it is well).
    """
    outcome, status = verdict.get("outcome"), verdict.get("status")
    if verdict.get("determined") or outcome in ("gateway-error", "unreachable", None):
        return True
    return outcome == "other-error" and not (isinstance(status, int) and status >= 400)


def _brier(causes: list[Mapping[str, Any]], truth: str | None) -> float:
    total, met = 0.0, False
    for cause in causes:
        is_it = cause["cause"] == truth
        met = met or is_it
        total += (float(cause["probability"]) - is_it) ** 2
    return total if met else total + 1.0


def figures(known: Mapping[str, Fault], results: Iterable[Result]) -> Figures:
    """The figures of a run. What was an error of the lab counts nowhere."""
    broken: list[Grade] = []
    healthy: list[Grade] = []
    skipped = ran = 0
    owners: list[tuple[bool, bool]] = []
    for result in results:
        fault = known[result["fault"]]
        if "skipped" in result:
            skipped += 1
        elif "error" not in result:
            ran += 1
            if visitor := result.get("visitor"):
                (broken if fault.cause else healthy).append(grade(fault, visitor))
            if fault.cause and (owner := result.get("owner")):
                owners.append(_owner(fault, owner))
    everyone = [*broken, *healthy]
    seconds = sorted(each.seconds for each in everyone)
    return Figures(
        faults=ran,
        skipped=skipped,
        visitor_side=_share([each.side for each in broken]),
        visitor_hop=_share([each.hop for each in broken]),
        owner_cause=_share([first for first, _ in owners]),
        owner_top3=_share([among for _, among in owners]),
        sure=_share([each.sure for each in everyone]),
        sure_and_wrong=_share([each.sure_and_wrong for each in everyone]),
        healthy_called_broken=_share([each.broken for each in healthy]),
        brier=_mean([each.brier for each in broken]),
        median_s=_at(seconds, 0.5),
        p95_s=_at(seconds, 0.95),
    )


def _owner(fault: Fault, answer: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether the first cause is right, and whether one of the first three is."""
    causes = [item["cause"] for item in (answer.get("verdict") or {}).get("causes") or []]
    right = {fault.cause, fault.also} - {None}
    return bool(right & set(causes[:1])), bool(right & set(causes[:3]))


def _share(found: list[bool]) -> float | None:
    return _mean([float(each) for each in found])


def _mean(numbers: list[float]) -> float | None:
    return round(sum(numbers) / len(numbers), 4) if numbers else None


def _at(ordered: list[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed."""
    if not ordered:
        return None
    place = max(0, -int(-share * len(ordered) // 1) - 1)
    return round(ordered[min(place, len(ordered) - 1)], 3)
