"""Vantages on what was recorded in the lab: cut off they change nothing, honest ones help.

What other places would have met follows from the truth that the lab knows: a fault at the site is
met by all of them, one on the visitor's side or on the way by none.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest

from badgateway.inference.compare.elsewhere import here
from badgateway.inference.compare.evidence import final_url, pages
from badgateway.inference.judge import judge_check
from badgateway.lab.fault import load_faults
from badgateway.lab.grade import grade
from badgateway.lab.record import shown
from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Evidence, Observation, seen
from badgateway.report.json import plain

FAULTS = load_faults()
CASES = sorted(
    path.parent
    for path in Path(__file__).parent.glob("*/observations.json")
    if path.parent.name in FAULTS
)


def recorded(case) -> list[Observation]:
    """What was seen of a fault."""
    return [
        Observation(
            Hop(item["hop"]),
            item["name"],
            item["value"],
            item["source"],
            datetime.fromisoformat(item["at"]) if item["at"] else None,
            item["id"],
        )
        for item in json.loads((case / "observations.json").read_text())
    ]


def subject_of(case) -> str:
    """The URL that was asked for."""
    return json.loads((case / "verdict.json").read_text())["subject"]


def graded(case, observations, known):
    """The verdict on these observations against the truth."""
    verdict = shown(plain(judge_check(Evidence(observations), subject_of(case), known)))
    return grade(FAULTS[case.name], {"verdict": verdict, "seconds": 1.0})


def place(name: str, where: str, **value) -> Observation:
    """What one place says."""
    return seen(Hop.NETWORK, name, f"test:{where}", where=where, by="globalping", **value)


def met_elsewhere(observations, site: bool) -> list[Observation]:
    """What three other places meet: the same, if the fault is the site's, else the page."""
    evidence = Evidence(observations)
    url = final_url(evidence)
    status = None if here(evidence) == "nothing" else pages(evidence)[0].value.get("status")
    told = []
    for where in ("a", "b", "c"):
        if not site:
            told.append(place("vantage-answer", where, url=url, status=200))
        elif status is None:
            told.append(place("vantage-no-answer", where, url=url, failure="no answer"))
        else:
            told.append(place("vantage-answer", where, url=url, status=status))
    return told


@pytest.mark.parametrize("case", CASES[::4], ids=lambda case: case.name)
def test_vantages_that_are_cut_off_change_nothing(case, known):
    """Asked for and not reached: the verdict is the one without them, to the last digit."""
    observations = recorded(case)
    cut = [
        place("told-elsewhere", "api", whom="api", what=("the URL",)),
        *(place("vantage-failed", where, detail="no connection") for where in ("a", "b", "c")),
        seen(Hop.EXIT, "exit-failed", "exit:x", url="x", exit="x", failure="connect-refused"),
    ]
    alone = judge_check(Evidence(observations), subject_of(case), known)
    verdict = judge_check(Evidence([*observations, *cut]), subject_of(case), known)
    assert shown(plain(verdict)) == shown(plain(alone))


def test_honest_vantages_help_and_make_nothing_worse(known):
    """With what other places meet, more sides are right and no verdict becomes sure and wrong."""
    before, after, worse, bad = 0, 0, [], []
    faults = [case for case in CASES if FAULTS[case.name].side is not None]
    for case in faults:
        observations = recorded(case)
        if any(o.value.get("by") == "connect-to" for o in observations if o.name == "resolved"):
            continue
        site = FAULTS[case.name].side is Side.SITE
        alone = graded(case, observations, known)
        told = graded(case, [*observations, *met_elsewhere(observations, site)], known)
        before, after = before + alone.side, after + told.side
        if alone.side and not told.side:
            worse.append(case.name)
        if told.sure_and_wrong and not alone.sure_and_wrong:
            bad.append(case.name)
    assert bad == []
    assert worse == []
    assert after >= before
    print(f"side right in {before} of {len(faults)} alone, in {after} with vantages")
