"""How many tests the chosen order makes, over a full sweep of the same faults: goal at most 0.6.

A third of the lab is run twice from the visitor's side, once as `check` goes about it and once
with `check --all`; what each run got right stands beside it. Takes about five minutes.
"""

import json
import subprocess
import sys

RIGHT = ("visitor_side", "visitor_hop", "sure_and_wrong", "healthy_called_broken", "median_s")


def ran(*options: str) -> dict[str, float]:
    """The figures of a third of the lab."""
    words = ["lab", "run", "--third", "--jobs", "2", "--json", *options, *sys.argv[1:]]
    done = subprocess.run(
        [sys.executable, "-m", "badgateway", *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the figures as one JSON line."""
    chosen, swept = ran(), ran("--sweep")
    figures = {
        "bench": "order",
        "faults": chosen["faults"],
        "tests_chosen": chosen["tests"],
        "tests_swept": swept["tests"],
        "ratio": round(chosen["tests"] / swept["tests"], 3),
        "goal": 0.6,
        "chosen": {name: chosen[name] for name in RIGHT},
        "swept": {name: swept[name] for name in RIGHT},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
