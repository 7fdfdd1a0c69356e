"""What `ss -ltn`, `ss -lx`, `netstat -ltn` and `lsof -i` say of listening sockets (iproute2)."""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "listening-sockets"

_HEADER = re.compile(
    r"(?:Netid\s+)?State\s+Recv-Q\s+Send-Q\s+Local Address|Active Internet conn|Proto\s+Recv-Q"
)
_NETSTAT = re.compile(r"tcp6?\s+(\d+)\s+(\d+)\s+(\S+)\s+\S+\s+LISTEN(?:\s+(\d+)/(\S+))?")
_LSOF = re.compile(r"(\S+)\s+(\d+)\s+\S+\s+\S+\s+IPv([46])\s.*\s(\S+:\d+|\S+:\S+)\s+\(LISTEN\)")
_WHO = re.compile(r'users:\(\("([^"]*)",pid=(\d+)')


def fits(head: str) -> float:
    """Rows of listening sockets, or their heading."""
    lines = [line for line in head.splitlines()[:200] if line.strip()]
    rows = sum(1 for line in lines if _HEADER.search(line) or _row(line) is not None)
    rows += sum(
        1
        for line in lines
        if re.match(r"(?:ESTAB|TIME-WAIT|SYN-|CLOSE|UNCONN)|u_\w+\s+(?!LISTEN)", line)
    )
    return 0.95 * rows / len(lines) if lines and rows else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Each listening socket with its queue and its process."""
    rows: list[tuple[int, dict[str, Value]]] = []
    headed = False
    for number, line in material.lines():
        headed = headed or _HEADER.search(line) is not None
        if found := _row(line):
            rows.append((number, found))
    for number, value in rows:
        value |= {"complete": headed, "place": material.name, "line": number}
        yield Observation(Hop.UPSTREAM, "listening", value, f"{KIND}:{material.name}:{number}")
    if headed and not rows:
        nothing: dict[str, Value] = {
            "address": "nothing", "process": "nothing", "complete": True, "queue": 0,
            "backlog": 0, "place": material.name,
        }  # fmt: skip
        yield Observation(Hop.UPSTREAM, "listening", nothing, f"{KIND}:{material.name}")


def _row(line: str) -> dict[str, Value] | None:
    text = line.strip()
    if found := _LSOF.match(text):
        address = found[4].replace("*", "[::]" if found[3] == "6" else "0.0.0.0")  # noqa: S104
        return _value(address, found[1], found[2], None, None)
    if found := _NETSTAT.match(text):
        address = re.sub(r"^::1:", "[::1]:", re.sub(r"^:::", "[::]:", found[3]))
        return _value(address, found[5] or "", found[4], found[1], None)
    if not re.match(r"(?:(?:tcp|u_str|u_seq)\s+)?LISTEN\s", text):
        return None
    found = re.match(r"(?:(\S+)\s+)?LISTEN\s+(?:(\d+)\s+(\d+)\s+)?(\S+)", text)
    if found is None:
        return None
    who = _WHO.search(text)
    address = found[4].split("%")[0] if "%" in found[4] else found[4]
    if "%" in found[4]:
        address += ":" + found[4].rsplit(":", 1)[-1]
    if address.startswith(("/", "@")):
        address = f"unix:{address}"
    return _value(address, who[1] if who else "", who[2] if who else None, found[2], found[3])


def _value(
    address: str, process: str, pid: str | None, queue: str | None, backlog: str | None
) -> dict[str, Value]:
    return {
        "address": re.sub(r"^\*:", "[::]:", address),
        "process": process or "some process",
        "pid": int(pid) if pid else None,
        "queue": int(queue) if queue else 0,
        "backlog": int(backlog) if backlog else 0,
        "kind": "unix" if address.startswith("unix:") else "tcp",
    }
