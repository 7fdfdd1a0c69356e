"""Routes and the way to a place, as every system's tools print them."""

import ipaddress
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Default:
    """A default route.

    Attributes:
        family: 4 or 6.
        gateway: the router's address; empty for a link without one.
        interface: its name, number or own address, as the tool tells it.
        metric: small ones go first; None where the tool tells none.
        bound: whether only sockets that are bound to the interface use it.
    """

    family: int
    gateway: str
    interface: str
    metric: int | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Router:
    """One step of a traced way.

    Attributes:
        number: how far away, from 1.
        address: whose answer came; empty for none.
        report: what it reported instead of passing packets on; empty for nothing.
    """

    number: int
    address: str
    report: str = ""


_STEP = re.compile(r"\s{0,4}(\d{1,3})\s+(?=.*(?:\bms\b|\*|reports:))(.*)")
_BETWEEN = re.compile(r"[\s\[\](),;<>]+")
_REPORT = re.compile(r"reports: ([^.\n]{1,80})|(![HNPXSFA]\b|!<?\d{1,3}>?)")


def address_in(text: str) -> str:
    """The first literal address that stands in a text as a word; empty without one."""
    for word in _BETWEEN.split(text[:2_000]):
        try:
            ipaddress.ip_address(word.partition("%")[0])
        except ValueError:
            continue
        return word
    return ""


def trace(text: str) -> list[Router]:
    """The steps of `tracert` (Windows) or `traceroute` (macOS, BSD, Linux), nearest first."""
    steps: dict[int, Router] = {}
    for line in text[:65_536].splitlines():
        found = _STEP.match(line[:400])
        if found is None or int(found[1]) > 64:
            continue
        rest = found[2]
        report = _REPORT.search(rest)
        said = (report[1] or report[2]).strip() if report else ""
        steps.setdefault(int(found[1]), Router(int(found[1]), address_in(rest), said))
    return [steps[number] for number in sorted(steps)]


def windows_defaults(text: str) -> list[Default]:
    """The default routes of `route print`; words of the system's language do not matter."""
    found = []
    for line in text[:262_144].splitlines():
        words = line.split()
        if len(words) == 5 and words[:2] == ["0.0.0.0", "0.0.0.0"]:  # noqa: S104 - read, not bound
            gateway = words[2] if address_in(words[2]) else ""
            found.append(Default(4, gateway, words[3], _number(words[4])))
        elif len(words) in (3, 4) and words[2] == "::/0":
            gateway = words[3] if len(words) == 4 and address_in(words[3]) else ""
            found.append(Default(6, gateway, words[0], _number(words[1])))
    return list(dict.fromkeys(found))


def macos_defaults(text: str) -> list[Default]:
    """The default routes of `netstat -rn` of macOS and BSD, in its order.

    A route bound to its interface (flag `I`) stands last.
    """
    found: list[Default] = []
    family = 4
    for line in text[:262_144].splitlines():
        if line.startswith("Internet"):
            family = 6 if line.startswith("Internet6") else 4
        words = line.split()
        if len(words) < 4 or words[0] != "default":
            continue
        # Between flags and interface older systems count references and uses.
        interface = next((word for word in words[3:] if not word.isdecimal()), "")
        gateway = "" if words[1].startswith("link#") else words[1]
        found.append(Default(family, gateway, interface, bound="I" in words[2]))
    return sorted(found, key=lambda default: default.bound)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None
