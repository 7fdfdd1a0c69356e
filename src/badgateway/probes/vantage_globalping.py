"""What do other places of the world see? Globalping's probes ask for the page: `--via globalping`.

Its API (https://globalping.io/docs/api.globalping.io) is told the URL and what to ask; who knows
the number of the measurement can read it, answer included. GET, not its default HEAD, because
servers answer the two differently. A probe that got no answer asks for a page that has nothing to
do with the site: where that fails too, the probe is at fault and says nothing of the site.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from itertools import islice
from typing import Any

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import Target, target_of
from badgateway.model.vantage import Vantage, VantageKind
from badgateway.probes import CONTROL_URL, WALKED, Context, Cost, ended
from badgateway.transport.api import Reply, call
from badgateway.transport.failures import TransportError

AFTER = WALKED
GIVES = ("told-elsewhere", "vantage-answer", "vantage-no-answer", "vantage-failed")
COST = Cost(seconds=5.0, requests=3, third_party=True, named=True)

ANYWHERE = ({"magic": "world", "limit": 3},)
"""Where to ask from when no location is named."""
PAUSE = 0.5
"""Seconds between two looks at a measurement: the API's rule."""
LEAST, MOST = 5, 30
"""Seconds that a probe may be given, by the API's schema."""

Json = Mapping[str, Any]


