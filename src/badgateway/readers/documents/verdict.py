"""A verdict of this program: what `--json` printed on another machine, or a bundle holds.

Only what was seen there is taken over; what followed from it is concluded anew, together with
what was seen elsewhere.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value, frozen
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
    for item in items[:_MOST] if isinstance(items, list) else []:
        if not isinstance(item, dict) or item.get("name") not in words:
            continue
        if words[item["name"]].derived or item.get("hop") not in list(Hop):
            continue
        yield Observation(
            Hop(item["hop"]), item["name"], _value(item), str(item.get("source", "")), _time(item)
        )


def _value(item: Mapping[str, object]) -> Mapping[str, Value]:
    value = item.get("value")
    return {str(key): frozen(v) for key, v in value.items()} if isinstance(value, dict) else {}


def _time(item: Mapping[str, object]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(item.get("at")))
    except ValueError:
        return None
