"""The closed vocabulary of failures, shared by both sides.

A visitor's `ECONNREFUSED` and nginx's "(111: Connection refused)" are the same word. Each word is
the name of an observation too. After OONI's df-007 and RFC 9209's error types.
"""

from enum import StrEnum


class Failure(StrEnum):
    """How one step failed; the member's value is the observation's name."""

    # finding the address
    NAME_UNKNOWN = "name-unknown"
    NAME_WITHOUT_ADDRESS = "name-without-address"
    NAME_LOOKUP_FAILED = "name-lookup-failed"
    NAME_LOOKUP_TIMEOUT = "name-lookup-timeout"
    # connecting
    CONNECT_REFUSED = "connect-refused"
    CONNECT_TIMEOUT = "connect-timeout"
    CONNECT_RESET = "connect-reset"
    NO_ROUTE = "no-route"
    LOCALLY_DENIED = "locally-denied"
    NO_LOCAL_ADDRESS = "no-local-address"
    OUT_OF_FILES = "out-of-files"
    # TLS
    TLS_NOT_SPOKEN = "tls-not-spoken"
    TLS_REFUSED = "tls-refused"
    TLS_CLOSED = "tls-closed"
    TLS_TIMEOUT = "tls-timeout"
    TLS_CERTIFICATE = "tls-certificate-invalid"
    TLS_BROKEN = "tls-broken"
    # the answer
    ANSWER_NONE = "answer-none"
    ANSWER_TIMEOUT = "answer-timeout"
    ANSWER_RESET = "answer-reset"
    ANSWER_MALFORMED = "answer-malformed"
    ANSWER_CUT_SHORT = "answer-cut-short"
    ANSWER_HEAD_TOO_LARGE = "answer-head-too-large"
    # a proxy of the visitor's own
    PROXY_REFUSED = "proxy-refused"
    PROXY_BROKEN = "proxy-broken"
    # a connection that this program itself does not make for strangers
    OUT_OF_REACH = "out-of-reach"
    # anything else, with its text kept
    UNKNOWN = "failed-otherwise"


NAMING = tuple(failure for failure in Failure if failure.value.startswith("name-"))
"""Failures to find the address."""
CONNECTING = (
    Failure.CONNECT_REFUSED,
    Failure.CONNECT_TIMEOUT,
    Failure.CONNECT_RESET,
    Failure.NO_ROUTE,
    Failure.LOCALLY_DENIED,
    Failure.NO_LOCAL_ADDRESS,
    Failure.OUT_OF_FILES,
    Failure.UNKNOWN,
)
"""Failures to connect."""
SECURING = tuple(failure for failure in Failure if failure.value.startswith("tls-"))
"""Failures of the TLS handshake."""
ANSWERING = tuple(failure for failure in Failure if failure.value.startswith("answer-"))
"""Failures to answer a request that arrived."""
PROXYING = (Failure.PROXY_REFUSED, Failure.PROXY_BROKEN)
"""Failures of a proxy of the visitor's own."""
