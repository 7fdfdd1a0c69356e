"""What all requests of one server share."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.responses import HTMLResponse

from badgateway.web.checks import Checks
from badgateway.web.history import History
from badgateway.web.language import words_for
from badgateway.web.rates import Rates
from badgateway.web.settings import Settings
from badgateway.web.shown import Shown


@dataclass(frozen=True, slots=True)
class Site:
    """One server."""

    settings: Settings
    checks: Checks
    history: History | None
    rates: Rates
    shown: Shown


def site_of(request: Request) -> Site:
    """The server that a request came to."""
    return cast("Site", request.app.state.site)


def page(
    request: Request,
    name: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    /,
    **values: object,
) -> HTMLResponse:
    """A whole page, in the language of who asks; `values` are what its template needs."""
    # A page that answers a form is not there for whoever only follows a link.
    here = request.url.path if request.method == "GET" and status == 200 else "/"
    text = site_of(request).shown.page(name, words_for(request), here=here, **values)
    return HTMLResponse(text, status, headers)
