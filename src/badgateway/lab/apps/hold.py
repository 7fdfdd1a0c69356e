"""Open connections and hold them: `hold.py COUNT ADDRESS PORT`, or `hold.py COUNT PATH`."""

import socket
import sys
import time


def main() -> None:
    """Connect as often as asked, or until nothing more is let in; then hold until killed."""
    held: list[socket.socket] = []
    for _ in range(int(sys.argv[1])):
        try:
            if len(sys.argv) == 3:
                peer = socket.socket(socket.AF_UNIX)
                peer.settimeout(0.5)
                peer.connect(sys.argv[2])
            else:
                peer = socket.create_connection((sys.argv[2], int(sys.argv[3])), 0.5)
        except OSError as error:
            print(f"stopped at {len(held)}: {error}", flush=True)
            break
        held.append(peer)
    print("holding", len(held), flush=True)
    time.sleep(86_400)


if __name__ == "__main__":
    main()
