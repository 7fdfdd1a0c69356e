"""What a gateway speaks and what its upstream understands."""

import re
from collections.abc import Iterator

from badgateway.inference.wiring.evidence import (
    asked_with,
    destinations,
    is_name,
    joined,
    listeners,
    serves,
)
from badgateway.model.observation import Evidence, Observation

_SPEAKS = (("fastcgi", re.compile("php-fpm")), ("http", re.compile(r"^(?:node|gunicorn|nginx)\b")))
"""Protocols that servers speak whatever they are told, by their process."""


def protocols(evidence: Evidence) -> Iterator[Observation]:
    """A gateway that speaks HTTP to a FastCGI server, or the other way round."""
    seen: set[str] = set()
    for wish, wanted in destinations(evidence):
        spoken = wish.text("protocol")
        if wish.name != "config-upstream" or spoken not in ("http", "https", "fastcgi"):
            continue
        for server, there in listeners(evidence):
            if server.name != "listening" or not serves(there, wanted):
                continue
            if not wanted.path and is_name(wanted.host) and not wanted.loopback:
                continue
            process = server.text("process")
            found = next((name for name, own in _SPEAKS if own.search(process)), spoken)
            if (found == "fastcgi") != (spoken == "fastcgi") and wish.text("upstream") not in seen:
                seen.add(wish.text("upstream"))
                yield joined(
                    wish, "speaks-other-protocol", found=found, protocol=spoken, process=process
                )


def handshakes(evidence: Evidence) -> Iterator[Observation]:
    """HAProxy says that a server for TLS refuses or aborts, and the server takes connections.

    Its state SC stands for both (docs.haproxy.org, 8.5), so it is the handshake that fails.
    """
    accepts = asked_with(evidence, "accepts")
    refused = {o.text("upstream"): o for o in evidence.named("upstream-refused")}
    for wish in evidence.named("config-upstream"):
        complaint = refused.get(wish.text("server"))
        if wish.text("by") != "haproxy" or complaint is None:
            continue
        if wish.text("protocol") == "https" and wish.text("upstream") in accepts:
            yield joined(wish, "handshake-fails", supersedes=complaint.id)
