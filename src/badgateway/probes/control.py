"""Is it only this site? Places that have nothing to do with it, tried when the way has failed.

The public resolvers at port 443: their addresses need no name to be found, their certificates are
known, and a TLS handshake carries large packets both ways. Nothing that is sent names the site.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import ANSWERING, CONNECTING, NAMING, SECURING
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Control, Cost, nowhere, side_by_side, swept
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response", *NAMING, *CONNECTING, *SECURING, *ANSWERING)
GIVES = ("control-works", "control-fails")
COST = Cost(seconds=0.1, elsewhere=True, supporting=True)

PORT = 443
SECONDS = 3.0
MOST = 3


def wanted(about: Observation, context: Context) -> str | None:
    """Once, when nothing of the site could be reached, or every test is to be made."""
    if not context.controls or context.proxy is not None:
        return None
    failed = about.name in NAMING or nowhere(about, context)
    return "controls" if failed or swept(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Shake hands with one address of each operator, side by side."""
    chosen = {control.label: control for control in reversed(context.controls)}
    asked = [
        _one(control, min(SECONDS, context.seconds_left()))
        for control in list(chosen.values())[:MOST]
    ]
    with side_by_side(asked) as answers:
        for answer in answers:
            yield await answer


async def _one(control: Control, seconds: float) -> Observation:
    target = target_of(f"https://{control.host}/")
    walk = Walk(Way(target, control.address, PORT), seconds)
    found = [observation async for observation in walk.open(("http/1.1",))]
    walk.close()
    by_name = {o.name: o for o in found}
    value = {
        "label": control.label,
        "address": control.address,
        "connected": "connected" in by_name,
        "seconds": by_name["connected"].number("seconds") if "connected" in by_name else None,
    }
    wrong = next((o for o in found if o.name in {*CONNECTING, *SECURING}), None)
    if wrong is None:
        return seen(Hop.NETWORK, "control-works", walk.source, **value)
    return seen(
        Hop.NETWORK,
        "control-fails",
        walk.source,
        **value,
        failure=wrong.name,
        problems=wrong.items("problems"),
        issuer=wrong.text("issuer"),
        subject=wrong.text("subject"),
        unacknowledged=wrong.value.get("unacknowledged"),
    )
