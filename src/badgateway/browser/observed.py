"""What a profile holds about a page, as observations."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from badgateway.browser.find import found_profiles, profile_at
from badgateway.browser.freshness import fresh_for
from badgateway.browser.profile import Profile, ProfileError, ProfileReader
from badgateway.browser.read import reader_of
from badgateway.browser.rules import blocks
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import Target

AUTO = "auto"
"""The wish for the profile that was used last."""
LARGEST = 5
"""Cookies that are named."""


def observed(wish: str, target: Target, first: bool) -> Iterator[Observation]:
    """Everything that a profile holds about a page.

    Args:
        wish: the folder of a profile, or `auto`.
        target: the page.
        first: whether what does not depend on the page is told as well.
    """
    try:
        profile = profile_of(wish)
    except ProfileError as error:
        if first:
            yield seen(Hop.BROWSER, "profile-missing", f"profile:{wish}", detail=str(error))
        return
    yield from _read(profile, target, first)


def profile_of(wish: str) -> Profile:
    """The profile that is meant.

    Raises:
        ProfileError: there is none.
    """
    if wish != AUTO:
        return profile_at(Path(wish))
    found = found_profiles()
    if not found:
        raise ProfileError("none was found; give its folder: --browser-profile FOLDER")
    return found[0]


def _read(profile: Profile, target: Target, first: bool) -> Iterator[Observation]:
    reader = reader_of(profile)
    parts: list[tuple[str, Callable[[], Iterator[Observation]]]] = [
        ("cookies", lambda: _cookies(reader, profile, target)),
        ("service workers", lambda: _workers(reader, profile, target)),
        ("the cache", lambda: _cached(reader, profile, target)),
        ("extensions", lambda: _extensions(reader, profile, target, first)),
    ]
    if first:
        parts.append(("settings", lambda: _settings(reader, profile)))
        yield seen(
            Hop.BROWSER,
            "profile-found",
            f"profile:{profile.folder}",
            browser=profile.title,
            version=reader.version() or "?",
            folder=str(profile.folder),
        )
    for what, part in parts:
        try:
            yield from part()
        except (ProfileError, OSError) as error:
            yield unread(profile, what, str(error))


def unread(profile: Profile, what: str, detail: str) -> Observation:
    """That a part of a profile could not be read, or not be copied."""
    return seen(
        Hop.BROWSER,
        "profile-unread",
        f"profile:{profile.folder}",
        browser=profile.title,
        what=what,
        detail=detail,
    )


def _cookies(reader: ProfileReader, profile: Profile, target: Target) -> Iterator[Observation]:
    cookies = sorted(reader.cookies(target, time.time()), key=lambda c: (-c.size, c.name))
    if cookies:
        yield seen(
            Hop.BROWSER,
            "browser-cookies",
            f"profile:{profile.folder}:cookies",
            browser=profile.title,
            url=target.url,
            host=target.host,
            count=len(cookies),
            # As one header: each pair but the last with a semicolon and a space behind it.
            size=sum(c.size for c in cookies) + 2 * (len(cookies) - 1),
            largest=[{"name": c.name[:100], "size": c.size} for c in cookies[:LARGEST]],
        )


def _workers(reader: ProfileReader, profile: Profile, target: Target) -> Iterator[Observation]:
    about = {"browser": profile.title, "url": target.url}
    source = f"profile:{profile.folder}:service-worker"
    workers = reader.workers(target)
    for worker in workers[:LARGEST]:
        yield seen(
            Hop.BROWSER,
            "browser-worker",
            source,
            **about,
            scope=worker.scope[:500],
            script=worker.script[:500],
        )
    if workers:
        for status in reader.kept(target)[:LARGEST]:
            yield seen(Hop.BROWSER, "worker-keeps", source, **about, status=status)


def _cached(reader: ProfileReader, profile: Profile, target: Target) -> Iterator[Observation]:
    stored, now = reader.cached(target), time.time()
    if stored is not None:
        yield seen(
            Hop.BROWSER,
            "browser-cached",
            f"profile:{profile.cache}",
            browser=profile.title,
            url=target.url,
            status=stored.status,
            age=round(max(0.0, now - stored.at)) if stored.at else None,
            fresh_for=round(max(0.0, fresh_for(stored, now))),
        )


def _extensions(
    reader: ProfileReader, profile: Profile, target: Target, first: bool
) -> Iterator[Observation]:
    source = f"profile:{profile.folder}:extensions"
    for extension in reader.extensions():
        about = {"browser": profile.title, "title": extension.title[:100], "id": extension.id[:100]}
        if first:
            yield seen(
                Hop.BROWSER,
                "browser-extension",
                source,
                **about,
                version=extension.version[:40],
                powers=extension.powers,
                everywhere=extension.everywhere,
            )
        if blocks(extension, profile.folder / "DNR Extension Rules", target):
            yield seen(Hop.BROWSER, "extension-blocks", source, **about, url=target.url)


def _settings(reader: ProfileReader, profile: Profile) -> Iterator[Observation]:
    source, settings = f"profile:{profile.folder}:settings", reader.settings()
    if settings.proxy:
        yield seen(
            Hop.BROWSER, "browser-proxy", source, browser=profile.title, proxy=settings.proxy[:500]
        )
    if settings.dns:
        yield seen(
            Hop.BROWSER, "browser-dns", source, browser=profile.title, resolver=settings.dns[:500]
        )
