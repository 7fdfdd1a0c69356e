"""What was seen: one frozen statement per observation, and the growing set of them.

An observation never judges. A step that was not reached has no observation at all, which is
different from a step that failed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias

from badgateway.model.hop import Hop

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | Mapping[str, Value] | None"

_NOTHING: Mapping[str, Value] = MappingProxyType({})


def frozen(value: object) -> Value:
    """Turn plain JSON data into its immutable form; raises `TypeError` for anything else."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return MappingProxyType({str(key): frozen(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    raise TypeError(f"an observation cannot hold a {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that was seen.

    Attributes:
        hop: where in the chain it was seen.
        name: what was seen, a word of `observations/*.toml`.
        value: the particulars, JSON data; times are seconds, sizes bytes.
        source: where a reader of the verdict can see it himself (`tcp:192.0.2.1:443`,
            `nginx-error-log:/var/log/nginx/error.log:8812`).
        at: when it happened, with a zone; None where the source does not say.
        id: `o1`, `o2` …, given by the `Evidence` that holds it; empty before.
    """

    hop: Hop
    name: str
    value: Mapping[str, Value] = field(default_factory=lambda: _NOTHING)
    source: str = ""
    at: datetime | None = None
    id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", frozen(self.value))

    def text(self, key: str) -> str:
        """The value under `key` as text; empty where it is missing or null."""
        found = self.value.get(key)
        return "" if found is None else str(found)

    def number(self, key: str) -> float | None:
        """The value under `key` as a number; None where it is missing or none."""
        found = self.value.get(key)
        return None if isinstance(found, bool) or not isinstance(found, int | float) else found

    def items(self, key: str) -> tuple[Value, ...]:
        """The list under `key`; empty where it is missing."""
        found = self.value.get(key)
        return found if isinstance(found, tuple) else ()


def seen(hop: Hop, name: str, source: str, /, **value: object) -> Observation:
    """An observation made now."""
    return Observation(
        hop, name, {key: frozen(item) for key, item in value.items()}, source, datetime.now(UTC)
    )


class Evidence:
    """The observations of one investigation, in the order they came, each with its id."""

    def __init__(self, observations: Iterable[Observation] = ()) -> None:
        self._all: list[Observation] = []
        self._by_name: dict[str, list[Observation]] = {}
        self._ids: set[str] = set()
        for observation in observations:
            self.add(observation)

    def add(self, observation: Observation) -> Observation:
        """Keep `observation` and return it with its id."""
        if not observation.id or observation.id in self._ids:
            number = len(self._all) + 1
            while f"o{number}" in self._ids:
                number += 1
            observation = replace(observation, id=f"o{number}")
        self._ids.add(observation.id)
        self._all.append(observation)
        self._by_name.setdefault(observation.name, []).append(observation)
        return observation

    def named(self, *names: str) -> list[Observation]:
        """All observations with one of these names, in order of `names`, then of arrival."""
        return [found for name in names for found in self._by_name.get(name, ())]

    def first(self, *names: str) -> Observation | None:
        """The first observation with one of these names, or None."""
        return next(iter(self.named(*names)), None)

    def __iter__(self) -> Iterator[Observation]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
