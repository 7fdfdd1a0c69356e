"""Whom does the registry of the domain name?

RDAP (RFC 9082, RFC 9083): IANA's list says which registry keeps a top-level domain, and the
registry who can be written to: the registrar's desk for abuse nearly always, the owner where that
is public. IANA learns nothing of the site, the registry learns the domain. Only where contacts
were asked for.
"""

import json
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import Target, TargetError, target_of
from badgateway.probes import Context, Cost
from badgateway.transport.failures import TransportError
from badgateway.transport.fetch import fetch

AFTER = ("asked",)
GIVES = ("contact",)
COST = Cost(seconds=0.6, third_party=True, named=True)

BOOTSTRAP = "https://data.iana.org/rdap/dns.json"
"""RFC 9224: which registry keeps which top-level domain."""
SECONDS = 8.0
MOST = 10
_KINDS = {
    "abuse": "abuse",
    "technical": "technical",
    "administrative": "administrative",
    "registrant": "owner",
    "noc": "technical",
}
_MAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_DEEPEST = 4


def wanted(about: Observation, context: Context) -> str | None:
    """Once for a public name, where contacts were asked for."""
    target = target_of(about.text("url"))
    return target.host if context.wishes.contacts and target.public and not target.literal else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Find the registry, ask it for the domain, and state each contact once."""
    host = target_of(about.text("url")).host
    seconds = min(SECONDS, context.seconds_left())
    found = await _document(target_of(BOOTSTRAP), seconds, context)
    for place in places(host, found):
        told = await _document(place, min(SECONDS, context.seconds_left()), context)
        if not isinstance(told, Mapping) or not told.get("ldhName"):
            continue
        for kind, address, whose in list(dict.fromkeys(contacts(told)))[:MOST]:
            yield seen(
                Hop.ZONE,
                "contact",
                place.url,
                host=host,
                kind=kind,
                address=address,
                via="RDAP",
                whose=whose,
            )
        return


async def _document(target: Target, seconds: float, context: Context) -> object:
    """A JSON document; None where it cannot be had."""
    try:
        _, response = await fetch(
            target, seconds, "application/rdap+json, application/json", context.proxy
        )
        return json.loads(response.body) if response.status == 200 else None
    except (TransportError, ValueError, RecursionError):
        return None


def places(host: str, bootstrap: object) -> list[Target]:
    """Where to ask about a host: as a domain just below what the registry keeps, then deeper."""
    labels = host.split(".")
    services = bootstrap.get("services") if isinstance(bootstrap, Mapping) else None
    best, urls = 0, []
    for service in services if isinstance(services, list) else ():
        if not (isinstance(service, list) and len(service) == 2):
            continue
        for entry in service[0] if isinstance(service[0], list) else ():
            ending = str(entry).lower().split(".")
            if labels[-len(ending) :] == ending and len(ending) > best:
                best, urls = len(ending), service[1] if isinstance(service[1], list) else []
    base = next(iter(sorted(map(str, urls), key=lambda url: not url.startswith("https:"))), "")
    found = []
    for count in range(best + 1, min(best + 3, len(labels) + 1)):
        try:
            domain = ".".join(labels[-count:])
            found.append(target_of(f"{base.rstrip('/')}/domain/{domain}", guess=False))
        except TargetError:
            return []
    return found


def contacts(
    told: Mapping[str, object], whose: str = "site", depth: int = 0
) -> Iterator[tuple[str, str, str]]:
    """(kind, address, whose) of every entity of an answer, those inside others included."""
    entities = told.get("entities")
    for entity in entities if isinstance(entities, list) and depth < _DEEPEST else ():
        if not isinstance(entity, Mapping):
            continue
        given = entity.get("roles")
        roles = [str(role) for role in given] if isinstance(given, list) else []
        for role in roles:
            if role in _KINDS:
                for address in _addresses(entity.get("vcardArray")):
                    yield _KINDS[role], address, whose
        inner = "registrar" if "registrar" in roles else whose
        yield from contacts(entity, inner, depth + 1)


def _addresses(card: object) -> Iterator[str]:
    """Mail addresses, telephone numbers and contact pages of a jCard (RFC 7095, RFC 8605)."""
    if not (isinstance(card, list) and len(card) == 2 and isinstance(card[1], list)):
        return
    for field in card[1]:
        if not (isinstance(field, Sequence) and len(field) == 4 and isinstance(field[3], str)):
            continue
        name, value = field[0], field[3].strip()
        if name == "email" and _MAIL.fullmatch(value):
            yield value
        elif (name == "tel" and value and len(value) <= 60) or (
            name == "contact-uri" and value.startswith("https://") and len(value) <= 300
        ):
            yield value if name == "contact-uri" else f"tel:{value.removeprefix('tel:')}"
