"""Whatever a person has on paper: from material to a verdict, without any network."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from badgateway.inference.judge import judge_material
from badgateway.knowledge.base import Knowledge, knowledge
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.verdict import Verdict
from badgateway.readers import readers, recognised
from badgateway.remedies import steps_for


@dataclass(frozen=True, slots=True)
class Artifact:
    """One piece of material: a name for people, and its text."""

    name: str
    text: str


def explain_texts(artifacts: Iterable[Artifact], known: Knowledge | None = None) -> Verdict:
    """Recognise what each artifact is, read it, and judge all together."""
    started = time.monotonic()
    known = known or knowledge()
    evidence, names = Evidence(), []
    for artifact in artifacts:
        names.append(artifact.name)
        kind = recognised(artifact.text)
        if kind is None:
            evidence.add(_unknown(artifact))
            continue
        for observation in readers()[kind].read(artifact.text, artifact.name):
            evidence.add(observation)
    verdict = judge_material(evidence, ", ".join(names), known)
    verdict = replace(verdict, steps=steps_for(verdict, known))
    return replace(verdict, elapsed_s=round(time.monotonic() - started, 3))


def _unknown(artifact: Artifact) -> Observation:
    detail = "it is empty" if not artifact.text.strip() else "it looks like a binary file"
    return Observation(
        Hop.DEVICE,
        "nothing-known",
        {"name": artifact.name, "detail": detail},
        f"file:{artifact.name}",
    )
