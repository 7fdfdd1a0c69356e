"""What a request asks for: a URL, pasted text and files, an answer; and whether it may."""

import asyncio
import math

from starlette.datastructures import UploadFile
from starlette.requests import Request

from badgateway.model.material import Material, material_of
from badgateway.model.target import URL_LIMIT, Target, target_of
from badgateway.transport.files import materials_in
from badgateway.web.rates import Rates

MOST_FILES = 20


class RateError(Exception):
    """This address asks too often.

    Attributes:
        seconds: after which it may ask again, whole.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = math.ceil(seconds)


def admit(request: Request, rates: Rates) -> None:
    """Count a check of whoever asks.

    Raises:
        RateError: there were too many.
    """
    address = request.client.host if request.client else ""
    if wait := rates.wait(address):
        raise RateError(wait)


def target(text: object) -> Target:
    """The URL that was asked for.

    Raises:
        TargetError: it is none, or cannot be checked.
    """
    return target_of(str(text or "")[: URL_LIMIT + 1])


async def fields(request: Request, *names: str) -> tuple[str, ...]:
    """What stands in these fields of a small form; empty where a field is missing."""
    async with request.form(max_files=0, max_fields=5) as form:
        return tuple(str(form.get(name) or "") for name in names)


def pasted(text: object) -> list[Material]:
    """What somebody pasted, if it is a text and holds anything."""
    return [material_of("pasted text", text)] if isinstance(text, str) and text.strip() else []


async def materials(request: Request, limit: int) -> list[Material]:
    """What was pasted and dropped into the form; empty where there was nothing.

    Args:
        request: the form.
        limit: bytes that a file may have when it is unpacked.

    Raises:
        UnpackError: a file cannot be unpacked, or is longer than that.
    """
    async with request.form(max_files=MOST_FILES, max_fields=20) as form:
        found = pasted(str(form.get("text") or ""))
        for file in form.getlist("files"):
            if isinstance(file, UploadFile) and file.filename:
                name, data = file.filename[:200], await file.read()
                found += await asyncio.to_thread(materials_in, name, data, limit)
        return found
