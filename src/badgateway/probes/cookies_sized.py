"""Does the page fail because of the size of the cookies that the browser would send?

As many bytes in as many cookies, made up: the person's own never leave the machine. Where the
page fails with them it is asked for with small ones and with large ones once more, so that a
site that fails now and then is not taken for one that fails because of cookies.
"""

from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("browser-cookies", "http-response")
GIVES = ("sized-answer", "sized-failed")
COST = Cost(seconds=0.3, requests=3)

SECONDS = 6.0
MOST = 65_536
"""Bytes that are sent at the most: no server takes more."""
LEAST = 1_024
"""What is smaller breaks nothing."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once for a page, when both the answer without cookies and their size are known."""
    url = about.text("url")
    answer = _answer(url, context)
    cookies = _cookies(url, context)
    if answer is None or cookies is None or (cookies.number("size") or 0) < LEAST:
        return None
    status = answer.value.get("status")
    return url if isinstance(status, int) and status < 400 else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Large, and where that fails small and large again."""
    url = about.text("url")
    answer, cookies = _answer(url, context), _cookies(url, context)
    assert answer is not None
    assert cookies is not None
    count = int(cookies.number("count") or 1)
    size = min(int(cookies.number("size") or 0), MOST)
    for bytes_ in (size, 64, size):
        found = await _ask(answer, bytes_, min(count, bytes_ // 16), context)
        if found is None:
            return
        yield found
        status = found.value.get("status")
        if bytes_ == size and isinstance(status, int) and status < 400:
            return


def _answer(url: str, context: Context) -> Observation | None:
    answers = context.evidence.named("http-response")
    return next(
        (o for o in answers if o.text("url") == url and o.value.get("what") == "page"), None
    )


def _cookies(url: str, context: Context) -> Observation | None:
    told = context.evidence.named("browser-cookies")
    return next((o for o in told if o.text("url") == url), None)


async def _ask(answer: Observation, size: int, count: int, context: Context) -> Observation | None:
    target = target_of(answer.text("url"))
    port = int(answer.number("port") or 0)
    header = ("Cookie", made_up(size, count))
    way = Way(target, answer.text("address"), port, context.proxy, (header,))
    last = await Walk(way, min(SECONDS, context.seconds_left())).last("sized")
    if last is None:
        return None
    about = {"url": target.url, "size": size, "count": count}
    if last.name == "http-response":
        status = last.value.get("status")
        return seen(Hop.GATEWAY, "sized-answer", last.source, **about, status=status)
    return seen(Hop.GATEWAY, "sized-failed", last.source, **about, failure=last.name)


def made_up(size: int, count: int) -> str:
    """A Cookie header of `size` bytes in `count` cookies."""
    each, rest = divmod(size - 2 * (count - 1), count)
    sizes = [each + (1 if number < rest else 0) for number in range(count)]
    return "; ".join(f"made{number}=".ljust(long, "x") for number, long in enumerate(sizes))
