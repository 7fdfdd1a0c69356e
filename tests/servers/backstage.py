"""What the fixtures of this folder share with its tests."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from certificates import Authority
from gateways import Nginx, program
from upstreams import Fault

from badgateway.investigate.check import check_url
from badgateway.model.target import Wishes, target_of
from badgateway.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Backstage:
    """What stands behind the gateways.

    Attributes:
        folder: everything that the servers write; readable to the users that they become.
        authority: signs what counts as trusted.
        ports: the upstream for each fault; `RELAYED` leads to an nginx whose upstream refuses.
        nginx: that nginx, a row of the table by itself, not started yet.
    """

    folder: Path
    authority: Authority
    ports: dict[Fault, int]
    nginx: Nginx


def needed(binary: str, name: str) -> None:
    """Skip the test where a program is not there."""
    if program(binary) is None:
        pytest.skip(f"{name} is not installed")


def verdict_on(url: str, wishes: Wishes) -> Verdict:
    """The verdict on `url`; a probe that breaks is a bug of the program, whatever comes of it."""
    verdict = asyncio.run(check_url(target_of(url), wishes))
    broken = [o.text("error") for o in verdict.observations if o.name == "probe-broken"]
    assert broken == [], broken
    return verdict
