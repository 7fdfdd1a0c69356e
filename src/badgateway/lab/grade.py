"""Grades verdicts against the truth. Pure: faults and results in, figures out."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from badgateway.lab.fault import Fault

Result = Mapping[str, Any]
"""An event of `run.py` about one fault: `visitor`, `owner`, `skipped` or `error`."""


@dataclass(frozen=True, slots=True)
class Grade:
    """How one verdict compares with the truth.

    Attributes:
        side: its side is the true one.
        hop: its hop is the true one, or another that is right to name from outside.
        first: the cause it ranks first, None where it names none.
        right: that is a true one.
        among: a true one is among the first three.
        sure: it calls the first cause determined.
        sure_and_wrong: it does, and the cause is not the true one; or it is a healthy site.
        broken: it says that something is broken.
        brier: the sum over causes of (probability - truth) squared, 0 to 2.
        seconds: what the run took, as a person at the prompt feels it.
        tests: tests that were made.
    """

    side: bool
    hop: bool
    first: str | None
    right: bool
    among: bool
    sure: bool
    sure_and_wrong: bool
    broken: bool
    brier: float
    seconds: float
    tests: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """The one line of `lab run --json`; shares of the faults run.

    Attributes:
        faults: graded, healthy variants among them.
        skipped: left out, because the machine lacks something.
        visitor_side: share whose side is right, of the faults that break something.
        visitor_hop: share whose hop is right, of the same.
        owner_cause: share whose first cause is right with the owner's side; None: not asked.
        owner_top3: share whose first three hold the right one; None: not asked.
        sure: share of the verdicts, of either side, that are called determined.
        sure_and_wrong: share of the same that are called determined and are wrong.
        healthy_called_broken: share of the healthy variants of which a verdict of either side says
            so; None where none ran.
        brier: mean over the verdicts, of either side, on what is broken; 0 (best) to 2.
        median_s: of the visitor's runs, in seconds; of the owner's where only he was asked.
        p95_s: of the same.
        tests: mean number of tests that the visitor's verdicts took.
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
    tests: float | None = None

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
        right=named in right,
        among=bool(right & {item["cause"] for item in causes[:3]}),
        sure=sure,
        sure_and_wrong=sure and (named not in right or named in fault.not_concluded),
        broken=called_broken(verdict),
        brier=min((_brier(causes, cause) for cause in right), default=0.0),
        seconds=float(answer["seconds"]),
        tests=sum(1 for test in verdict.get("made") or [] if test.get("seconds") is not None),
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


def as_asked(fault: Fault, answer: Mapping[str, Any]) -> Fault:
    """The fault as whoever was asked could meet it.

    What sits in a profile of the visitor's browser shows with that profile alone. A product that
    was not given it meets a site that is well: then the fault is a healthy variant, and nobody
    gets a point for a side or a hop that nothing showed.
    """
    if not fault.profile or answer.get("profile"):
        return fault
    return replace(fault, cause=None, also=None, hop=None, side=None)


def grade_owner(fault: Fault, answer: Mapping[str, Any]) -> Grade:
    """Grade a verdict of the owner's side, for which what cannot be told from outside can be."""
    hops = (fault.hop,) if fault.hop else ()
    return grade(replace(fault, hops_from_outside=hops, not_concluded=()), answer)


def _both(fault: Fault, result: Result) -> tuple[Fault, Grade | None, Grade | None]:
    """The fault as it was met, and the grades of the visitor's and the owner's verdict."""
    visitor, owner = result.get("visitor"), result.get("owner")
    # Where both are asked the owner gets the visitor's verdict, and with it what a profile showed.
    met = as_asked(fault, visitor or {})
    return met, visitor and grade(met, visitor), owner and grade_owner(met, owner)


def figures(known: Mapping[str, Fault], results: Iterable[Result]) -> Figures:
    """The figures of a run. What was an error of the lab counts nowhere."""
    visitors: list[tuple[Fault, Grade]] = []
    owners: list[tuple[Fault, Grade]] = []
    called: list[bool] = []
    skipped = ran = 0
    for result in results:
        if "skipped" in result:
            skipped += 1
            continue
        if "error" in result:
            continue
        ran += 1
        fault, visitor, owner = _both(known[result["fault"]], result)
        visitors += [(fault, visitor)] if visitor else []
        owners += [(fault, owner)] if owner else []
        asked = [each for each in (visitor, owner) if each]
        if asked and fault.cause is None:
            called.append(any(each.broken for each in asked))
    everyone = [each for _, each in (*visitors, *owners)]
    seen = [each for fault, each in visitors if fault.cause]
    inside = [each for fault, each in owners if fault.cause]
    seconds = sorted(each.seconds for _, each in visitors or owners)
    return Figures(
        faults=ran,
        skipped=skipped,
        visitor_side=_share([each.side for each in seen]),
        visitor_hop=_share([each.hop for each in seen]),
        owner_cause=_share([each.right for each in inside]),
        owner_top3=_share([each.among for each in inside]),
        sure=_share([each.sure for each in everyone]),
        sure_and_wrong=_share([each.sure_and_wrong for each in everyone]),
        healthy_called_broken=_share(called),
        brier=_mean([each.brier for each in (*seen, *inside)]),
        median_s=_at(seconds, 0.5),
        p95_s=_at(seconds, 0.95),
        tests=_mean([float(each.tests) for _, each in visitors]),
    )


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
