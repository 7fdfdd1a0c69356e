"""The interface for programs: the contract's verdict as JSON, events as a stream.

Another instance uses it as a vantage: `POST /api/v1/check` with `{"url": …}` and the shared key.
"""

import asyncio
import contextlib
import hmac
import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from badgateway.model.material import Material, material_of
from badgateway.model.message import Message, sentence
from badgateway.model.target import TargetError
from badgateway.report.json import plain, verdict_json
from badgateway.web.asked import MOST_FILES, RateError, admit, pasted, target
from badgateway.web.checks import Check
from badgateway.web.language import words_for
from badgateway.web.openapi import document
from badgateway.web.runs import FullError, State
from badgateway.web.shown import problem
from badgateway.web.site import site_of
from badgateway.web.stream import stream

_ASKED_AGAIN = 0.5
"""Seconds between two looks whether who asked is still there."""
_CODES = {400: "bad-request", 401: "key-missing", 404: "not-found", 405: "method-not-allowed"}


class RefusedError(Exception):
    """A request that is not granted; becomes a JSON answer."""

    def __init__(
        self, message: Message | str, status: int, code: str, retry: int | None = None
    ) -> None:
        super().__init__(str(message))
        self.status, self.code, self.retry = status, code, retry
        self.message = message if isinstance(message, Message) else Message(message)


async def check(request: Request) -> Response:
    """Check a page. Answers with the verdict; with `"wait": false` at once, with where to look."""
    site, told = site_of(request), await _told(request)
    try:
        asked = target(told.get("url"))
        if not site.settings.key:
            admit(request, site.rates)
        found = site.checks.page(asked)
    except TargetError as error:
        raise RefusedError(error.message, 400, "bad-url") from error
    except (RateError, FullError) as error:
        raise _busy(error) from error
    return await _answer(request, found, wait=told.get("wait", True) is not False)


async def explain(request: Request) -> Response:
    """Explain texts: `{"text": …}`, or `{"materials": [{"name": …, "text": …}, …]}`."""
    site, told = site_of(request), await _told(request)
    found = _materials(told)
    if not found:
        raise RefusedError("give a 'text', or 'materials' with texts", 400, "nothing-to-read")
    try:
        if not site.settings.key:
            admit(request, site.rates)
        asked = site.checks.material(found)
    except (RateError, FullError) as error:
        raise _busy(error) from error
    return await _answer(request, asked, wait=told.get("wait", True) is not False)


async def one(request: Request) -> Response:
    """Where a check stands, with its verdict once there is one."""
    found = _found(request)
    if found.run is not None:
        found.run.touch()
    return JSONResponse(_standing(request, found))


async def events(request: Request) -> Response:
    """The same as a stream of events; the last one holds the verdict."""
    return stream(_found(request), site_of(request).shown, words_for(request), verdict=True)


async def openapi(_: Request) -> Response:
    """The description of this interface."""
    return JSONResponse(document())


def wrong(request: Request, error: Exception) -> Response:
    """An answer for what went wrong."""
    words = words_for(request)
    if isinstance(error, RefusedError):
        headers = {"Retry-After": str(error.retry)} if error.retry is not None else None
        told = {"code": error.code, "message": words.message(error.message)}
        return JSONResponse({"error": told}, error.status, headers)
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = (
        error.detail if isinstance(error, HTTPException) else words.say("a bug of this program")
    )
    told = {"code": _CODES.get(status, "broken"), "message": detail}
    return JSONResponse({"error": told}, status)


def _key(request: Request) -> None:
    """Raises: RefusedError: a key is set, and it was not shown."""
    key = site_of(request).settings.key
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(shown.strip().encode(), key.encode())
    if key and (scheme.lower() != "bearer" or not right):
        raise RefusedError("send the shared key: 'Authorization: Bearer KEY'", 401, "key-missing")


async def _told(request: Request) -> dict[str, Any]:
    _key(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError("send JSON, with 'Content-Type: application/json'", 415, "not-json")
    try:
        told = json.loads(await request.body())
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise RefusedError("the body is no JSON object", 400, "bad-json")
    return told


def _materials(told: dict[str, Any]) -> list[Material]:
    listed = told.get("materials")
    items = listed[:MOST_FILES] if isinstance(listed, list) else []
    return pasted(told.get("text")) + [
        material_of(str(item.get("name", "material"))[:200], item["text"])
        for item in items
        if isinstance(item, dict) and isinstance(item.get("text"), str)
    ]


def _busy(error: RateError | FullError) -> RefusedError:
    if isinstance(error, RateError):
        says = sentence("too many checks within a minute; ask again in {seconds} s")
        message = Message(says, {"seconds": error.seconds})
        return RefusedError(message, 429, "too-many", error.seconds)
    return RefusedError("too many are waiting; ask again in a minute", 503, "queue-full", 60)


def _found(request: Request) -> Check:
    _key(request)
    found = site_of(request).checks.find(request.path_params["id"])
    if found is None:
        raise RefusedError("no such check; they are kept for a while only", 404, "not-found")
    return found


async def _answer(request: Request, check: Check, *, wait: bool) -> Response:
    if not wait:
        return JSONResponse(_standing(request, check), 202)
    assert check.run is not None
    ended = asyncio.ensure_future(check.run.end())
    try:
        while not ended.done():
            await asyncio.wait([ended], timeout=_ASKED_AGAIN)
            if not ended.done() and await request.is_disconnected():
                return Response(status_code=204)
    finally:
        ended.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ended
    if check.verdict is not None:
        return Response(verdict_json(check.verdict), media_type="application/json")
    why = problem(check, words_for(request))
    if check.state is State.REFUSED:
        raise RefusedError(why, 403, "not-looked-at")
    raise RefusedError(why, 500, "no-verdict")


def _standing(request: Request, check: Check) -> dict[str, object]:
    words, base = words_for(request), f"/api/v1/checks/{check.id}"
    return {
        "id": check.id,
        "state": check.state.value,
        "place": check.run.place if check.run else 0,
        "problem": problem(check, words) or None,
        "verdict": plain(check.verdict) if check.verdict else None,
        "links": {
            "self": words.to(base),
            "events": words.to(f"{base}/events"),
            "page": words.to(f"/checks/{check.id}"),
        },
    }


def routes() -> list[Route]:
    """Everything below /api/v1."""
    return [
        Route("/check", check, methods=["POST"]),
        Route("/explain", explain, methods=["POST"]),
        Route("/checks/{id}", one),
        Route("/checks/{id}/events", events),
        Route("/openapi.json", openapi),
    ]
