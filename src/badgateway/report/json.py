"""The verdict as the contract's JSON: one object, ASCII only, so that no terminal can be harmed."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum

from badgateway.model.observation import Observation
from badgateway.model.secret import masked, masked_header, secret_header
from badgateway.model.verdict import (
    Verdict,
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
    if isinstance(value, Observation) and value.name == "contact":
        # Published so that people write to it: the one mail address that is nobody's secret.
        shown = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {**shown, "value": {**value.value, "address": value.text("address")[:1_000]}}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        if len(value) == 2 and isinstance(value[0], str) and secret_header(value[0]):
            return [value[0], masked_header(str(value[1]))]
        return [plain(item) for item in value]
    raise TypeError(f"a verdict holds a {type(value).__name__}")
