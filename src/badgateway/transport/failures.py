"""System errors become failure words, in one table."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from badgateway.model.failure import Failure


class TransportError(Exception):
    """One step failed. `failure` is the word for it, the message the system's own text."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(detail or failure.value)
        self.failure = failure
        self.detail = detail


_BY_ERRNO = {
    errno.ECONNREFUSED: Failure.CONNECT_REFUSED,
    errno.ETIMEDOUT: Failure.CONNECT_TIMEOUT,
    errno.ECONNRESET: Failure.CONNECT_RESET,
    errno.ECONNABORTED: Failure.CONNECT_RESET,
    errno.EPIPE: Failure.CONNECT_RESET,
    errno.EHOSTUNREACH: Failure.NO_ROUTE,
    errno.ENETUNREACH: Failure.NO_ROUTE,
    errno.EHOSTDOWN: Failure.NO_ROUTE,
    errno.ENETDOWN: Failure.NO_ROUTE,
    errno.EPERM: Failure.LOCALLY_DENIED,
    errno.EACCES: Failure.LOCALLY_DENIED,
    errno.EADDRNOTAVAIL: Failure.NO_LOCAL_ADDRESS,
    errno.EAFNOSUPPORT: Failure.NO_LOCAL_ADDRESS,
    errno.EMFILE: Failure.OUT_OF_FILES,
    errno.ENFILE: Failure.OUT_OF_FILES,
}


def failure_of(error: OSError) -> TransportError:
    """The failure that a system error stands for; unknown ones keep their text."""
    failure = _BY_ERRNO.get(error.errno or 0, Failure.UNKNOWN)
    text = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    return TransportError(failure, text)


@asynccontextmanager
async def limit(seconds: float, failure: Failure) -> AsyncIterator[None]:
    """Give what stands inside so many seconds; then it is `failure`.

    Raises:
        TransportError: the time ran out, or the system reported an error.
    """
    try:
        async with asyncio.timeout(max(seconds, 0)):
            yield
    except TimeoutError:
        raise TransportError(failure, f"nothing within {seconds:.3g} s") from None
    except OSError as error:
        raise failure_of(error) from error
