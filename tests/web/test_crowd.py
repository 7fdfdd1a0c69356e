"""Many people at once."""

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "scripts" / "benches" / "crowd.py"


def test_two_hundred_people_check_at_once():
    """No error, everybody gets his verdict and sees his place in the queue; memory is bounded."""
    ran = subprocess.run([sys.executable, BENCH], capture_output=True, timeout=120, check=True)
    told = json.loads(ran.stdout)
    assert (told["people"], told["errors"], told["right"]) == (200, 0, 200), told["first_error"]
    assert told["saw_their_place"] > 100
    assert told["memory_peak_mb"] < 250
