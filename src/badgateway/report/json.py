"""The verdict as the contract's JSON: one object, ASCII only, so that no terminal can be harmed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation, frozen
from badgateway.model.secret import masked, masked_header, secret_header
from badgateway.model.verdict import (
    Emitter,
    Made,
    NextTest,
    Outcome,
    RankedCause,
    Risk,
    Step,
    Verdict,
    Who,
)

TEXT_LIMIT = 16_384
"""Characters of one text; a longer one, such as a page's body, ends in an ellipsis."""


def verdict_json(verdict: Verdict) -> str:
    """The verdict as one line of JSON."""
    told = plain(verdict)
    assert isinstance(told, dict)
    return json.dumps({"schema": verdict.schema, **told}, ensure_ascii=True)


def plain(value: object) -> object:
    """Any part of a verdict as plain JSON data; enumerations by value, times in UTC."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        # A secret that the cut would halve is still masked whole.
        value = masked(value[: TEXT_LIMIT + 4_096])
        return value if len(value) <= TEXT_LIMIT else value[: TEXT_LIMIT - 1] + "…"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        if len(value) == 2 and isinstance(value[0], str) and secret_header(value[0]):
            return [value[0], masked_header(str(value[1]))]
        return [plain(item) for item in value]
    raise TypeError(f"a verdict holds a {type(value).__name__}")


def verdict_of(told: Mapping[str, Any]) -> Verdict:
    """The verdict that `plain` made this of; unknown fields of later versions are left out.

    Raises:
        KeyError: something is missing.
        TypeError: it is of another shape.
        ValueError: a word is unknown.
    """
    emitter = told["emitter"]
    return Verdict(
        subject=str(told["subject"]),
        outcome=Outcome(told["outcome"]),
        status=told["status"],
        variant=told["variant"],
        emitter=_made(Emitter, emitter) if emitter else None,
        side=Side(told["side"]) if told["side"] else None,
        hop=Hop(told["hop"]) if told["hop"] else None,
        determined=bool(told["determined"]),
        causes=tuple(_made(RankedCause, item, hop=Hop) for item in told["causes"]),
        observations=tuple(_observation(item) for item in told["observations"]),
        next=tuple(_made(NextTest, item, who=Who) for item in told["next"]),
        steps=tuple(_made(Step, item, who=Who, risk=Risk) for item in told["steps"]),
        elapsed_s=float(told["elapsed_s"]),
        complete=bool(told["complete"]),
        made=tuple(_made(Made, item) for item in told.get("made", ())),
    )


def _made(kind: Any, item: Mapping[str, Any], **words: Callable[[Any], object]) -> Any:
    """A dataclass of its plain form; lists become tuples, `words` enumerations."""
    known = {field.name for field in fields(kind)}
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in item.items() if key in known}
    return kind(**given | {key: word(given[key]) for key, word in words.items()})


def _observation(item: Mapping[str, Any]) -> Observation:
    at = datetime.fromisoformat(item["at"]) if item["at"] else None
    value = {str(key): frozen(held) for key, held in dict(item["value"]).items()}
    return Observation(Hop(item["hop"]), str(item["name"]), value, item["source"], at, item["id"])
