"""How honest the probabilities are: the reliability curve, the Brier score, and the threshold.

    scripts/bench calibration [INCIDENTS]

Takes the verdicts of the last `badgateway lab run` and, where a folder of labelled incidents is
named, explains those too. For each band of the first cause's probability it prints how often that
cause was right; for each threshold of `determined`, how many verdicts would be sure, and how many
of those wrong. The last line is JSON.
"""

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from badgateway.inference.choose import DETERMINED
from badgateway.investigate.explain import explain_materials
from badgateway.lab.fault import load_faults
from badgateway.lab.outside import state_folder
from badgateway.model.material import material_of

BANDS = [step / 10 for step in range(11)]
THRESHOLDS = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
Judged = tuple[float, bool]


def of_the_lab(side: str) -> Iterator[Judged]:
    """Probability of the first cause, and whether it was right, for each fault that was run."""
    known = load_faults(None)
    results = json.loads((state_folder() / "results.json").read_text())["results"]
    for result in results:
        fault, answer = known.get(result["fault"]), result.get(side)
        if fault is None or fault.cause is None or not answer or not answer["verdict"]:
            continue
        causes = answer["verdict"]["causes"]
        if causes:
            right = causes[0]["cause"] in {fault.cause, fault.also}
            yield causes[0]["probability"], right


def of_incidents(folder: Path) -> Iterator[Judged]:
    """The same for labelled incidents."""
    for file in sorted(folder.glob("*.json")):
        item = json.loads(file.read_text("utf-8"))
        verdict = explain_materials(
            material_of(f"{n}.txt", artifact["text"])
            for n, artifact in enumerate(item["artifacts"], 1)
        )
        if verdict.causes:
            first = verdict.causes[0]
            yield first.probability, first.cause == item["truth"]["cause"]


def shown(name: str, judged: list[Judged]) -> dict[str, object]:
    """Print the curve of one set of verdicts; returns its figures."""
    print(f"{name}: {len(judged)} verdicts with a cause")
    for low, high in itertools.pairwise(BANDS):
        band = [(p, right) for p, right in judged if low <= p < high or (high == 1.0 and p == 1.0)]
        if band:
            said = sum(p for p, _ in band) / len(band)
            was = sum(right for _, right in band) / len(band)
            print(f"  {low:.1f} to {high:.1f}: {len(band):>4}, said {said:.2f}, right {was:.2f}")
    for threshold in THRESHOLDS:
        sure = [right for p, right in judged if p >= threshold]
        wrong = sum(not right for right in sure)
        mark = "  <- determined" if threshold == DETERMINED else ""
        print(f"  from {threshold:.2f} on: {len(sure)} sure, {wrong} of them wrong{mark}")
    brier = sum((p - right) ** 2 for p, right in judged) / max(1, len(judged))
    sure = [right for p, right in judged if p >= DETERMINED]
    return {
        "verdicts": len(judged),
        "brier": round(brier, 4),
        "sure": len(sure),
        "sure_and_wrong": sum(not right for right in sure),
    }


def main() -> None:
    """Print the curves, then one line of JSON."""
    found: dict[str, object] = {}
    for side in ("visitor", "owner"):
        judged = list(of_the_lab(side))
        if judged:
            found[side] = shown(f"lab, {side}'s side", judged)
    if len(sys.argv) > 1:
        found["incidents"] = shown("incidents", list(of_incidents(Path(sys.argv[1]))))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
