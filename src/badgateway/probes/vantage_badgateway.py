"""What does another badgateway see? One that serves as a vantage: `--via badgateway+https://HOST/`.

It is told the URL and makes a check of its own; what it says about its own end of the way (its
resolver, its network) says nothing of the site.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response
from badgateway.model.target import Target, target_of
from badgateway.model.vantage import Vantage, VantageKind
from badgateway.model.verdict import Outcome
from badgateway.probes import WALKED, Context, Cost, ended
from badgateway.transport.api import Reply, call
from badgateway.transport.failures import TransportError

AFTER = WALKED
GIVES = ("told-elsewhere", "vantage-answer", "vantage-no-answer", "vantage-failed")
COST = Cost(seconds=2.0, requests=1, third_party=True, named=True)

PATH = "api/v1/check"


def wanted(about: Observation, context: Context) -> str | None:
    """Once for the page, when the way to it has ended here and the person named a vantage."""
    named = context.vantages(VantageKind.BADGATEWAY)
    return "badgateway" if named and ended(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask each of them for a check, one after the other."""
    target = target_of(about.text("url"))
    for vantage in context.vantages(VantageKind.BADGATEWAY):
        yield seen(
            Hop.DEVICE,
            "told-elsewhere",
            f"badgateway:{vantage.shown}",
            whom=vantage.shown,
            what=(f"to check {target.url}",),
        )
        yield await _asked(vantage, target, context)


async def _asked(vantage: Vantage, target: Target, context: Context) -> Observation:
    assert vantage.api is not None
    api = vantage.api.at(vantage.api.path + PATH)
    try:
        reply = await call(
            api, context.seconds_left(), {"url": target.url}, vantage.key, context.proxy
        )
    except TransportError as error:
        return _failed(vantage, str(error))
    if reply.status != 200 or not isinstance(reply.data, dict):
        return _failed(vantage, _why(reply))
    return _told(vantage, target, reply.data)


def _why(reply: Reply) -> str:
    help_ = {
        401: "; it wants a key, or another one (see docs/vantages.md)",
        403: "; it does not let this key check this URL",
        404: "; is its address right?",
        429: f"; it has been asked too often, wait {reply.wait_s or 60} s",
    }.get(reply.status, "")
    error = reply.data.get("error") if isinstance(reply.data, dict) else None
    said = error.get("message") if isinstance(error, dict) else None
    return f"it answers {reply.status}{f': {said}'[:200] if said else ''}{help_}"


def _told(vantage: Vantage, target: Target, verdict: Mapping[str, Any]) -> Observation:
    """What its verdict says of the site; nothing where its own end is at fault."""
    outcome, status = verdict.get("outcome"), verdict.get("status")
    if outcome not in [each.value for each in Outcome] or outcome == Outcome.NONE:
        return _failed(vantage, "what it answers is no verdict on a page")
    own = verdict.get("side") == Side.VISITOR
    if own or (verdict.get("side") == Side.PATH and outcome == Outcome.OTHER_ERROR):
        return _failed(vantage, "it finds the fault at its own end")
    said = {"by": VantageKind.BADGATEWAY.value, "where": vantage.shown, "url": target.url}
    source = f"badgateway:{vantage.shown}"
    page = _page(verdict, status)
    if isinstance(status, int) and not isinstance(status, bool):
        response = page or Response(status)
        return seen(
            Hop.GATEWAY, "vantage-answer", source, **said, **response.value(), outcome=outcome
        )
    broken = _named(verdict, "way-broken")
    if outcome != Outcome.UNREACHABLE or broken.get("online") is not True:
        return _failed(vantage, "it could reach nothing else either")
    return seen(
        Hop.NETWORK,
        "vantage-no-answer",
        source,
        **said,
        failure=str(broken.get("failure") or "")[:100],
    )


def _page(verdict: Mapping[str, Any], status: object) -> Response | None:
    """The answer that its verdict is about."""
    found = _named(verdict, "http-response", status=status)
    headers = found.get("headers")
    pairs = headers if isinstance(headers, list) else []
    value = {**found, "headers": tuple(tuple(p) for p in pairs if isinstance(p, list))}
    return Response.of(value) if found else None


def _named(verdict: Mapping[str, Any], name: str, **having: object) -> dict[str, Any]:
    """The value of the first observation of a name; empty where it has none."""
    observations = verdict.get("observations")
    for o in observations if isinstance(observations, list) else []:
        value = o.get("value") if isinstance(o, dict) and o.get("name") == name else None
        if isinstance(value, dict) and all(value.get(key) == v for key, v in having.items()):
            return value
    return {}


def _failed(vantage: Vantage, detail: str) -> Observation:
    where = vantage.shown
    return seen(Hop.DEVICE, "vantage-failed", f"badgateway:{where}", where=where, detail=detail)
