"""An upstream that misbehaves: one port for each way, `misbehave.py ADDRESS FIRST-PORT`.

Raw sockets, because no real application server sends what is broken here on request.
"""

import socket
import struct
import sys
import threading
import time

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def _request(peer: socket.socket) -> bytes:
    """The request's head, as far as it comes."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < 65_536:
        part = peer.recv(4_096)
        if not part:
            break
        data += part
    return data


def banner(peer: socket.socket) -> None:
    """Speak first, as an SSH server does."""
    peer.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n")
    _request(peer)


def close(peer: socket.socket) -> None:
    """Take the request and close without a byte."""
    _request(peer)


def reset(peer: socket.socket) -> None:
    """Take the request and reset the connection."""
    _request(peer)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_header(peer: socket.socket) -> None:
    """Close in the middle of a header."""
    _request(peer)
    peer.sendall(_HEAD + b"Content-Len")


def nul_header(peer: socket.socket) -> None:
    """Send a header with a NUL byte."""
    _request(peer)
    peer.sendall(_HEAD + b"X-Name: a\x00b\r\nContent-Length: 3\r\n\r\nhi\n")


def bad_header(peer: socket.socket) -> None:
    """Send a header line that is none."""
    _request(peer)
    peer.sendall(_HEAD + b"Bad Header Line\r\nContent-Length: 3\r\n\r\nhi\n")


def cut_body(peer: socket.socket) -> None:
    """Promise 100 kB and close after 20 kB."""
    _request(peer)
    peer.sendall(_HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 20_000)


def slow_bytes(peer: socket.socket) -> None:
    """Send the head at half a byte a second."""
    _request(peer)
    for byte in _HEAD:
        time.sleep(2)
        peer.sendall(bytes([byte]))


def silent(peer: socket.socket) -> None:
    """Take the request and never answer."""
    _request(peer)
    time.sleep(60)


def big_header(peer: socket.socket) -> None:
    """Send 200 kB of headers."""
    _request(peer)
    lines = b"".join(b"X-Trace-%d: %s\r\n" % (n, b"t" * 2_000) for n in range(100))
    peer.sendall(_HEAD + lines + b"Content-Length: 3\r\n\r\nhi\n")


def not_http(peer: socket.socket) -> None:
    """Answer in no protocol that is known."""
    _request(peer)
    peer.sendall(b"\x00\x01\x02 go away \xff\xfe\r\n\r\n")


def bad_status(peer: socket.socket) -> None:
    """Send a status line without a number."""
    _request(peer)
    peer.sendall(b"HTTP/1.1 FINE\r\nContent-Length: 3\r\n\r\nhi\n")


def accept_close(peer: socket.socket) -> None:
    """Close as soon as somebody connects."""


def two_lengths(peer: socket.socket) -> None:
    """Send two different lengths."""
    _request(peer)
    peer.sendall(_HEAD + b"Content-Length: 3\r\nContent-Length: 300\r\n\r\nhi\n")


def second_request(peer: socket.socket) -> None:
    """Answer the first request of a connection, and close on the second."""
    _request(peer)
    peer.sendall(_HEAD + b"Connection: keep-alive\r\nContent-Length: 3\r\n\r\nhi\n")
    _request(peer)


WAYS = (
    banner, close, reset, half_header, nul_header, bad_header, cut_body, slow_bytes, silent,
    big_header, not_http, bad_status, accept_close, two_lengths, second_request,
)  # fmt: skip


def _serve(listener: socket.socket, number: int) -> None:
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=_one, args=(peer, number), daemon=True).start()


def _one(peer: socket.socket, number: int) -> None:
    peer.settimeout(60)
    with peer:
        try:
            WAYS[number](peer)
        except OSError:
            return


def main() -> None:
    """Listen on one port for each way, from the first on, until killed."""
    address, first = sys.argv[1], int(sys.argv[2])
    for number in range(len(WAYS)):
        listener = socket.create_server((address, first + number))
        threading.Thread(target=_serve, args=(listener, number), daemon=True).start()
    while True:
        time.sleep(3_600)


if __name__ == "__main__":
    main()
