"""An observation back from its JSON, as another run of this program printed it.

Whoever hands it over may have written anything: what is no word of the vocabulary is no
observation, and particulars of the wrong kind are left out.
"""

from collections.abc import Mapping
from datetime import datetime

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value, frozen
from badgateway.model.vocabulary import vocabulary

_DEEPEST = 16
"""Lists and tables within one another in the particulars; ours have three at the most."""


def observation_of(item: object) -> Observation | None:
    """The observation that plain JSON data holds; None where it is none."""
    if not isinstance(item, dict) or _text(item, "name", 60) not in vocabulary().observations:
        return None
    try:
        hop = Hop(_text(item, "hop", 60))
    except ValueError:
        return None
    return Observation(
        hop,
        item["name"],
        _value(item),
        _text(item, "source", 1_000),
        _time(_text(item, "at", 60)),
        _text(item, "id", 20),
    )


def _text(item: Mapping[str, object], key: str, limit: int) -> str:
    found = item.get(key)
    return found[:limit] if isinstance(found, str) else ""


def _value(item: Mapping[str, object]) -> Mapping[str, Value]:
    value = item.get("value")
    if not isinstance(value, dict) or _too_deep(value, _DEEPEST):
        return {}
    return {str(key): frozen(each) for key, each in value.items()}


def _too_deep(value: object, left: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_too_deep(each, left - 1) for each in inner)


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
