"""The tables of a summary of logs, by minute."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from badgateway.logs.summary import Kind, Minute, Said, Summary

Name = TypeVar("Name")
Count = TypeVar("Count")


@dataclass(frozen=True)
class Minutes:
    """The tables of a summary, by minute."""

    summary: Summary

    @cached_property
    def failed(self) -> Mapping[Minute, list[tuple[Kind, int]]]:
        """Kinds of failed requests."""
        return _indexed(self.summary.failed)

    @cached_property
    def paths(self) -> Mapping[Minute, list[tuple[str, int]]]:
        """Paths of gateway errors."""
        return _indexed(self.summary.failed_paths)

    @cached_property
    def clients(self) -> Mapping[Minute, list[tuple[str, int]]]:
        """Who met them."""
        return _indexed(self.summary.failed_clients)

    @cached_property
    def limits(self) -> Mapping[Minute, list[tuple[int, int]]]:
        """How long they took, tenths of a second."""
        return _indexed(self.summary.limits)

    @cached_property
    def said(self) -> Mapping[Minute, list[tuple[Said, tuple[int, int]]]]:
        """What error logs say: how often, and the first second."""
        return _indexed(self.summary.said_minutes)


def _indexed(table: Mapping[tuple[Minute, Name], Count]) -> dict[Minute, list[tuple[Name, Count]]]:
    found: dict[Minute, list[tuple[Name, Count]]] = {}
    for (minute, name), count in table.items():
        found.setdefault(minute, []).append((name, count))
    return found


def added(
    table: Mapping[Minute, list[tuple[Name, int]]], minutes: Iterable[Minute]
) -> Counter[Name]:
    """The counts of several minutes together."""
    total: Counter[Name] = Counter()
    for minute in minutes:
        for name, count in table.get(minute, ()):
            total[name] += count
    return total
