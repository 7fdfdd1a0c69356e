"""Does a rule of an extension block a page? Static and dynamic rules of declarativeNetRequest.

https://developer.chrome.com/docs/extensions/reference/api/declarativeNetRequest: a rule without
`resourceTypes` leaves pages alone; the highest priority wins, and of equal ones the one that
allows. Rules with a regular expression are not run: they are written by others.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from badgateway.browser.copied import json_of, text_of, texts, within
from badgateway.browser.profile import Extension
from badgateway.model.target import Target

FILES = 100
RULES = 200_000
_ALLOWS = ("allow", "allowAllRequests")
_BLOCKS = ("block", "redirect")


def blocks(extension: Extension, dynamic: Path, target: Target) -> bool:
    """Whether a page is blocked, or diverted, by a rule that is read.

    Args:
        extension: the extension, with the folder that it is unpacked in.
        dynamic: the profile's folder `DNR Extension Rules`.
        target: the page.
    """
    best: tuple[int, bool] = (0, False)
    for number, rule in enumerate(_rules(extension, dynamic)):
        if number >= RULES:
            break
        kind = within(rule, "action", "type")
        if kind in (*_ALLOWS, *_BLOCKS) and _fits(within(rule, "condition") or {}, target):
            priority = within(rule, "priority")
            standing = (priority if isinstance(priority, int) else 1, kind in _ALLOWS)
            best = max(best, standing)
    return best > (0, False) and not best[1]


def _rules(extension: Extension, dynamic: Path) -> Iterator[Any]:
    files = [dynamic / extension.id / "rules.json"]
    if extension.folder is not None:
        manifest = json_of(extension.folder / "manifest.json")
        for told in within(manifest, "declarative_net_request", "rule_resources") or []:
            path = within(told, "path")
            if within(told, "enabled") and isinstance(path, str):
                files.append(extension.folder / path.lstrip("/"))
    for file in files[:FILES]:
        try:
            found = json.loads(text_of(file) or "[]")
        except (ValueError, RecursionError):
            continue
        yield from found if isinstance(found, list) else []


def _fits(condition: Any, target: Target) -> bool:
    if "main_frame" not in _list(condition, "resourceTypes") or "regexFilter" in condition:
        return False
    methods = _list(condition, "requestMethods")
    if methods and "get" not in methods:
        return False
    wanted, unwanted = (
        _list(condition, "requestDomains"),
        _list(condition, "excludedRequestDomains"),
    )
    if wanted and not any(_below(target.host, domain) for domain in wanted):
        return False
    if any(_below(target.host, domain) for domain in unwanted):
        return False
    if _list(condition, "initiatorDomains") or _list(condition, "domains"):
        return False  # a page that somebody opens himself has no initiator
    if condition.get("domainType") == "thirdParty":
        return False
    pattern = condition.get("urlFilter")
    if not isinstance(pattern, str):
        return True
    url = target.url
    if not condition.get("isUrlFilterCaseSensitive", False):
        pattern, url = pattern.lower(), url.lower()
    return url_fits(pattern, url)


def _list(condition: Any, key: str) -> list[str]:
    return texts(within(condition, key))


def _below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def url_fits(pattern: str, url: str) -> bool:
    """Whether a `urlFilter` fits a URL: `||` at a domain, `|` an end, `*` anything, `^` no letter.

    Time grows with the product of both lengths at most.
    """
    ends = pattern.endswith("|") and len(pattern) > 1
    pattern = pattern[:-1] if ends else pattern
    starts: list[int]
    if pattern.startswith("||"):
        pattern = pattern[2:]
        begin = url.find("://") + 3
        end = next((i for i in range(begin, len(url)) if url[i] in "/?#:"), len(url))
        starts = [begin, *(i + 1 for i in range(begin, end) if url[i] == ".")]
    elif pattern.startswith("|"):
        pattern, starts = pattern[1:], [0]
    else:
        starts = list(range(len(url) + 1))
    # The places in the URL that the pattern has led to so far, all at once.
    at = set(starts)
    for sign in pattern:
        if sign == "*":
            at = set(range(min(at), len(url) + 1)) if at else at
        elif sign == "^":
            at = {i + 1 for i in at if i < len(url) and _separates(url[i])} | (
                {len(url)} if len(url) in at else set()
            )
        else:
            at = {i + 1 for i in at if i < len(url) and url[i] == sign}
        if not at:
            return False
    return len(url) in at if ends else True


def _separates(sign: str) -> bool:
    return not (sign.isalnum() or sign in "_-.%")
