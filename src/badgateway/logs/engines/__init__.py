"""Who scans the pieces of logs: this machine's processors, or a cluster."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from badgateway.logs.source import Piece
from badgateway.model.message import SpokenError

Result = TypeVar("Result")
Work = Callable[[Piece], Result]


class EngineError(SpokenError):
    """The engine that was asked for cannot be had; the message says what would help."""


class Engine(Protocol):
    """Runs the same work on many pieces."""

    workers: int
    """How many pieces are worked on at once."""

    def each(self, work: Work[Result], pieces: list[Piece]) -> Iterator[tuple[int, Result]]:
        """The result of every piece exactly once, with its place, as they come.

        Raises:
            OSError: a log cannot be read.
            EngineError: the engine broke down for good.
        """

    def close(self) -> None:
        """Let go of what it holds."""


def engine_of(address: str | None, jobs: int | None = None) -> Engine:
    """The engine at an address (`dask://HOST:PORT`); this machine where there is none.

    Raises:
        EngineError: nobody knows such an address, or what it needs is not installed.
    """
    if address is None:
        from badgateway.logs.engines.local import Local  # noqa: PLC0415

        return Local(jobs)
    scheme, _, place = address.partition("://")
    if scheme != "dask" or not place:
        raise EngineError(
            "no engine is known at '{address}'; write dask://HOST:PORT", address=address
        )
    from badgateway.logs.engines.dask import Dask  # noqa: PLC0415

    return Dask(place)
