"""The browser: what it shows against what the site answers.

Only where the site answers well does a difference say something of the browser; where the site
fails for programs too, what the browser keeps is no more than a remark.
"""

from collections.abc import Iterator

from badgateway.inference.compare.evidence import failures, final_url, pages, stated, warned
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

SHOWS = ("browser-shows", "browser-fails")
_ASKED = ("as-browser", "as-browser-failed")
_BLOCKED = frozenset({"ERR_BLOCKED_BY_CLIENT", "ERR_BLOCKED_BY_ADMINISTRATOR"})
"""An extension, or a policy of the machine, forbade the request (net_error_list.h)."""
_TOO_OLD = frozenset(
    {
        "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
        "ERR_SSL_OBSOLETE_CIPHER",
        "ERR_SSL_OBSOLETE_VERSION",
    }
)
"""Browser and site agree on no version or cipher of TLS."""
_BUSY = frozenset({"TIMED_OUT", "ERR_ABORTED"})
"""What says more of this machine's load than of the page."""


def browser(evidence: Evidence) -> Iterator[Observation]:
    """What the browser makes of a page that the site gives to programs."""
    plain = _plain(evidence)
    if plain is None:
        return
    own, clean = _visits(evidence, "own"), _visits(evidence, "clean")
    if own:
        yield from _own(own, clean, plain, evidence)
    elif clean:
        yield from _clean(clean, plain)
        if not any(_bad(visit, plain) for visit in clean):
            yield from _read(plain, evidence)
    else:
        yield from _read(plain, evidence)


def programs_refused(evidence: Evidence) -> Iterator[Observation]:
    """The site refuses programs and gives browsers the page, every time it was asked."""
    refused = [o for o in pages(evidence) if 400 <= _status(o) < 500]
    if not refused or len(refused) < len(pages(evidence)):
        return
    url = final_url(evidence)
    about = [o for o in evidence.named(*SHOWS, *_ASKED, "as-program") if o.text("url") == url]
    real = [o for o in about if o.name in SHOWS and o.text("by") == "site"]
    programs = [o for o in about if o.name == "as-program"]
    # The answer to a real browser settles it; one that only asks alike must be asked in turns.
    browsers = real or [o for o in about if o.name in _ASKED]
    given = [o for o in browsers if 0 < _status(o) < 400]
    in_turns = bool(real or programs) and all(_status(o) >= 400 for o in programs)
    if given and len(given) == len(browsers) and in_turns:
        yield stated(
            Hop.EDGE,
            "programs-refused",
            [*refused, *browsers, *programs],
            url=url,
            status=refused[0].value.get("status"),
            other=given[0].value.get("status"),
        )


def _plain(evidence: Evidence) -> Observation | None:
    """The site's own answer where it is a good one, whole and safe."""
    found = pages(evidence)
    if not found or failures(evidence) or warned(evidence):
        return None
    return found[0] if all(_status(o) < 400 for o in found) else None


def _status(observation: Observation) -> int:
    return int(observation.number("status") or 0)


def _visits(evidence: Evidence, profile: str) -> list[Observation]:
    told = evidence.named(*SHOWS)
    return [o for o in told if o.text("profile") == profile and o.text("error") not in _BUSY]


def _bad(visit: Observation, plain: Observation) -> bool:
    return visit.name == "browser-fails" or (
        _status(visit) >= 400 and _status(visit) != _status(plain)
    )


def _own(
    own: list[Observation], clean: list[Observation], plain: Observation, evidence: Evidence
) -> Iterator[Observation]:
    """With the person's profile: all visits must say the same, for a site may fail now and then."""
    if not all(_bad(visit, plain) for visit in own):
        return
    visit = own[-1]
    if visit.text("by") == "worker":
        yield _told("shown-by-worker", visit, plain, detail="opened")
    elif visit.text("by") == "cache":
        yield _told("shown-from-cache", visit, plain, detail="opened")
    elif visit.text("error") in _BLOCKED:
        rules = [
            o for o in evidence.named("extension-blocks") if o.text("url") == final_url(evidence)
        ]
        whose = [visit.text("error"), *(o.text("title") for o in rules)]
        yield _told("blocked-in-browser", visit, plain, detail=", ".join(whose))
    elif visit.text("error") in _TOO_OLD:
        yield _told("browser-too-old", visit, plain)
    elif (decides := _cookies(plain, evidence)) and _status(decides) == _status(visit):
        yield decides
    elif clean and not any(_bad(other, plain) for other in clean):
        yield decides or _told("own-profile-fails", visit, plain)
    elif clean:
        yield from _clean(clean, plain)


def _clean(clean: list[Observation], plain: Observation) -> Iterator[Observation]:
    if not all(_bad(visit, plain) for visit in clean):
        return
    visit = clean[-1]
    name = "browser-too-old" if visit.text("error") in _TOO_OLD else "browser-alone-fails"
    yield _told(name, visit, plain)


def _read(plain: Observation, evidence: Evidence) -> Iterator[Observation]:
    """Without opening the page: what the profile holds that would be shown in the site's place."""
    url = final_url(evidence)
    mine = [
        o
        for o in evidence.named("extension-blocks", "worker-keeps", "browser-cached")
        if o.text("url") == url
    ]
    for found in mine:
        failed = _status(found) >= 400
        # Where a worker answers, it is the worker that asks the cache, or does not.
        unasked = (found.number("fresh_for") or 0) > 0 and not evidence.first("browser-worker")
        if found.name == "extension-blocks":
            yield _told("blocked-in-browser", found, plain, detail=found.text("title"))
        elif found.name == "worker-keeps" and failed:
            yield _told("shown-by-worker", found, plain, detail="stored")
        elif found.name == "browser-cached" and failed and unasked:
            yield _told("shown-from-cache", found, plain, detail="stored")
    if (decides := _cookies(plain, evidence)) is not None:
        yield decides


def _cookies(plain: Observation, evidence: Evidence) -> Observation | None:
    """Large cookies fail, every time, and small ones do not."""
    url = plain.text("url")
    tried = [o for o in evidence.named("sized-answer", "sized-failed") if o.text("url") == url]
    sizes = {int(o.number("size") or 0) for o in tried}
    if len(sizes) < 2:
        return None
    large, small = max(sizes), min(sizes)
    fails = {size: [_fails(o) for o in tried if o.number("size") == size] for size in sizes}
    if not all(fails[large]) or any(fails[small]) or len(fails[large]) < 2:
        return None
    shown = next((o.value.get("status") for o in tried if o.number("size") == large), None)
    return stated(
        Hop.BROWSER,
        "cookie-size-decides",
        [plain, *tried],
        url=url,
        size=large,
        status=shown,
        plain=plain.value.get("status"),
    )


def _fails(tried: Observation) -> bool:
    return tried.name == "sized-failed" or _status(tried) >= 400


def _told(name: str, found: Observation, plain: Observation, **more: object) -> Observation:
    status = found.value.get("status")
    return stated(
        Hop.BROWSER,
        name,
        [found, plain],
        browser=found.text("browser"),
        version=found.text("version"),
        url=plain.text("url"),
        status=status,
        error=found.text("error"),
        shown=found.text("error") or str(status),
        plain=plain.value.get("status"),
        **more,
    )
