"""Many clients from many addresses: `flood.py COUNT HOST ADDRESS PREFIX KIND`.

COUNT threads ask HOST at ADDRESS by plain HTTP, each time from another address that begins with
PREFIX (`198.18.0.`). KIND is `attack` (one expensive path, a program's name, the answer is not
waited for) or `crowd` (the shop's pages, browsers, patient).
"""

import contextlib
import random
import socket
import sys
import threading
import time

_PROGRAMS = ("python-requests/2.31.0", "Go-http-client/1.1", "-")
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
)
_PAGES = ("/", "/?page=sale", "/?page=basket", "/article", "/?page=shoes", "/?page=hats")


def _ask(host: str, address: str, prefix: str, attack: bool) -> None:
    rolled = random.Random()  # noqa: S311 - which client comes next is no secret
    while True:
        path = f"/?s={rolled.randrange(10**9):x}" if attack else rolled.choice(_PAGES)
        agent = rolled.choice(_PROGRAMS if attack else _BROWSERS)
        source = (f"{prefix}{rolled.randrange(2, 254)}", 0)
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n"
        with (
            contextlib.suppress(OSError),
            socket.create_connection((address, 80), 5, source_address=source) as link,
        ):
            link.sendall(f"{request}Connection: close\r\n\r\n".encode())
            if attack:
                time.sleep(0.25)
            else:
                link.settimeout(20)
                while link.recv(65_536):
                    pass
        time.sleep(0.02)


def main() -> None:
    """Start the threads."""
    count, host, address, prefix, kind = sys.argv[1:]
    told = (host, address, prefix, kind == "attack")
    for _ in range(int(count)):
        threading.Thread(target=_ask, args=told, daemon=True).start()
    while True:
        time.sleep(3_600)


if __name__ == "__main__":
    main()
