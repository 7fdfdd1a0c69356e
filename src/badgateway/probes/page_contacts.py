"""Whom does the error page itself name? Addresses, a support page, a status page.

Read from the page that came; nothing more is fetched.
"""

import re
from collections.abc import AsyncGenerator, Iterator
from urllib.parse import urlsplit

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import TargetError, target_of
from badgateway.probes import Context, Cost

AFTER = ("http-response",)
GIVES = ("contact",)
COST = Cost(seconds=0.001, supporting=True)

MOST = 6
_LOOKED_AT = 65_536
_MAIL = re.compile(
    r"(?<![A-Za-z0-9._%+@-])(?P<local>[A-Za-z0-9][A-Za-z0-9._%+-]{0,63})"
    r"@(?P<host>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5})"
)
_LINK = re.compile(r"\bhref\s{0,3}=\s{0,3}[\"']?(?P<url>[^\"'\s<>]{1,300})", re.IGNORECASE)
_STATUS_NAME = re.compile(
    r"(?<![A-Za-z0-9./@-])(?:https?://)?(?P<host>status\.[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4})",
    re.IGNORECASE,
)
_STATUS_HOSTS = ("statuspage.io", "instatus.com", "statuspal.io", "status.io", "hund.io")
"""Where status pages are kept for others."""
_STATUS_LABELS = ("status", "statuspage", "systemstatus")
_NO_ENDS = ("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "localdomain", "local")
_NOBODY = ("example.com", "example.org", "example.net", "domain.com", "yourdomain.com", "email.com")
"""Where the addresses of templates lead that nobody has filled in."""
_SUPPORT = re.compile(r"/(?:support|contact|contact-us|help|kontakt)(?:[/.?#]|$)", re.IGNORECASE)


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each page of the site that is an error."""
    status = about.value.get("status")
    if about.value.get("what") != "page" or not isinstance(status, int) or status < 400:
        return None
    return about.text("url")


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """State each of them once."""
    host = target_of(about.text("url")).host
    found = dict.fromkeys(named(about.text("body"), about.text("url")))
    for kind, address in list(found)[:MOST]:
        yield seen(
            Hop.GATEWAY,
            "contact",
            about.source,
            host=host,
            kind=kind,
            address=address,
            via="page",
            whose="site",
        )


def named(body: str, url: str) -> Iterator[tuple[str, str]]:
    """(kind, address) of everything that a page at `url` names."""
    body, site = body[:_LOOKED_AT], target_of(url)
    for mail in _MAIL.finditer(body):
        host = mail["host"].lower().rstrip(".")
        if (
            host.rpartition(".")[2] not in _NO_ENDS
            and host not in _NOBODY
            and not host[-1].isdigit()
        ):
            local = mail["local"].lower()
            kind = next(
                (word for word in ("abuse", "security") if local.startswith(word)), "support"
            )
            yield kind, f"{mail['local']}@{host}"
    for link in _LINK.finditer(body):
        try:
            there = site.follow(link["url"])
        except TargetError:
            continue
        if _is_status(there.host):
            yield "status-page", there.url
        elif _same_owner(there.host, site.host) and _SUPPORT.search(urlsplit(there.url).path):
            yield "support", there.url
    for name in _STATUS_NAME.finditer(body):
        if name["host"].lower() != site.host:
            yield "status-page", f"https://{name['host'].lower()}/"


def _is_status(host: str) -> bool:
    return host.split(".", maxsplit=1)[0] in _STATUS_LABELS or any(
        host.endswith("." + end) for end in _STATUS_HOSTS
    )


def _same_owner(there: str, here: str) -> bool:
    """Whether a host belongs to the site: itself, above it or below it."""
    return there == here or there.endswith("." + here) or here.endswith("." + there)
