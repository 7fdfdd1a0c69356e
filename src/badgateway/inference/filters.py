"""Packet filters and the ways that they stand in: who is kept from whom by which rule."""

import ipaddress
import re
from collections.abc import Iterator

from badgateway.inference.meeting import own_addresses
from badgateway.inference.wiring.evidence import last_asked
from badgateway.model.failure import CONNECTING
from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.observation import Evidence, Observation, Value

_OUTWARD = ("output", "postrouting", "forward")
_BLOCKED = ("refused", "times-out", "no-route", "resets", "fails")


def filtered(evidence: Evidence) -> Iterator[Observation]:
    """Rules that keep the gateway from an upstream that it does not reach, and an edge from us."""
    rules = evidence.named("filter-rule")
    if rules:
        yield from _upstreams(evidence, rules)
        yield from _databases(evidence, rules)
        yield from _doors(evidence, rules)
    kept_out = list(_edges(evidence, rules))
    yield from kept_out or _open_to_edges(evidence)


def _upstreams(evidence: Evidence, rules: list[Observation]) -> Iterator[Observation]:
    for asked in last_asked(evidence).values():
        wanted = address_of(asked.text("upstream"))
        if wanted is None or wanted.path or asked.text("result") not in _BLOCKED:
            continue
        for rule in rules:
            if not _used(rule) or not (rule.text("port") or rule.text("address")):
                continue
            if _names_port(rule.text("port"), wanted.port) and _names(
                rule.text("address"), wanted.host
            ):
                yield _stated(rule, "firewall-rule", address=wanted.host, port=wanted.port)
                break


def _edges(evidence: Evidence, rules: list[Observation]) -> Iterator[Observation]:
    """Whom visitors were answered by, where that is no address of ours, is an edge before us."""
    ours = own_addresses(evidence)
    for edge in evidence.named("answered-by-edge"):
        for rule in rules:
            if not rule.text("source") or not _used(rule):
                continue
            same = _names(rule.text("source"), edge.text("address"))
            # An edge asks from other addresses than those at which it answers.
            ports = any(_names_port(rule.text("port"), port) for port in ("80", "443"))
            doors = any(_names(rule.text("address"), host) for host in ours)
            if same or (rule.text("port") and ports and doors and rule.number("packets")):
                yield _stated(rule, "edge-kept-out", edge=edge.text("address"), same=same)
                break


def _open_to_edges(evidence: Evidence) -> Iterator[Observation]:
    """That no rule of this machine's keeps an edge out, where all of them are known."""
    listed = [o for o in evidence.named("filter-listed") if not o.text("place")]
    closed = {o.text("chain") for o in evidence.named("filter-closed")}
    if listed and not closed & {"input", "prerouting", "ingress"}:
        for edge in evidence.named("answered-by-edge")[:1]:
            value: dict[str, Value] = {"edge": edge.text("address")}
            yield Observation(Hop.GATEWAY, "edge-not-kept-out", value, listed[0].source)


def _databases(evidence: Evidence, rules: list[Observation]) -> Iterator[Observation]:
    """A rule that met packets and that keeps an application from the database of its settings."""
    for wish in evidence.named("config-database"):
        wanted = address_of(wish.text("database"))
        if wanted is None or wanted.path:
            continue
        for rule in rules:
            if not rule.number("packets") or not (rule.text("port") and rule.text("address")):
                continue
            if _names_port(rule.text("port"), wanted.port) and _names(
                rule.text("address"), wanted.host
            ):
                yield _stated(rule, "database-kept-away", address=wanted.host, port=wanted.port)
                return


def _doors(evidence: Evidence, rules: list[Observation]) -> Iterator[Observation]:
    """Rules of ours that shut out everybody, where a visitor got no connection to us."""
    ours = own_addresses(evidence)
    for failure in evidence.named(*CONNECTING):
        address, port = failure.text("address"), str(failure.value.get("port", ""))
        for rule in rules if address in ours else ():
            if rule.text("source") or not _used(rule) or rule.text("chain") in _OUTWARD:
                continue
            if _names(rule.text("address"), address) and _names_port(rule.text("port"), port):
                yield _stated(rule, "door-closed-by-rule", address=address, port=port)
                return


def _used(rule: Observation) -> bool:
    """Whether it met packets, as far as it counts them."""
    return rule.number("packets") != 0


def _names(addresses: str, host: str) -> bool:
    """Whether a rule's addresses, sets and networks among them, hold a host; all where empty."""
    if not addresses:
        return True
    try:
        wanted = ipaddress.ip_address(host)
    except ValueError:
        return False
    for part in re.split(r"[{},\s]+", addresses):
        try:
            if part and wanted in ipaddress.ip_network(part, strict=False):
                return True
        except ValueError:
            continue
    return False


def _names_port(ports: str, port: str) -> bool:
    if not ports:
        return True
    for part in re.split(r"[{},\s]+", ports):
        first, _, last = part.replace(":", "-").partition("-")
        if first.isdigit() and port.isdigit() and int(first) <= int(port) <= int(last or first):
            return True
    return False


def _stated(rule: Observation, word: str, **more: Value) -> Observation:
    value: dict[str, Value] = {
        "action": f"{rule.text('action')}s",
        "rule": rule.text("rule"),
        "packets": rule.value.get("packets"),
        **more,
    }
    return Observation(Hop.LINK, word, value, rule.source)
