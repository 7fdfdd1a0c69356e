"""To whom a ticket goes: by what the verdict points to, and by who can be written to."""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation
from badgateway.model.verdict import Outcome, Verdict
from badgateway.model.vocabulary import vocabulary
from badgateway.report.safe import safe

_MAIL = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z][A-Za-z0-9-]{0,22}[A-Za-z0-9]"
)
"""Stricter than RFC 5322: what mail programs take without quotation, so that it cannot hold more
than one address or a further header."""
_PAGE = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::\d{1,5})?(?:/[A-Za-z0-9./_~%?=&+-]{0,400})?")
_NEUTRAL = frozenset({"outside", "browser", "reported"})
"""Themes of what anybody can see; every other one is only seen on the site's own machines."""


class To(StrEnum):
    """To whom."""

    SITE = "site"
    CDN = "cdn"
    HOST = "host"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One kind of recipient.

    Attributes:
        to: which.
        title: how he is called in a sentence.
        greeting: how the letter begins.
        owner: whether only who runs the site can write to him.
        hops: what he can mend.
        causes: causes that he can mend wherever they live.
        asks: what every letter to him asks.
    """

    to: To
    title: str
    greeting: str
    owner: bool
    hops: frozenset[Hop]
    causes: frozenset[str]
    asks: tuple[str, ...]


@cache
def recipients() -> dict[To, Recipient]:
    """All of them, the most special first.

    Raises:
        ValueError: `recipients.toml` names a hop or cause that does not exist.
    """
    table = tomllib.loads(
        files("badgateway.report.ticket").joinpath("recipients.toml").read_text("utf-8")
    )
    found = {}
    for to in (To.NETWORK, To.CDN, To.HOST, To.SITE):
        told = table[to]
        if unknown := set(told["causes"]) - set(vocabulary().causes):
            raise ValueError(f"recipients.toml: {min(unknown)} is no cause")
        found[to] = Recipient(
            to,
            told["title"],
            told["greeting"],
            told["owner"],
            frozenset(Hop(name) for name in told["hops"]),
            frozenset(told["causes"]),
            tuple(told["asks"]),
        )
    return found


def of_owner(verdict: Verdict) -> bool:
    """Whether it was made by somebody who sees the site's machines from inside."""
    words = vocabulary().observations
    return any(
        (word := words.get(o.name)) is not None and word.theme not in _NEUTRAL and not word.derived
        for o in verdict.observations
    )


def recipient_for(verdict: Verdict) -> Recipient | None:
    """Who can mend what the verdict points to.

    None where there is nobody to write to: nothing is broken, or it is the visitor's own device.
    """
    if verdict.outcome in (Outcome.HEALTHY, Outcome.NONE) or verdict.side is Side.VISITOR:
        return None
    owner = of_owner(verdict)
    first = verdict.causes[0].cause if verdict.causes else ""
    for each in recipients().values():
        if first in each.causes:
            return each
    for each in recipients().values():
        if verdict.hop in each.hops and (owner or not each.owner):
            return each
    return recipients()[To.HOST if owner else To.SITE]


@dataclass(frozen=True, slots=True)
class Contact:
    """Where to write.

    Attributes:
        mail: a mail address that is safe in a `mailto:`; empty for none.
        page: a page with a form or a list of contacts; empty for none.
        source: where it stands.
    """

    mail: str = ""
    page: str = ""
    source: str = ""


def contact_of(verdict: Verdict, to: To) -> Contact:
    """The best contact that was found: of the site, in the order of `_RANK`, a mail first.

    Hosts, CDNs and providers have customers, who know where their support is.
    """
    if to is not To.SITE:
        return Contact()
    named = [o for o in verdict.observations if o.name == "contact" and o.text("whose") == "site"]
    named = [o for o in named if o.text("kind") not in _NO_DESK and not o.value.get("expired")]
    found = [_contact(o) for o in sorted(named, key=lambda o: _RANK.get(o.text("via"), len(_RANK)))]
    found = [each for each in found if each.mail or each.page]
    return next((each for each in found if each.mail), found[0] if found else Contact())


_NO_DESK = frozenset({"status-page"})
"""Kinds of contacts that cannot be written to."""
_RANK = {"page": 0, "security.txt": 1, "RDAP": 2}
"""Who named it: the page itself names whom visitors shall write to."""


def _contact(observation: Observation) -> Contact:
    address = observation.text("address")[:1_000].strip().removeprefix("mailto:")
    source = safe(observation.source, 200)
    if _MAIL.fullmatch(address):
        return Contact(mail=address, source=source)
    return Contact(page=address, source=source) if _PAGE.fullmatch(address) else Contact()
