"""Does this network want a sign-in first? The pages by which systems themselves find that out.

Plain HTTP to pages that every Firefox, Android, Apple or Windows machine fetches by the thousand;
they name no site. Asked only when the way to the site has failed, or a public name leads to an
address of this network.
"""

from collections.abc import AsyncGenerator

from badgateway.model.address import inside
from badgateway.model.failure import CONNECTING, NAMING, SECURING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost, PortalCheck, nowhere, side_by_side, swept
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.system import resolve
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response", *NAMING, *CONNECTING, *SECURING)
GIVES = ("portal-check",)
COST = Cost(seconds=0.2, elsewhere=True, supporting=True)

SECONDS = 3.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once, when nothing could be reached or a public name leads inside."""
    if not context.portal_checks or context.proxy is not None or context.wishes.connect_to:
        return None
    if about.name == "http-response":
        failed = about.value.get("what") == "page" and (_inside(about) or swept(about, context))
    elif about.name in NAMING or about.name == Failure.TLS_CERTIFICATE:
        failed = True
    else:
        failed = nowhere(about, context)
    return "portal" if failed else None


def _inside(about: Observation) -> bool:
    """Whether a public name led to an address that is private or this machine's own."""
    target = target_of(about.text("url"))
    if target.literal or not target.public:
        return False
    return inside(about.text("address"))


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Fetch each page as the system would, and say whether it came as it should."""
    seconds = min(SECONDS, context.seconds_left())
    asked = [_one(check, seconds) for check in context.portal_checks]
    with side_by_side(asked) as answers:
        for answer in answers:
            if (found := await answer) is not None:
                yield found


async def _one(check: PortalCheck, seconds: float) -> Observation | None:
    target = target_of(check.url)
    try:
        async with limit(seconds, Failure.NAME_LOOKUP_TIMEOUT):
            addresses = (await resolve(target.host, target.port)).addresses
    except TransportError:
        return None
    last = await Walk(Way(target, addresses[0], target.port), seconds).last("portal")
    if last is None or last.name != "http-response":
        return None
    response = Response.of(last.value)
    genuine = response.status == check.status and check.body in response.body
    return seen(
        Hop.NETWORK,
        "portal-check",
        last.source,
        url=check.url,
        address=addresses[0],
        genuine=genuine,
        status=response.status,
        to=(response.header("location") or "")[:500],
    )
