"""A verdict back from its JSON, as another run of this program printed it.

Whoever hands it over may have written anything: names that are no words of the vocabulary, and
values of the wrong kind, are left out or refused.
"""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from badgateway.model.hop import Hop, Side
from badgateway.model.recorded import observation_of
from badgateway.model.verdict import (
    SCHEMA,
    Emitter,
    Made,
    NextTest,
    Outcome,
    RankedCause,
    Verdict,
    Who,
)
from badgateway.model.vocabulary import vocabulary

E = TypeVar("E", bound=Enum)
LIMIT = 64 * 1024 * 1024
"""Characters that are read."""
_MOST = 20_000


class RecordError(ValueError):
    """A text that is no verdict. The message says what would be one."""


def verdict_of(text: str) -> Verdict:
    """The verdict that a JSON text holds; its steps are not taken over, they are advice.

    Raises:
        RecordError: it is no JSON, or no verdict of this version.
    """
    if len(text) > LIMIT:
        raise RecordError("the verdict is larger than 64 MiB")
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise RecordError(f"no verdict: {error}; write one with --json") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise RecordError(f"no verdict of this version ({SCHEMA}); write one with --json")
    outcome = _one_of(Outcome, data.get("outcome"))
    if outcome is None:
        raise RecordError("a verdict without an outcome; write one with --json")
    return Verdict(
        subject=_text(data.get("subject"), 8_192),
        outcome=outcome,
        status=_status(data.get("status")),
        variant=_text(data.get("variant"), 60) or None,
        emitter=_emitter(data.get("emitter")),
        side=_one_of(Side, data.get("side")),
        hop=_one_of(Hop, data.get("hop")),
        determined=data.get("determined") is True,
        causes=tuple(filter(None, map(_cause, _tables(data.get("causes"))))),
        observations=tuple(filter(None, map(observation_of, _tables(data.get("observations"))))),
        next=tuple(filter(None, map(_next, _tables(data.get("next"))))),
        elapsed_s=_number(data.get("elapsed_s")) or 0.0,
        complete=data.get("complete") is not False,
        made=tuple(map(_made, _tables(data.get("made")))),
    )


def _tables(value: object) -> list[Mapping[str, Any]]:
    return (
        [item for item in value[:_MOST] if isinstance(item, dict)]
        if isinstance(value, list)
        else []
    )


def _text(value: object, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _status(value: object) -> int | None:
    return value if isinstance(value, int) and 100 <= value <= 999 else None


def _one_of(kind: type[E], value: object) -> E | None:
    try:
        return kind(value)
    except ValueError:
        return None


def _ids(value: object) -> tuple[str, ...]:
    return tuple(_text(item, 20) for item in value[:_MOST]) if isinstance(value, list) else ()


def _emitter(value: object) -> Emitter | None:
    if not isinstance(value, dict) or not (name := _text(value.get("name"), 60)):
        return None
    share = min(1.0, max(0.0, _number(value.get("probability")) or 0.0))
    return Emitter(
        name, _text(value.get("version"), 60) or None, _ids(value.get("relayed_by")), share
    )


def _cause(item: Mapping[str, Any]) -> RankedCause | None:
    word = vocabulary().causes.get(_text(item.get("cause"), 60))
    if word is None:
        return None
    share = min(1.0, max(0.0, _number(item.get("probability")) or 0.0))
    return RankedCause(
        word.name, word.hop, share, _ids(item.get("because")), _ids(item.get("against"))
    )


def _next(item: Mapping[str, Any]) -> NextTest | None:
    who = _one_of(Who, item.get("who"))
    return NextTest(_text(item.get("test"), 60), who, _text(item.get("why"), 500)) if who else None


def _made(item: Mapping[str, Any]) -> Made:
    return Made(_text(item.get("test"), 60), _number(item.get("seconds")))
