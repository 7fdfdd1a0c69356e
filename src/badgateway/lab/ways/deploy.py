"""Deployments: applications that are restarted, once or in turn, and packages that are updated."""

import shutil
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.box import LabError
from badgateway.lab.servers import Server
from badgateway.lab.ways import Heal

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab
    from badgateway.lab.network import Hop

WAYS = ("deploy", "roll_out", "upgrade_package")

_LOG = "deploy.log"


def deploy(lab: "Lab", server: str, seconds: float) -> Heal:
    """Restart an application that takes `seconds` until it listens, and do not wait for it."""
    target = lab.server(server)
    _note(target.hop, f"restarting {server} for a new release")
    target.stop(signal.SIGTERM)
    target.settings["start_seconds"] = seconds
    target.write()
    target.launch()

    def heal() -> None:
        target.settings["start_seconds"] = 0
        target.restart()

    return heal


def roll_out(lab: "Lab", servers: list[str], seconds: float) -> Heal:
    """Restart applications one after the other, round and round; each needs `seconds` to start.

    Nobody takes the one that restarts out of its gateway's rotation.
    """
    targets = [lab.server(name) for name in servers]
    enough = threading.Event()
    for target in targets:
        target.settings["start_seconds"] = seconds

    def one(target: Server) -> None:
        _note(target.hop, f"restarting {target.name} for a new release")
        target.stop(signal.SIGTERM)
        target.write()
        target.launch()
        while target.running and not target.ready():
            if enough.wait(0.05):
                return
        _note(target.hop, f"{target.name} is up")

    def round_and_round() -> None:
        while not enough.is_set():
            for target in targets:
                if not enough.is_set():
                    one(target)

    thread = threading.Thread(target=round_and_round, daemon=True)
    thread.start()

    def heal() -> None:
        enough.set()
        thread.join()
        for target in targets:
            target.settings["start_seconds"] = 0
            target.restart()

    return heal


def upgrade_package(
    lab: "Lab",
    server: str,
    package: str,
    versions: list[str],
    file: str,
    texts: list[str],
    settings: dict[str, object],
) -> Heal:
    """Install a Debian package with dpkg, update it, and restart the server that uses it.

    `versions` and `texts` (of its one `file`, an absolute path) are the old and the new. Packages
    go below the hop's folder `packages`, and dpkg writes the hop's `dpkg.log`. `settings` let the
    server use it; with the old version it comes up, with the new one it need not.
    """
    target = lab.server(server)
    hop = target.hop
    root = hop.folder / "packages"
    for name in ("info", "updates"):
        (root / "var" / "lib" / "dpkg" / name).mkdir(parents=True, exist_ok=True)
    (root / "var" / "lib" / "dpkg" / "status").touch()
    before = dict(target.settings)
    target.settings.update(settings)

    def heal() -> None:
        target.stop()
        shutil.rmtree(root)
        target.settings.update(before)
        target.start()

    try:
        for version, text in zip(versions, texts, strict=True):
            made = _package(hop, package, version, file, text)
            hop.run(
                "dpkg", f"--root={root}", f"--log={hop.folder}/dpkg.log", "--install", str(made)
            )
            if version == versions[0]:
                target.restart()
        target.stop()
        target.write()
        target.launch()
    except LabError:
        heal()
        raise
    return heal


def _package(hop: "Hop", name: str, version: str, file: str, text: str) -> Path:
    """Build a package of one file."""
    tree = hop.folder / f"{name}-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: The shop <shop@example.com>\nDescription: a library of the shop\n"
    )
    place = tree / file.lstrip("/")
    place.parent.mkdir(parents=True)
    place.write_text(text)
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    made = hop.folder / f"{name}_{version}_all.deb"
    hop.run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(made))
    shutil.rmtree(tree)
    return made


def _note(hop: "Hop", text: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with (hop.folder / _LOG).open("a", encoding="utf-8") as log:
        log.write(f"{now} deploy: {text}\n")
