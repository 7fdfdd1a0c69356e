"""Do this machine's proxy settings send programs another way, and does that way work?

Browsers and most programs follow them; this check goes straight unless `--proxy` says otherwise.
Where `https_proxy` and its like, or the settings of GNOME, KDE, Windows or macOS, name a proxy for
the page, the page is asked for through it once. Where they name a script instead (PAC), it is
fetched and asked, as browsers do; that needs the extra `pac`.
"""

from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import TargetError, target_of
from badgateway.probes import Context, Cost
from badgateway.transport.desktop import Chosen, chosen_for, may_name_a_proxy, text_of
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.fetch import fetch
from badgateway.transport.own_network import source_address
from badgateway.transport.pac import SCRIPT_LIMIT, address_of_name, chosen
from badgateway.transport.proxy import Proxy, proxy_of
from badgateway.transport.system import in_thread, resolve
from badgateway.transport.walk import Walk, Way

AFTER = ("asked",)
GIVES = (
    "proxy-set",
    "proxied-answer",
    "proxied-failed",
    "proxy-script",
    "proxy-script-failed",
    "extra-missing",
)
COST = Cost(seconds=0.2, requests=1)

SECONDS = 5.0


def wanted(about: Observation, context: Context) -> str | None:
    """Where the environment or the system may name a proxy and the person named none."""
    if context.proxy is not None or context.wishes.connect_to:
        return None
    return "settings" if may_name_a_proxy() else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Find the proxy of this URL and go through it."""
    target = context.target
    found = await in_thread(lambda: chosen_for(target.tls, target.host))
    if found is None:
        return
    setting, text = found.setting, found.proxy
    if found.script:
        told_by_script = await _script(found, context)
        yield told_by_script
        text = told_by_script.text("proxy")
    try:
        proxy = proxy_of(text)
    except TargetError:
        return
    told = {"url": target.url, "proxy": proxy.shown, "setting": setting}
    yield seen(Hop.DEVICE, "proxy-set", f"setting:{setting}", **told)
    seconds = min(SECONDS, context.seconds_left())
    try:
        async with limit(seconds, Failure.NAME_LOOKUP_TIMEOUT):
            address = (await resolve(proxy.host, proxy.port)).addresses[0]
    except TransportError as error:
        yield seen(Hop.EXIT, "proxied-failed", proxy.shown, **told, failure=error.failure.value)
        return
    yield await _asked(context, proxy, address, told, seconds)


async def _script(found: Chosen, context: Context) -> Observation:
    """What the script chooses for the page; like browsers, the direct way where it fails."""
    told = {"script": found.script, "setting": found.setting, "url": context.target.url}
    source = f"setting:{found.setting}"
    try:
        script = await _fetched(found.script, min(SECONDS, context.seconds_left()))
        target = context.target
        # Browsers keep the path of an https page from the script.
        shown = f"https://{target.authority}/" if target.tls else target.url
        mine = await in_thread(lambda: source_address("198.51.100.1"))
        proxy = await in_thread(
            lambda: chosen(script, shown, target.host, mine or "127.0.0.1", address_of_name)
        )
    except ImportError:
        what = f"the proxy script {found.script}"
        return seen(Hop.DEVICE, "extra-missing", source, what=what, extra="pac")
    except (TransportError, TargetError) as error:
        return seen(Hop.DEVICE, "proxy-script-failed", source, **told, detail=str(error))
    return seen(Hop.DEVICE, "proxy-script", source, **told, proxy=proxy or "")


async def _fetched(url: str, seconds: float) -> str:
    """The text of a script at http, https or on this machine."""
    if url.lower().startswith("file:"):
        path = Path(url2pathname(urlsplit(url).path))
        try:
            return await in_thread(lambda: text_of(path, SCRIPT_LIMIT))
        except OSError as error:
            raise TransportError(Failure.UNKNOWN, f"{path}: {error.strerror}") from error
    _, response = await fetch(target_of(url, guess=False), seconds)
    if response.status != 200:
        raise TransportError(Failure.UNKNOWN, f"{url} answers {response.status}")
    return response.body


async def _asked(
    context: Context, proxy: Proxy, address: str, told: dict[str, str], seconds: float
) -> Observation:
    walk = Walk(Way(context.target, address, proxy.port, proxy), seconds)
    last = await walk.last("proxied")
    if last is not None and last.value.get("what") == "proxied" and last.name == "http-response":
        return seen(
            Hop.EXIT,
            "proxied-answer",
            last.source,
            **told,
            status=last.value.get("status"),
            headers=last.value.get("headers"),
        )
    own = last is not None and last.name == "http-response"
    return seen(
        Hop.EXIT,
        "proxied-failed",
        proxy.shown,
        **told,
        failure=Failure.PROXY_REFUSED.value if own or last is None else last.name,
        status=last.value.get("status") if own and last is not None else None,
    )
