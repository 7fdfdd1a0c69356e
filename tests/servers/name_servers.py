"""Real name servers and resolvers on loopback: a small DNS from the root downwards.

Knot DNS serves each level by a process of its own, so that referrals are real ones; Unbound is a
resolver with a cache of its own. All on one port of several loopback addresses.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
from gateways import free_ports, program

ROOT, TOP, FIRST, SECOND = "127.0.53.1", "127.0.53.2", "127.0.53.3", "127.0.53.4"
RESOLVER = "127.0.53.9"
HEAD = "$ORIGIN {zone}\n$TTL 300\n@ SOA ns1 admin {serial} 3600 600 86400 60\n"


class Process:
    """One server, started when it is made, which answers before that returns."""

    def __init__(self, words: list[str], address: str, port: int, question: str) -> None:
        self.address, self.port = address, port
        environment = {k: v for k, v in os.environ.items() if not k.endswith("_CERT_FILE")}
        self.process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
        )
        end = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < end:
            query = dns.message.make_query(question, "SOA")
            with contextlib.suppress(dns.exception.DNSException, OSError):
                dns.query.udp(query, address, timeout=0.2, port=port)
                return
            time.sleep(0.02)
        self.close()
        raise RuntimeError(f"{words[0]} does not answer: {self.process.stderr.read()!r}")

    def close(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)
        self.process.stderr.close()


class Knot(Process):
    """An authoritative server with zones, each a text of records without the SOA."""

    def __init__(self, folder: Path, address: str, port: int, zones: dict[str, str]) -> None:
        folder.mkdir(parents=True)
        self._folder, self._serial = folder, 1
        for zone, records in zones.items():
            self._write(zone, records)
        lines = [
            f'server:\n  rundir: "{folder}"\n  listen: {address}@{port}',
            "log:\n  - target: stderr\n    any: error",
            f'database:\n  storage: "{folder}/db"',
            f'template:\n  - id: default\n    storage: "{folder}"',
            "    zonefile-load: whole\n    zonefile-sync: -1\n    journal-content: none",
            "zone:",
            *(f'  - domain: "{zone}"\n    file: "{self._file(zone)}"' for zone in zones),
        ]
        (folder / "knot.conf").write_text("\n".join(lines) + "\n")
        words = [program("knotd"), "-c", str(folder / "knot.conf")]
        super().__init__(words, address, port, next(iter(zones)))

    def change(self, zone: str, records: str) -> None:
        """Give a zone other records, and wait until they are served."""
        self._serial += 1
        self._write(zone, records)
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            answer = dns.query.udp(
                dns.message.make_query(zone, "SOA"), self.address, timeout=2, port=self.port
            )
            if answer.answer and answer.answer[0][0].serial == self._serial:
                return
            time.sleep(0.02)
        raise RuntimeError(f"{zone} was not loaded anew")

    def _file(self, zone: str) -> str:
        return (zone.strip(".") or "root") + ".zone"

    def _write(self, zone: str, records: str) -> None:
        head = HEAD.format(zone=zone, serial=self._serial)
        (self._folder / self._file(zone)).write_text(head + records + "\n")


class Unbound(Process):
    """A resolver; what it does not know it asks the given server of `zone` for."""

    def __init__(self, folder: Path, address: str, port: int, zone: str, server: str) -> None:
        folder.mkdir(parents=True)
        lines = [
            f'server:\n  directory: "{folder}"\n  chroot: ""\n  username: ""\n  pidfile: ""',
            "  use-syslog: no\n  do-daemonize: no\n  num-threads: 1\n  module-config: iterator",
            f"  interface: {address}@{port}\n  access-control: 127.0.0.0/8 allow",
            "  do-not-query-localhost: no",
            f'stub-zone:\n  name: "{zone}"\n  stub-addr: {server}@{port}',
            "remote-control:\n  control-enable: no",
        ]
        (folder / "unbound.conf").write_text("\n".join(lines) + "\n")
        words = [program("unbound"), "-d", "-c", str(folder / "unbound.conf")]
        super().__init__(words, address, port, zone)


class Names:
    """Root, top-level domain, two servers of `shop.com`, and a resolver."""

    def __init__(self, folder: Path, records: str, delegated: str = "") -> None:
        self.port = free_port()
        self._stack = contextlib.ExitStack()
        self.folder = folder
        top = delegated or (
            f"shop NS ns1.shop\nshop NS ns2.shop\nns1.shop A {FIRST}\nns2.shop A {SECOND}\n"
        )
        glue = f"ns1.com. A {TOP}\n"
        root = f"@ NS ns1\nns1 A {ROOT}\ncom NS ns1.com.\nnet NS ns1.com.\n{glue}"
        self._server(ROOT, {".": root})
        self.top = self._server(
            TOP,
            {
                "com.": f"@ NS ns1\nns1 A {TOP}\n{top}",
                "net.": f"@ NS ns1.com.\nns.provider A {FIRST}\nprovider NS ns.provider\n",
            },
        )
        zones = {"shop.com.": records, "provider.net.": f"@ NS ns\nns A {FIRST}\nns1 A {FIRST}\n"}
        self.first = self._server(FIRST, zones)
        self.second = self._server(SECOND, {"shop.com.": records})
        self.resolver = Unbound(folder / "unbound", RESOLVER, self.port, "shop.com", FIRST)
        self._stack.callback(self.resolver.close)

    def _server(self, address: str, zones: dict[str, str]) -> Knot:
        server = Knot(self.folder / address, address, self.port, zones)
        self._stack.callback(server.close)
        return server

    def move(self, records: str) -> None:
        """Other records on both servers."""
        for server in (self.first, self.second):
            server.change("shop.com.", records)

    def close(self) -> None:
        """End everything."""
        self._stack.close()


def free_port() -> int:
    """A port that is free for UDP and TCP on all addresses used here."""
    for port in free_ports(8):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for address in (ROOT, TOP, FIRST, SECOND, RESOLVER):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    held.enter_context(socket.socket(socket.AF_INET, kind)).bind((address, port))
            return port
    raise RuntimeError("no port is free on 127.0.53.0/24")


@contextlib.contextmanager
def names(folder: Path, records: str, delegated: str = "") -> Iterator[Names]:
    """The whole, until the end."""
    made = Names(folder, records, delegated)
    try:
        yield made
    finally:
        made.close()
