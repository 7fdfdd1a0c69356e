"""Background load: `load.py COUNT URL`, COUNT threads that ask again and again until killed."""

import contextlib
import ssl
import sys
import threading
import time
import urllib.request


def _ask(url: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    while True:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(url, timeout=20, context=context) as answer,  # noqa: S310
        ):
            answer.read()
        time.sleep(0.02)


def main() -> None:
    """Start the threads."""
    for _ in range(int(sys.argv[1])):
        threading.Thread(target=_ask, args=(sys.argv[2],), daemon=True).start()
    while True:
        time.sleep(3_600)


if __name__ == "__main__":
    main()
