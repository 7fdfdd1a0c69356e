"""A machine's packet filter, as `nft list ruleset`, `iptables-save` and `iptables -L -n` print it.

Only what drops or rejects is stated, with what it is restricted to: whether that stands in
somebody's way is for whoever knows the addresses (nft(8), iptables(8)).
"""

import re
from collections.abc import Iterator, Mapping

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "packet-filter"

_TABLE = re.compile(r"(?m)^table (?:ip6?|inet|arp|bridge|netdev) \S+ \{")
_SAVED = re.compile(r"(?m)^\*(?:filter|nat|mangle|raw)\s*$|^-A [\w-]+ .*-j [A-Z]+")
_LISTED = re.compile(r"(?m)^Chain \S+ \((?:policy [A-Z]+|\d+ references?)")
_HOOK = re.compile(r"type \w+ hook (\w+)")
_CLOSED = re.compile(r"\bpolicy (?:drop|reject)\b", re.IGNORECASE)
_SAVED_CLOSED = re.compile(r":(\w+) (?:DROP|REJECT)\b")
_SET = r"(\{[^}]{1,2000}\}|[^\s{}]+)"
_NFT = {
    "source": re.compile(rf"\bip6? saddr {_SET}"),
    "address": re.compile(rf"\bip6? daddr {_SET}"),
    "port": re.compile(rf"\b(?:tcp|th) dport {_SET}"),
    "packets": re.compile(r"\bcounter packets (\d+)"),
}
_IPTABLES = {
    "source": re.compile(r"(?:^|\s)(?:-s|--source) (\S+)"),
    "address": re.compile(r"(?:^|\s)(?:-d|--destination) (\S+)"),
    "port": re.compile(r"--dports? (\S+)"),
    "packets": re.compile(r"^\[(\d+):\d+\]"),
}
_ENDS = re.compile(r"\b(drop|reject)\b(?: with [^;}]*)?\s*(?:#.*|comment .*)?$", re.IGNORECASE)
_JUMPS = re.compile(r"-j (DROP|REJECT)\b")
_ROW = re.compile(
    r"\s*(?:(?P<packets>\d+)\s+\S+\s+)?(?P<action>DROP|REJECT)\s+(?P<protocol>\w+)\s+(?:--|-\S)\s+"
    r"(?:\S+\s+\S+\s+)??(?P<source>[\d.:a-f]+(?:/\d+)?)\s+(?P<address>[\d.:a-f]+(?:/\d+)?)(?P<more>.*)"
)
_ANYWHERE = ("0.0.0.0/0", "::/0")
_MOST = 500
"""Rules that are stated."""


def fits(head: str) -> float:
    """The head of a table, or rules as they are saved or listed."""
    return 0.97 if _TABLE.search(head) or _SAVED.search(head) or _LISTED.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Every rule that drops or rejects, and the chains that take nothing but what they name."""
    chain, stated = "", 0
    for number, line in material.lines():
        text = line.strip()[:1_000]
        if (found := _HOOK.search(text)) or (found := re.match(r"Chain (\S+) \(", text)):
            chain = found[1].lower()
            if _CLOSED.search(text):
                yield _closed(chain, f"{KIND}:{material.name}:{number}")
            continue
        if closed := _SAVED_CLOSED.match(text):
            yield _closed(closed[1].lower(), f"{KIND}:{material.name}:{number}")
            continue
        rule = _rule(text)
        if rule is None:
            continue
        if saved := re.match(r"(?:\[\d+:\d+\] )?-A (\S+)", text):
            chain = saved[1].lower()
        if not (rule["source"] or rule["address"] or rule["port"]):
            # What concerns nobody in particular ends a chain of what was let in before.
            yield _closed(chain, f"{KIND}:{material.name}:{number}")
            continue
        value: dict[str, Value] = {**rule, "chain": chain, "rule": text[:300]}
        yield Observation(Hop.HOST, "filter-rule", value, f"{KIND}:{material.name}:{number}")
        stated += 1
        if stated >= _MOST:
            return


def _closed(chain: str, source: str) -> Observation:
    """That a chain takes nothing but what its rules let in."""
    return Observation(Hop.HOST, "filter-closed", {"chain": chain}, source)


def _rule(text: str) -> dict[str, Value] | None:
    """What a line drops or rejects; None where it does neither."""
    if found := _ROW.fullmatch(text):
        ports = re.search(r"dpts?:([\d:]+)|dports ([\d,:]+)", found["more"])
        port = (ports[1] or ports[2]) if ports else ""
        return _told(found["action"], {**found.groupdict(""), "port": port})
    saved = _JUMPS.search(text)
    ended = saved or (None if text.startswith(("type ", "-", ":")) else _ENDS.search(text))
    if ended is None:
        return None
    parts = {key: form.search(text) for key, form in (_IPTABLES if saved else _NFT).items()}
    return _told(ended[1], {key: found[1] if found else "" for key, found in parts.items()})


def _told(action: str, parts: Mapping[str, str]) -> dict[str, Value]:
    return {
        "action": action.lower(),
        "source": _some(parts["source"]),
        "address": _some(parts["address"]),
        "port": parts["port"],
        "packets": int(parts["packets"]) if parts["packets"] else None,
    }


def _some(address: str) -> str:
    """Addresses; empty for all of them, and without the mask that stands for one."""
    return "" if address in _ANYWHERE else re.sub(r"/(?:32|128)$", "", address)
