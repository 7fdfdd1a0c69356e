"""A rule of nft's, added before all others of its chain and found again by its comment."""

import json
from collections.abc import Iterator

from badgateway.model.plan import Opening, Words
from badgateway.transport.change import run


def insert(change: Opening) -> str:
    """Add the rule; returns what went wrong, empty if nothing."""
    words = ("insert", "rule", change.family, change.table, change.chain, *change.matches)
    done = run((*_into(change.holder), "nft", *words, "accept", "comment", f'"{change.mark}"'))
    return "" if done.status == 0 else done.output.strip() or "nft failed"


def delete(mark: str, holder: int) -> str:
    """Take away every rule with this comment; returns what went wrong, empty if nothing."""
    done = run((*_into(holder), "nft", "-j", "list", "ruleset"))
    if done.status != 0:
        return done.output.strip() or "nft failed"
    for family, table, chain, handle in _marked(done.output, mark):
        words = ("delete", "rule", family, table, chain, "handle", handle)
        done = run((*_into(holder), "nft", *words))
        if done.status != 0:
            return done.output.strip() or "nft failed"
    return ""


def _marked(text: str, mark: str) -> Iterator[tuple[str, str, str, str]]:
    try:
        items = json.loads(text).get("nftables", [])
    except ValueError:
        return
    for item in items:
        rule = item.get("rule")
        if rule and rule.get("comment") == mark:
            yield rule["family"], rule["table"], rule["chain"], str(rule["handle"])


def _into(holder: int) -> Words:
    return ("nsenter", "-t", str(holder), "--net", "--") if holder else ()
