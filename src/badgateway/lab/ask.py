"""Asks the product about a fault, as a person on one of the lab's machines would."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import badgateway
from badgateway.lab.evidence import Evidence
from badgateway.lab.fault import Fault
from badgateway.lab.lab import Lab

PROFILE_OPTION = "--browser-profile"
"""The product's option for a visitor's browser profile, used once the product has it."""
TIMEOUT = 12
"""Seconds that the product gets for one check."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the product said: its verdict, None where it printed none; its wall time in seconds.

    `profile` says whether it was given the visitor's browser profile; None where there is none.
    """

    verdict: Mapping[str, object] | None
    seconds: float
    status: int
    complaint: str
    profile: bool | None = None


def product(
    lab: Lab, hop: str, words: list[str], environment: Mapping[str, str], most: float = TIMEOUT * 3
) -> Answer:
    """Run the product on a hop as a person there would, and read its JSON."""
    machine = lab.network.hops[hop]
    source = str(Path(badgateway.__file__).parents[1])
    began = time.monotonic()
    try:
        done = subprocess.run(
            [*machine.within, sys.executable, "-m", "badgateway", *words],
            capture_output=True,
            text=True,
            errors="replace",
            env={
                **machine.environment,
                "PYTHONPATH": source,
                "SSL_CERT_FILE": str(lab.ca.file),
                "LANG": "C.UTF-8",
                **environment,
            },
            timeout=most,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(None, time.monotonic() - began, -1, f"no answer within {most:.0f} s")
    seconds = time.monotonic() - began
    try:
        verdict = json.loads(done.stdout)
    except ValueError:
        verdict = None
    if not isinstance(verdict, dict):
        verdict = None
    return Answer(verdict, seconds, done.returncode, done.stderr.strip()[-400:])


def asked(lab: Lab, fault: Fault, sweep: bool = False) -> Answer:
    """The visitor's side: `badgateway URL` on the visitor's machine; every test where `sweep`."""
    words = [fault.url, "--json", "--timeout", str(TIMEOUT), *fault.options]
    words += ["--all"] if sweep else []
    if given := gives_profile(lab, fault):
        words += [PROFILE_OPTION, str(lab.network.hops["client"].folder / fault.profile)]
    if not fault.profile:
        return product(lab, "client", words, fault.environment)
    # The person's home: a browser looks there for the authorities that it trusts.
    home = {"HOME": str(lab.server("chromium").folder)}
    answer = product(lab, "client", words, {**home, **fault.environment})
    return replace(answer, profile=given)


def gives_profile(lab: Lab, fault: Fault) -> bool:
    """Whether a fault has a browser profile, and the product an option for one."""
    if not fault.profile:
        return False
    machine = lab.network.hops["client"]
    words = [sys.executable, "-m", "badgateway", "check", "--help"]
    source = str(Path(badgateway.__file__).parents[1])
    return PROFILE_OPTION in machine.run(*words, environment={"PYTHONPATH": source}).stdout


def inspected(
    lab: Lab, fault: Fault, began: datetime, watch: Evidence, answer: Answer | None
) -> Answer:
    """The owner's side: `badgateway inspect` on the gateway.

    It is given what else an owner has: logs and output of his other machines, and the verdict
    that the visitor sent him.
    """
    folder = lab.folder / "owner" / fault.name
    watch.write(folder)
    if answer is not None and answer.verdict is not None:
        (folder / "visitor.json").write_text(json.dumps(answer.verdict), "utf-8")
    given = [word for file in sorted(folder.iterdir()) for word in ("--with", str(file))]
    words = ["inspect", "--json", "--url", fault.url, "--since", began.isoformat(), *given]
    return product(lab, "gateway", words, {})


def plain(answer: Answer) -> dict[str, object]:
    """An answer as plain data."""
    return {
        "verdict": answer.verdict,
        "seconds": round(answer.seconds, 3),
        "status": answer.status,
        "complaint": answer.complaint,
        **({} if answer.profile is None else {"profile": answer.profile}),
    }
