"""Whom does the site's security.txt name?

RFC 9116: a text at `/.well-known/security.txt`, over HTTPS, with one `Contact` field or more. It is
meant for reports of vulnerabilities, and often the only address that a site publishes. Only where
contacts were asked for.
"""

from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response
from badgateway.model.target import Endpoint, Target, target_of
from badgateway.probes import Context, Cost
from badgateway.transport.failures import TransportError
from badgateway.transport.fetch import fetch

AFTER = ("asked",)
GIVES = ("contact",)
COST = Cost(seconds=0.3, requests=1, named=True)

SECONDS = 6.0
MOST = 10
_LONGEST = 32_768
"""Characters that are read: RFC 9116 5.4 lets a parser stop at 32 KiB."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each host, where contacts were asked for."""
    target = target_of(about.text("url"))
    return target.host if context.wishes.contacts and not target.literal else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Fetch it and state each contact, in its order of preference."""
    target = target_of(about.text("url"))
    there = place_of(target)
    try:
        found, response = await fetch(
            there,
            min(SECONDS, context.seconds_left()),
            "text/plain",
            context.proxy,
            _instead(context.wishes.connect_to, there),
        )
    except TransportError:
        return
    if not is_one(response):
        return
    ends = expires(response.body)
    for address in contacts(response.body):
        yield seen(
            Hop.GATEWAY,
            "contact",
            found.url,
            host=target.host,
            kind="security",
            address=address,
            via="security.txt",
            whose="site",
            expired=ends is not None and ends < datetime.now(UTC),
        )


def place_of(target: Target) -> Target:
    """Where the file of a site stands; over plain HTTP only where the site has nothing else."""
    usual = target.tls or target.port == 80
    text = f"https://{target.host}/" if usual and not target.tls else target.url
    return target_of(text).at("/.well-known/security.txt")


def _instead(endpoint: Endpoint | None, there: Target) -> tuple[str, int] | None:
    return (endpoint.host, endpoint.port or there.port) if endpoint else None


def is_one(response: Response) -> bool:
    """Whether an answer is such a text: many sites answer any path with a page."""
    kind = (response.header("content-type") or "text/plain").partition(";")[0].strip().lower()
    return response.status == 200 and kind == "text/plain"


def contacts(text: str) -> list[str]:
    """The addresses of the Contact fields: mail addresses, telephone numbers and web addresses."""
    found: dict[str, None] = {}
    for name, value in _fields(text):
        scheme, colon, rest = value.partition(":")
        if name != "contact" or not colon or any(c.isspace() for c in value):
            continue
        if scheme.lower() == "mailto":
            found.setdefault(rest.partition("?")[0])
        elif scheme.lower() in ("https", "tel"):
            found.setdefault(value)
    return [address for address in found if address][:MOST]


def expires(text: str) -> datetime | None:
    """When it goes out of date; None where it does not say so readably."""
    value = next((value for name, value in _fields(text) if name == "expires"), "")
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for line in text[:_LONGEST].splitlines():
        name, colon, value = line.partition(":")
        if colon and len(line) <= 1_000 and not line.startswith("#"):
            yield name.strip().lower(), value.strip()
