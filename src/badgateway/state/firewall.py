"""The rules of nft's tables that drop or reject, as `nft -j` prints them (libnftables-json(5))."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from badgateway.model.machine import Rule
from badgateway.state.place import Place
from badgateway.transport.command import output_of

_MOST = 2_000
"""Rules that are looked at."""
_IGNORED = frozenset({"counter", "log", "comment"})


def rules_of(place: Place) -> Iterator[Rule]:
    """The rules of a place that let something not through."""
    text = output_of((*place.entered("--net"), "nft", "-j", "list", "ruleset"))
    try:
        items = json.loads(text or "{}").get("nftables", [])
    except (ValueError, AttributeError):
        return
    hooks: dict[tuple[str, str, str], str] = {}
    for item in items[:_MOST]:
        chain, rule = item.get("chain"), item.get("rule")
        if isinstance(chain, dict) and chain.get("hook"):
            hooks[_key(chain, "name")] = str(chain["hook"])
        elif isinstance(rule, dict):
            hook = hooks.get(_key(rule, "chain"), "")
            if hook and (found := _rule(rule, hook, place.holder)) is not None:
                yield found


def _key(item: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    """A chain's family, table and name; empty where they are not told."""
    return str(item.get("family", "")), str(item.get("table", "")), str(item.get(name, ""))


def _rule(rule: Mapping[str, Any], hook: str, holder: int) -> Rule | None:
    expressions = [each for each in rule.get("expr", []) if isinstance(each, dict)]
    if not any("drop" in each or "reject" in each for each in expressions):
        return None
    saddr = daddr = protocol = ""
    ports: tuple[int, ...] = ()
    more = False
    for each in expressions:
        match = each.get("match")
        if match is None:
            more |= not each.keys() & {"drop", "reject", *_IGNORED}
            continue
        left, right = match.get("left", {}), match.get("right")
        payload = left.get("payload", {}) if isinstance(left, dict) else {}
        name = payload.get("field", "")
        if match.get("op") not in ("==", "in"):
            more = True
        elif name == "saddr" and isinstance(right, str):
            saddr = right
        elif name == "daddr" and isinstance(right, str):
            daddr = right
        elif name == "dport" and (found := _numbers(right)):
            protocol, ports = str(payload.get("protocol", "")), found
        elif not (isinstance(left, dict) and left.get("meta", {}).get("key") == "l4proto"):
            more = True
    return Rule(
        *_key(rule, "chain"), hook, saddr, daddr, protocol, ports, more,
        holder,
    )  # fmt: skip


def _numbers(right: object) -> tuple[int, ...]:
    items = right.get("set", []) if isinstance(right, dict) else [right]
    return tuple(item for item in items if isinstance(item, int))
