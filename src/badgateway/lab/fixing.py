"""Lets the product mend a fault and take that back, and looks at both from outside."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from badgateway.lab.ask import plain, product
from badgateway.lab.fault import Fault
from badgateway.lab.lab import Lab

FIX_SECONDS = 150.0
"""Seconds that a fix may take, several tries among them."""
_ASKED = 6
"""Times that the page is asked for: a fault that comes and goes shows at least once."""
_CHANGING = (".log", ".pid", "pid", ".sock", ".crt", ".key", ".json", ".db", ".lock")
_CONFIGURATIONS = (".conf", ".cfg", ".vcl", ".config", ".php", ".py", ".mjs", ".toml", ".yaml", "")


def mended(lab: Lab, fault: Fault, began: datetime) -> dict[str, object]:
    """What `fix --yes` does about a fault on the gateway, and what is left of it after `undo`.

    Whether it healed is asked from the vantage outside, not from the product.
    """
    state = lab.folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    told = {"XDG_STATE_HOME": str(state)}
    before, worst = files_of(lab), statuses(lab, fault)
    words = ["fix", "--yes", "--json", "--url", fault.url, "--timeout", "6", *fault.fix]
    words += ["--since", began.isoformat()]
    with reaped(lab):
        answer = product(lab, "gateway", words, told, FIX_SECONDS)
    after = statuses(lab, fault)
    with reaped(lab):
        undone = product(lab, "gateway", ["undo", "--json"], told)
    changed = sorted(path for path, held in files_of(lab).items() if before.get(path, held) != held)
    return {
        **plain(answer),
        "before": worst,
        "after": after,
        "undone": undone.verdict,
        "differs": changed,
    }


@contextmanager
def reaped(lab: Lab) -> Iterator[None]:
    """Let processes that somebody else ends be gone at once: they are children of the lab."""
    over = threading.Event()

    def reap() -> None:
        while not over.wait(0.05):
            for server in lab.servers.values():
                if server.process is not None:
                    server.process.poll()

    thread = threading.Thread(target=reap, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def statuses(lab: Lab, fault: Fault) -> list[str]:
    """What the page answers a stranger, several times in a row; 000 for no answer."""
    words = ["curl", "-sS", "-m", "12", "-o", "/dev/null", "-w", "%{http_code}", fault.url]
    hop = lab.network.hops["vantage"]
    return [hop.run(*words, check=False).stdout or "000" for _ in range(_ASKED)]


def files_of(lab: Lab) -> dict[str, tuple[bytes, int, int, int]]:
    """Every small file of the machines behind the gateway that only a person changes.

    With its mode and owner; logs, sockets and what servers keep for themselves are left out.
    """
    found = {}
    for hop in ("gateway", "app", "database", "edge"):
        for path in lab.network.hops[hop].folder.rglob("*"):
            if path.name.endswith(_CHANGING) or not path.is_file() or path.is_symlink():
                continue
            if path.suffix not in _CONFIGURATIONS and path.parent.name != "init.d":
                continue
            if "data" in path.parts or "work" in path.parts:
                continue
            held = path.stat()
            found[str(path)] = path.read_bytes(), held.st_mode, held.st_uid, held.st_gid
    return found
