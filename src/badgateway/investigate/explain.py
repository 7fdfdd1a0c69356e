"""Whatever a person has on paper: from material to a verdict, without any network."""

import time
from collections.abc import Iterable
from dataclasses import replace

from badgateway.inference.judge import judge_material
from badgateway.investigate.sort import read_together
from badgateway.knowledge.base import Knowledge, knowledge
from badgateway.model.material import Material
from badgateway.model.observation import Evidence
from badgateway.model.verdict import Verdict
from badgateway.remedies import steps_for


def explain_materials(artifacts: Iterable[Material], known: Knowledge | None = None) -> Verdict:
    """Recognise what each artifact is, read it, and judge all together.

    Raises:
        OSError: an artifact cannot be read.
    """
    started = time.monotonic()
    known = known or knowledge()
    materials = list(artifacts)
    evidence = Evidence(read_together(materials))
    names = [material.name for material in materials]
    verdict = judge_material(evidence, ", ".join(names), known)
    verdict = replace(verdict, steps=steps_for(verdict, known))
    return replace(verdict, elapsed_s=round(time.monotonic() - started, 3))
