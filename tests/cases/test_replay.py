"""Inference on what was recorded in the lab gives the verdict that was recorded with it.

No lab and no root is needed. After a change of knowledge or inference that is meant, write the
verdicts anew with `REPLAY_WRITE=1`, and let review judge the differences; `badgateway lab record`
makes the observations anew as well.
"""

import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from badgateway.inference.judge import judge_check
from badgateway.lab.record import shown
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.remedies import steps_for
from badgateway.report.json import plain

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/observations.json"))


def _observation(item):
    at = datetime.fromisoformat(item["at"]) if item["at"] else None
    return Observation(
        Hop(item["hop"]), item["name"], item["value"], item["source"], at, item["id"]
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recorded_observations_give_the_recorded_verdict(case, known):
    """The verdict on the recorded observations is the recorded one."""
    recorded = json.loads((case / "verdict.json").read_text())
    seen = [_observation(item) for item in json.loads((case / "observations.json").read_text())]
    verdict = judge_check(Evidence(seen), recorded["subject"], known)
    verdict = replace(verdict, steps=steps_for(verdict, known))
    found = shown(plain(verdict))
    if os.environ.get("REPLAY_WRITE"):
        (case / "verdict.json").write_text(json.dumps(found, indent=1) + "\n")
    assert found == recorded
