"""The server put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from badgateway.knowledge.base import Knowledge, knowledge
from badgateway.probes import probes
from badgateway.web import api, pages
from badgateway.web import known as known_pages
from badgateway.web.checks import Checks
from badgateway.web.guard import Guard
from badgateway.web.history import History
from badgateway.web.rates import Rates
from badgateway.web.settings import Settings
from badgateway.web.shown import Shown
from badgateway.web.site import Site


def application(settings: Settings, known: Knowledge | None = None) -> Starlette:
    """A server that is set up so. What the first check would have to load is loaded now.

    Raises:
        OSError: the history cannot be written.
        sqlite3.Error: the history is none.
    """
    known = known or knowledge()
    probes()
    history = History(settings.history) if settings.history else None
    checks = Checks(settings, known, history)
    shown = Shown(checks, public=settings.public, history=history is not None)
    site = Site(settings, checks, history, Rates(settings.per_minute), shown)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await checks.close()
        if history is not None:
            history.close()

    static = StaticFiles(directory=str(files("badgateway.web").joinpath("static")))
    app = Starlette(
        routes=[
            *pages.routes(site),
            *known_pages.routes(),
            Mount("/api/v1", routes=api.routes(), name="api"),
            Mount("/static", static, name="static"),
        ],
        middleware=[Middleware(Guard, settings=settings)],
        exception_handlers={
            HTTPException: _wrong,
            api.RefusedError: _wrong,
            Exception: _wrong,
        },
        lifespan=lifespan,
    )
    app.state.site = site
    return app


async def _wrong(request: Request, error: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return api.wrong(request, error)
    return await pages.wrong(request, error)
