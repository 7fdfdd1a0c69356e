"""A Dask cluster (extra `cluster`): the same scan where the logs are, pieces given out again.

A piece whose worker dies is given to another one; a result counts once, by its piece's place.
"""

from collections.abc import Iterator

from badgateway.logs.engines import EngineError, Result, Work
from badgateway.logs.source import STDIN, Piece

_WAIT = "20s"


class Dask:
    """The workers behind a scheduler."""

    def __init__(self, address: str) -> None:
        """Args: address: HOST:PORT of the scheduler.

        Raises:
            EngineError: it does not answer, or the extra is not installed.
        """
        try:
            from distributed import Client  # noqa: PLC0415
        except ImportError:
            raise EngineError(
                "a Dask cluster needs more: pip install 'badgateway[cluster]'"
            ) from None
        try:
            self._client = Client(f"tcp://{address}", timeout=_WAIT, set_as_default=False)
        except OSError:
            raise EngineError(
                "no Dask scheduler answers at {address}; start one: dask scheduler", address=address
            ) from None
        self.workers = max(1, sum(self._client.nthreads().values()))

    def each(self, work: Work[Result], pieces: list[Piece]) -> Iterator[tuple[int, Result]]:
        """The result of every piece exactly once, with its place, as they come.

        Raises:
            OSError: a worker cannot read a log.
            EngineError: a piece failed on several workers one after another.
        """
        from distributed import as_completed  # noqa: PLC0415
        from distributed.scheduler import KilledWorker  # noqa: PLC0415

        if any(piece.log.name == STDIN for piece in pieces):
            raise EngineError("standard input cannot be sent to a cluster; name files instead")
        sent = {
            self._client.submit(work, piece, pure=False, retries=2): number
            for number, piece in enumerate(pieces)
        }
        try:
            for future in as_completed(list(sent), loop=self._client.loop):
                number = sent.pop(future, None)
                if number is not None:
                    yield number, future.result()
                    future.release()
        except KilledWorker as error:
            raise EngineError("workers died one after another: {why}", why=error) from None

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()
