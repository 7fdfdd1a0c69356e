"""`lab record`: a fault's observations and verdict as files, to replay inference without a lab."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from badgateway.lab.grade import Result

COMPARED = "compared:"
"""Source of what inference states by itself; a replay must state it again."""


def record(folder: Path, result: Result) -> bool:
    """Write one fault's case; returns whether there was a verdict to write."""
    verdict: Mapping[str, Any] | None = (result.get("visitor") or {}).get("verdict")
    if not verdict:
        return False
    case = folder / str(result["fault"])
    case.mkdir(parents=True, exist_ok=True)
    seen = [
        item for item in verdict["observations"] if not str(item["source"]).startswith(COMPARED)
    ]
    # One observation a line: a change of one shows as one line in review.
    rows = ",\n".join(json.dumps(item, ensure_ascii=True) for item in seen)
    (case / "observations.json").write_text(f"[\n{rows}\n]\n")
    (case / "verdict.json").write_text(json.dumps(shown(verdict), indent=1) + "\n")
    return True


def shown(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """What of a verdict is worth a look in review: everything but evidence, texts and times."""
    emitter = verdict["emitter"]
    return {
        **{key: verdict[key] for key in ("subject", "outcome", "status", "variant")},
        "emitter": emitter and {key: emitter[key] for key in ("name", "relayed_by", "probability")},
        **{key: verdict[key] for key in ("side", "hop", "determined")},
        "causes": [
            {key: item[key] for key in ("cause", "hop", "probability")}
            for item in verdict["causes"]
        ],
        "next": [item["test"] for item in verdict["next"]],
        "steps": [item["id"] for item in verdict["steps"]],
    }
