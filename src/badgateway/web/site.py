"""What all requests of one server share."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from badgateway.web.checks import Checks
from badgateway.web.history import History
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
