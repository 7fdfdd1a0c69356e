"""This machine: one process for each processor, none at all where the logs are small."""

import ctypes
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from badgateway.logs.engines import EngineError, Result, Work
from badgateway.logs.source import STDIN, Piece

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""malloc.h: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD."""
_WORTH_IT = 24 * 1024 * 1024
"""Bytes from which on other processes are worth their start."""


def processors() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _keep_pages() -> None:
    """Keep memory that was given back: arrays of the same size come again, new pages cost time.

    Worth an eighth of the whole scan with glibc; elsewhere nothing changes.
    """
    if sys.platform == "linux":
        try:
            library = ctypes.CDLL(None)
            library.mallopt(_MMAP_THRESHOLD, 1 << 26)
            library.mallopt(_TRIM_THRESHOLD, 1 << 27)
        except (OSError, AttributeError):
            return


class Local:
    """Processes of this machine."""

    def __init__(self, jobs: int | None = None) -> None:
        """Args: jobs: processes; as many as there are processors where None."""
        self.workers = jobs or processors()
        self._pool: ProcessPoolExecutor | None = None

    def each(self, work: Work[Result], pieces: list[Piece]) -> Iterator[tuple[int, Result]]:
        """The result of every piece exactly once, with its place, as they come.

        Raises:
            OSError: a log cannot be read.
            EngineError: a process was killed, most often for want of memory.
        """
        sent: dict[Future[Result], int] = {}
        here: list[int] = []
        large = sum(piece.end - piece.start for piece in pieces) >= _WORTH_IT
        for number, piece in enumerate(pieces):
            if large and self.workers > 1 and len(pieces) > 1 and piece.log.name != STDIN:
                sent[self._started().submit(work, piece)] = number
            else:
                here.append(number)
        for number in here:
            yield number, work(pieces[number])
        try:
            for future in as_completed(sent):
                yield sent.pop(future), future.result()
        except BrokenProcessPool:
            raise EngineError(
                "a process of ours was killed, most often for want of memory; try --jobs 1"
            ) from None
        # A later work has processes of its own, which share what is loaded by then.
        self.close()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A fork is at once there; with threads at work it would not be safe.
            way = "fork" if os.name == "posix" and threading.active_count() == 1 else "spawn"
            context = multiprocessing.get_context(way)
            self._pool = ProcessPoolExecutor(self.workers, context, _keep_pages)
        return self._pool

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
