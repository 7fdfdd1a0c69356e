"""What does another machine of the person's see? By ssh, with curl there: `--via ssh://HOST`.

Logging in must work without a question (a key, a host that is known). Where curl gets no answer
it asks for a page that has nothing to do with the site: if that fails too, the machine's own
network is at fault, and nothing is said of the site.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response, response_from_text
from badgateway.model.target import Target, target_of
from badgateway.model.vantage import Vantage, VantageKind
from badgateway.probes import CONTROL_URL, WALKED, Context, Cost, ended, side_by_side
from badgateway.transport.failures import TransportError
from badgateway.transport.ssh import CurlRun, curl, curl_settings
from badgateway.transport.walk import REQUEST_HEADERS

AFTER = WALKED
GIVES = ("told-elsewhere", "vantage-answer", "vantage-no-answer", "vantage-failed")
COST = Cost(seconds=1.5, requests=1, third_party=True, named=True)

SECONDS = 15.0
FAILURES = {
    6: Failure.NAME_LOOKUP_FAILED,
    7: Failure.CONNECT_REFUSED,
    18: Failure.ANSWER_CUT_SHORT,
    28: Failure.ANSWER_TIMEOUT,
    35: Failure.TLS_BROKEN,
    52: Failure.ANSWER_NONE,
    56: Failure.ANSWER_RESET,
    60: Failure.TLS_CERTIFICATE,
}
"""curl's exit statuses that tell of the way to the site (https://curl.se/docs/manpage.html).
7 is any connection that cannot be made; curl's own words stand beside it."""
HEADERS = [(name, value) for name, value in REQUEST_HEADERS if name != "Accept-Encoding"]
"""As our own request, but uncompressed: not every curl can undo it."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once, when the way to the page has ended here and the person named a machine."""
    named = context.vantages(VantageKind.SSH)
    return "ssh" if named and ended(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Log in to all of them side by side."""
    target = target_of(about.text("url"))
    vantages = context.vantages(VantageKind.SSH)
    for vantage in vantages:
        yield seen(
            Hop.DEVICE,
            "told-elsewhere",
            f"ssh:{vantage.shown}",
            whom=vantage.shown,
            what=(f"to GET {target.url}",),
        )
    with side_by_side(_asked(vantage, target, context) for vantage in vantages) as answers:
        for answer in answers:
            yield await answer


async def _asked(vantage: Vantage, target: Target, context: Context) -> Observation:
    try:
        ran = await _curl(vantage, target.url, context)
        response = _response(ran)
        control = None
        if response is None and ran.status in FAILURES:
            control = await _curl(vantage, CONTROL_URL, context)
    except TransportError as error:
        return _failed(vantage, str(error))
    said = {"by": VantageKind.SSH.value, "where": vantage.shown, "url": target.url}
    source = f"ssh:{vantage.shown}"
    if response is not None:
        return seen(Hop.GATEWAY, "vantage-answer", source, **said, **response.value())
    if control is None:
        return _failed(vantage, _why(ran))
    if _response(control) is None:
        return _failed(vantage, "it reaches nothing else either")
    return seen(
        Hop.NETWORK,
        "vantage-no-answer",
        source,
        **said,
        failure=FAILURES[ran.status].value,
        detail=" ".join(ran.errors.split())[:300],
    )


async def _curl(vantage: Vantage, url: str, context: Context) -> CurlRun:
    seconds = min(SECONDS, context.seconds_left())
    settings = curl_settings(url, HEADERS, max(1, int(seconds) - 1))
    return await curl(vantage, settings, seconds)


def _response(ran: CurlRun) -> Response | None:
    """The answer in curl's output, interim ones skipped; None where there is none."""
    text = ran.output.decode("latin-1")
    while True:
        found = response_from_text(text)
        if found.status is None:
            return None
        if found.status >= 200:
            break
        text = found.body
    body = found.body.encode("latin-1").decode("utf-8", "replace")
    return Response(found.status, found.reason, found.headers, body, None, found.protocol)


def _why(ran: CurlRun) -> str:
    """Why nothing was learned of the site, and what would help."""
    said = " ".join(ran.errors.split())[:200]
    if ran.status == 255:
        return f"ssh: {said or 'no connection'}; `ssh` to it must work without a question"
    if ran.status in (126, 127):
        return "curl is not installed there"
    return f"curl ended with status {ran.status}: {said}"


def _failed(vantage: Vantage, detail: str) -> Observation:
    where = vantage.shown
    return seen(Hop.DEVICE, "vantage-failed", f"ssh:{where}", where=where, detail=detail)
