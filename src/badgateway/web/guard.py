"""Who may speak to this server, and what browsers may do with what it says.

A hostile page in the same browser can send requests to a local server. It cannot set the Host
header (so a name of its own that leads here shows), it cannot hide its Origin where something is
changed, and browsers say for whom they fetch (`Sec-Fetch-Site`).
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from badgateway.report.words import sentence
from badgateway.transport.peer import account_at
from badgateway.web.language import Spoken, words_for
from badgateway.web.settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers then send the Origin of our own forms as `null` (Fetch, 3.2).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
_SAFE = ("GET", "HEAD")


class _TooLargeError(Exception):
    """The body is longer than it may be."""


class Guard:
    """Middleware in front of everything."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.hosts
        self._accounts = settings.accounts
        self._port = settings.port
        self._limit = settings.body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    told.setdefault(name, value)
                told.setdefault("Cache-Control", "no-store")
            await send(message)

        if refusal := self._stranger(scope) or self._refusal(scope, headers):
            await refusal(scope, receive, sending)
            return
        received = 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise _TooLargeError
            return message

        try:
            await self._app(scope, receiving, sending)
        except _TooLargeError:
            await self._too_large(scope)(scope, receive, sending)

    def _stranger(self, scope: Scope) -> PlainTextResponse | None:
        """Somebody else on the same machine, where the system tells."""
        if not self._accounts or not scope.get("client"):
            return None
        address, port = scope["client"]
        account = account_at(address, port, self._port)
        if account is None or account in self._accounts:
            return None
        return _said(scope, 403, sentence("This page belongs to another user of this machine."))

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        """Why this request is not served; None where it is."""
        host = headers.get("host", "")
        if self._hosts and host.lower() not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            says = sentence("This page is served under {names} only.")
            return _said(scope, 421, says, names=names)
        foreign = headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        if scope["method"] in _SAFE:
            if foreign and headers.get("sec-fetch-mode") != "navigate":
                return _said(scope, 403, sentence("Other sites may not read this page."))
            return None
        origin = headers.get("origin")
        if foreign or (origin is not None and _place(origin) != host.lower()):
            return _said(scope, 403, sentence("Other sites may not change anything here."))
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._limit:
            return self._too_large(scope)
        return None

    def _too_large(self, scope: Scope) -> PlainTextResponse:
        limit = _words(scope).count(self._limit)
        return _said(scope, 413, sentence("This is more than {limit} bytes."), limit=limit)


def _said(scope: Scope, status: int, says: str, **values: object) -> PlainTextResponse:
    """A refusal in the language of who asks."""
    return PlainTextResponse(_words(scope).say(says, **values) + "\n", status)


def _words(scope: Scope) -> Spoken:
    return words_for(Request(scope))


def _place(origin: str) -> str:
    """Host and port of an origin; empty for `null` and for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
