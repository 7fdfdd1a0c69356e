"""The applications: gunicorn, uvicorn, Node, and an upstream that misbehaves on purpose."""

import shutil
import signal
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.control_group import in_group
from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 30

AS_WEB = ("setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups")
"""Runs a command as the web's user, as a service manager does."""

APP = "10.0.0.2"
"""Address of the hop `app`, as the gateway reaches it."""


def copy_app(name: str, folder: Path) -> Path:
    """Copy a file or folder of `apps/` to where the web's user may read it."""
    target = folder / name
    with as_file(files("badgateway.lab") / "apps" / name) as source:
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
    return target


@dataclass
class Application(Server):
    """An application on one port of the hop `app`."""

    port: int = 0

    def ready(self) -> bool:
        return self.listens_at(str(self.settings.get("address", APP)), self.port)

    def environment(self) -> dict[str, str]:
        told = {
            "LAB_MODE": self.settings.get("mode"),
            "LAB_MODULE": self.settings.get("module"),
            "LAB_START_SECONDS": self.settings.get("start_seconds"),
        }
        return {name: str(value) for name, value in told.items() if value}


class Gunicorn(Application):
    """The shop under gunicorn.

    Settings: `mode` breaks the home page; `worker_class`, `workers`, `threads`, `timeout` (s) and
    `backlog` are gunicorn's own; `memory` limits the address space, in MiB; `pid_file` is a file
    that it keeps its process id in; `module` one that the shop wants to import; `library` lets it
    use the library `pricing` of a package; `start_seconds` is how long a start takes before it
    listens; `group_memory` limits all its processes together by a control group, in MiB.
    """

    def write(self) -> None:
        copy_app("wsgi.py", self.folder)

    def command(self) -> list[str]:
        told = self.settings
        limit = ["prlimit", f"--as={int(str(told['memory'])) << 20}"] if told["memory"] else []
        limit = [*in_group(self, told["group_memory"]), *limit]
        # Loaded before it listens: a slow start is seen as a refusal, not as a wait.
        first = ["--preload"] if told["start_seconds"] else []
        pid = ["--pid", str(self.folder / str(told["pid_file"]))] if told["pid_file"] else []
        return [
            *limit, "/usr/bin/python3", "/usr/bin/gunicorn", *pid, *first, "wsgi:application",
            "--chdir", str(self.folder), "--bind", f"{told['address']}:{self.port}",
            "--workers", str(told["workers"]), "--threads", str(told["threads"]),
            "--worker-class", str(told["worker_class"]), "--timeout", str(told["timeout"]),
            "--backlog", str(told["backlog"]), "--graceful-timeout", "1", "--keep-alive", "2",
            "--user", "www-data", "--group", "www-data", "--worker-tmp-dir", "/dev/shm",
            "--name", "shop", "--access-logfile", str(self.folder / "access.log"),
        ]  # fmt: skip

    def stop(self, how: int = signal.SIGQUIT) -> None:
        # SIGTERM would wait for kept-alive connections.
        super().stop(how)

    def environment(self) -> dict[str, str]:
        told = super().environment()
        if self.settings["library"]:
            library = self.hop.folder / "packages" / "usr" / "lib" / "python3" / "dist-packages"
            told |= {"LAB_LIBRARY": "yes", "PYTHONPATH": str(library)}
        return told


class Uvicorn(Application):
    """The service under uvicorn; `limit` is its --limit-concurrency, 0 for none."""

    def write(self) -> None:
        copy_app("asgi.py", self.folder)

    def command(self) -> list[str]:
        limit = int(str(self.settings["limit"]))
        return [
            *AS_WEB, "/usr/bin/python3", "/usr/bin/uvicorn", "asgi:application",
            "--app-dir", str(self.folder), "--host", APP, "--port", str(self.port),
            *(["--limit-concurrency", str(limit)] if limit else []),
        ]  # fmt: skip


class Node(Application):
    """One of several like instances of the Node shop."""

    def write(self) -> None:
        copy_app("shop.mjs", self.folder)

    def command(self) -> list[str]:
        script = str(self.folder / "shop.mjs")
        address = str(self.settings["address"])
        return [*AS_WEB, "node", script, address, str(self.port), self.name]


class Misbehaving(Application):
    """An upstream that sends what it should not: one port for each way, from `port` on."""

    def write(self) -> None:
        copy_app("misbehave.py", self.folder)

    def command(self) -> list[str]:
        script = str(self.folder / "misbehave.py")
        return [*AS_WEB, "/usr/bin/python3", script, APP, str(self.port)]

    def ready(self) -> bool:
        return self.listens_at(APP, self.port + 14)


def servers(lab: "Lab") -> list[Server]:
    """All applications that need no other server."""
    hop = lab.network.hops["app"]
    shop: dict[str, object] = {
        "mode": "", "address": APP, "workers": 2, "threads": 8, "worker_class": "gthread",
        "timeout": 30, "backlog": 2048, "memory": 0, "pid_file": "", "module": "",
        "library": False, "start_seconds": 0, "group_memory": 0,
    }  # fmt: skip
    serve: dict[str, object] = {"mode": "", "limit": 0, "start_seconds": 0}
    nodes = [
        Node(
            f"node-{n}", hop, ("node",), {"mode": "", "address": APP, "start_seconds": 0},
            port=8010 + n,
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    # An application beside the gateway that listens for this machine only, over IPv4 only.
    beside = Node(
        "node-local", lab.network.hops["gateway"], ("node",),
        {"mode": "", "address": "127.0.0.1", "start_seconds": 0}, on_demand=True, port=8090,
    )  # fmt: skip
    return [
        Gunicorn("gunicorn", hop, ("gunicorn",), shop, port=8000),
        Uvicorn("uvicorn", hop, ("uvicorn",), serve, port=8002),
        *nodes,
        beside,
        Misbehaving("misbehaving", hop, (), {}, port=8101),
    ]