def wanted(about: Observation, context: Context) -> str | None:
    """Once, when the way to the page has ended here, and the person named Globalping."""
    named = context.vantages(VantageKind.GLOBALPING)
    return "globalping" if named and ended(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask from all named places at once; then what those that got no answer see of a control."""
    target = target_of(about.text("url"))
    for vantage in context.vantages(VantageKind.GLOBALPING):
        if not target.public:
            detail = f"{target.host} is no public name, so nobody elsewhere was told of it"
            yield _failed(vantage.shown, detail)
            continue
        yield seen(
            Hop.DEVICE,
            "told-elsewhere",
            f"globalping:{vantage.shown}",
            whom=vantage.shown,
            what=(f"to GET {target.url}", f"from {', '.join(vantage.locations) or 'anywhere'}"),
        )
        try:
            async for observation in _Globalping(vantage, context).seen(target):
                yield observation
        except (TransportError, _RefusedError) as error:
            yield _failed(vantage.shown, str(error))


class _RefusedError(Exception):
    """The API does not do what was asked; the message says why and what would help."""


class _Globalping:
    """The API, for one check."""

    def __init__(self, vantage: Vantage, context: Context) -> None:
        assert vantage.api is not None
        self._vantage, self._context, self._api = vantage, context, vantage.api

    async def seen(self, target: Target) -> AsyncGenerator[Observation, None]:
        """What each probe saw of `target`."""
        locations = [{"magic": each, "limit": 1} for each in self._vantage.locations]
        number, results = await self._measured(target, locations or ANYWHERE)
        silent = [r for r in results if _result(r).get("status") == "failed" and not _own(r)]
        controls: Sequence[Json] = ()
        if silent:
            # The number in place of locations: the same probes, in the same order.
            _, controls = await self._measured(target_of(CONTROL_URL), number)
        for place, result in enumerate(results):
            control = controls[place] if place < len(controls) else None
            yield _told(result, control, target, number)

    async def _measured(
        self, target: Target, locations: Sequence[Json] | str
    ) -> tuple[str, Sequence[Json]]:
        """The number of a measurement, and its results once it has ended."""
        path, _, query = target.path.partition("?")
        options: dict[str, object] = {
            "protocol": "HTTPS" if target.tls else "HTTP",
            "port": target.port,
            "request": {"method": "GET", "path": path, "query": query},
        }
        if self._context.wishes.family and not target.literal:
            options["ipVersion"] = self._context.wishes.family
        asked = {
            "type": "http",
            "target": target.host,
            "locations": locations if isinstance(locations, str) else list(locations),
            "timeout": max(LEAST, min(MOST, int(self._context.seconds_left() / 2))),
            "measurementOptions": options,
        }
        made = await self._call("v1/measurements", asked)
        number = made.data.get("id") if isinstance(made.data, dict) else None
        if made.status != 202 or not isinstance(number, str) or not number.isalnum():
            raise _RefusedError(_why(made))
        while True:
            found = await self._call(f"v1/measurements/{number}")
            data = found.data
            if found.status != 200 or not isinstance(data, dict):
                raise _RefusedError(_why(found))
            if data.get("status") != "in-progress":
                results = data.get("results")
                results = results if isinstance(results, list) else []
                return number, [item for item in results if isinstance(item, dict)]
            await asyncio.sleep(PAUSE)

    async def _call(self, path: str, sent: object = None) -> Reply:
        target = self._api.at(self._api.path + path)
        context = self._context
        return await call(target, context.seconds_left(), sent, self._vantage.key, context.proxy)


def _why(reply: Reply) -> str:
    """Why the API did not do it, in its own words, and what would help."""
    error = reply.data.get("error") if isinstance(reply.data, dict) else None
    said = str(error.get("message"))[:200] if isinstance(error, dict) else "no reason given"
    help_ = ""
    if reply.status == 429:
        again = f" for {reply.wait_s} s" if reply.wait_s else ""
        help_ = f"; wait{again}, name fewer places, or give a key (see docs/vantages.md)"
    elif reply.status == 401:
        help_ = "; look at the key (see docs/vantages.md)"
    return f"the API answers {reply.status}: {said}{help_}"


def _told(result: Json, control: Json | None, target: Target, number: str) -> Observation:
    """What one probe saw; nothing of the site where the probe itself failed."""
    where, found = _place(result), _result(result)
    source = f"globalping:{number}:{where}"
    if found.get("status") == "finished" and isinstance(found.get("statusCode"), int):
        return seen(
            Hop.GATEWAY,
            "vantage-answer",
            source,
            by=VantageKind.GLOBALPING.value,
            where=where,
            url=target.url,
            status=found["statusCode"],
            reason=str(found.get("statusCodeName") or ""),
            headers=_headers(found.get("headers")),
            body=str(found.get("rawBody") or ""),
            address=str(found.get("resolvedAddress") or ""),
            protocol="HTTP/1.1",
        )
    detail = " ".join(str(found.get("rawOutput") or found.get("status") or "").split())[:300]
    if found.get("status") != "failed" or _own(result):
        return _failed(where, detail or "the probe itself failed")
    if control is None or _result(control).get("status") != "finished":
        return _failed(where, f"it reaches nothing else either, or was not asked: {detail}")
    return seen(
        Hop.NETWORK,
        "vantage-no-answer",
        source,
        by=VantageKind.GLOBALPING.value,
        where=where,
        url=target.url,
        failure=detail,
    )


def _own(result: Json) -> bool:
    """Whether the failure is one of the probe or of its resolver, and not of the target."""
    return _result(result).get("failureSource") in ("internal", "resolver")


def _result(item: Json) -> Json:
    found = item.get("result")
    return found if isinstance(found, dict) else {}


def _place(item: Json) -> str:
    """City, country and network of a probe, for people."""
    probe = item.get("probe")
    probe = probe if isinstance(probe, dict) else {}
    city = ", ".join(str(probe[key]) for key in ("city", "country") if probe.get(key))
    network = f" ({probe['network']})" if probe.get("network") else ""
    return f"{city or 'somewhere'}{network}"[:120]


def _headers(found: object) -> tuple[tuple[str, str], ...]:
    """Header pairs out of an object whose values are texts or lists of texts."""
    named = found.items() if isinstance(found, dict) else ()
    pairs = (
        (str(name), str(one))
        for name, value in named
        for one in (value if isinstance(value, list) else [value])
    )
    return tuple(islice(pairs, 200))


def _failed(where: str, detail: str) -> Observation:
    return seen(Hop.DEVICE, "vantage-failed", f"vantage:{where}", where=where, detail=detail)
