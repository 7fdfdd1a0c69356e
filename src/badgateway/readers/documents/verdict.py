"""A verdict of this program: what `--json` printed on another machine, or a bundle holds.

Only what was seen there is taken over; what followed from it is concluded anew, together with
what was seen elsewhere.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation
from badgateway.model.recorded import observation_of
from badgateway.model.vocabulary import vocabulary

KIND = "verdict"

_MOST = 20_000
"""Observations that are taken over."""


def fits(head: str) -> float:
    """A JSON object with this program's schema."""
    start = head.lstrip("\ufeff\r\n \t")
    return 0.99 if start.startswith("{") and '"badgateway.verdict/' in start[:4_096] else 0.0


def read(material: Material) -> Iterator[Observation]:
    """The observations of the verdict, each with its source."""
    try:
        items = json.loads(material.text().lstrip("\ufeff"))["observations"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        detail = f"a verdict that is cut or broken: {type(error).__name__}"
        value = {"name": material.name, "detail": detail}
        yield Observation(Hop.DEVICE, "nothing-known", value, f"file:{material.name}")
        return
    words = vocabulary().observations
    for found in map(observation_of, items[:_MOST] if isinstance(items, list) else []):
        if found is not None and not words[found.name].derived:
            yield replace(found, id="")
