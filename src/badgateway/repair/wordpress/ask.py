"""One request to the site, with some parts left out of it alone."""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from badgateway.model.failure import Failure
from badgateway.model.observation import Observation
from badgateway.model.response import Response
from badgateway.model.target import Endpoint, Target, TargetError
from badgateway.repair.wordpress.switch import HEADER, SEEN
from badgateway.transport.failures import TransportError
from badgateway.transport.system import resolve
from badgateway.transport.walk import Walk, Way

FOLLOWED = 3
"""Redirects that are followed."""
_TEXT_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Fatal:
    """A fatal error as PHP told it."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        works: whether the page came, in time.
        how: status or failure, for people.
        seconds: how long it took.
        reached: whether the switch took part; None where nothing tells (no answer of PHP's).
        active: folders of the plugins that WordPress has switched on; None where it was not told.
        theme: names of the active theme; empty where not told.
        fatal: the fatal error that ended the request, None for none.
    """

    works: bool
    how: str
    seconds: float
    reached: bool | None
    active: frozenset[str] | None = None
    theme: str = ""
    fatal: Fatal | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """How the site is asked.

    Attributes:
        target: the page.
        connect_to: where to connect instead of the name's own address, None for there.
        limit: seconds after which a page is as bad as none.
        mark: what the switch's own reports begin with.
    """

    target: Target
    connect_to: Endpoint | None
    limit: float
    mark: str = field(repr=False, default="")


async def ask(page: Page, header: tuple[str, str] | None) -> Answer:
    """Ask for the page once, and follow its redirects.

    Raises:
        TargetError: the site's name has no address.
    """
    target = page.target
    seen: Observation | None = None
    spent = 0.0
    for _ in range(FOLLOWED + 1):
        seen = await _asked(page, _fresh(target), header)
        spent += (seen.number("wait_s") or 0.0) + (seen.number("read_s") or 0.0)
        response = Response.of(seen.value)
        location = response.header("location")
        if seen.name != "http-response" or response.status not in range(300, 400) or not location:
            break
        try:
            following = target.follow(location)
        except TargetError:
            break
        if following.host != target.host:
            break
        target = following
    assert seen is not None
    return _answer(page, seen, spent)


def _fresh(target: Target) -> Target:
    """The same page past every cache: nobody has asked for this address before."""
    joint = "&" if "?" in target.path else "?"
    return target.at(f"{target.path}{joint}badgateway={secrets.token_hex(6)}")


async def _asked(page: Page, target: Target, header: tuple[str, str] | None) -> Observation:
    there = page.connect_to
    host, port = (there.host, there.port or target.port) if there else (target.host, target.port)
    try:
        address = (await resolve(host, port)).addresses[0]
    except (TransportError, IndexError):
        raise TargetError(f"'{host}' has no address; try --connect-to 127.0.0.1") from None
    headers = (header,) if header else ()
    walk = Walk(Way(target, address, port, headers=headers), page.limit)
    last = await walk.last("page")
    assert last is not None
    return last


def _answer(page: Page, seen: Observation, spent: float) -> Answer:
    response = Response.of(seen.value)
    report = _report(response, page.mark)
    if seen.name != "http-response" or response.status is None:
        late = seen.name in (Failure.ANSWER_TIMEOUT, Failure.CONNECT_TIMEOUT)
        how = f"no answer within {page.limit:g} s" if late else seen.name.replace("-", " ")
        return Answer(False, how, spent, None)
    reached = response.header(HEADER) is not None
    fatal = _fatal(report)
    works = response.status < 500 and fatal is None and spent < page.limit
    how = f"{response.status}" if response.status >= 500 or works else "a fatal error"
    if response.status < 500 and spent >= page.limit:
        how = f"{spent:.1f} s"
    by_gateway = response.status in (502, 503, 504) and not reached
    return Answer(
        works,
        how,
        spent,
        None if by_gateway else reached,
        _active(report),
        _theme(report),
        fatal,
    )


def _report(response: Response, mark: str) -> Mapping[str, object]:
    """What the switch itself told of the request."""
    text = response.header(SEEN)
    if text is None:
        found = re.search(rf"<!--badgateway:{re.escape(mark)}:([A-Za-z0-9+/=]+)-->", response.body)
        text = found[1] if found else ""
    try:
        report = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def _active(report: Mapping[str, object]) -> frozenset[str] | None:
    lists = [report.get(name) for name in ("plugins", "network")]
    named = [entry for each in lists if isinstance(each, list) for entry in each]
    if not any(isinstance(each, list) for each in lists):
        return None
    return frozenset(str(entry).split("/")[0] for entry in named)


def _theme(report: Mapping[str, object]) -> str:
    names = (report.get("option_stylesheet"), report.get("option_template"))
    return ", ".join(dict.fromkeys(str(name)[:200] for name in names if name))


def _fatal(report: Mapping[str, object]) -> Fatal | None:
    told = report.get("fatal")
    if not isinstance(told, dict):
        return None
    line = told.get("line")
    return Fatal(
        str(told.get("file"))[:_TEXT_LIMIT],
        line if isinstance(line, int) else 0,
        str(told.get("message"))[:_TEXT_LIMIT],
    )
