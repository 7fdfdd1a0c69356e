"""PHP-FPM: a pool over TCP on the hop `app`, one over a unix socket beside nginx."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.control_group import in_group
from badgateway.lab.servers import Server
from badgateway.lab.servers.applications import copy_app

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab
    from badgateway.lab.network import Hop

ORDER = 30

_CONFIG = """
[global]
pid = {folder}/pid
error_log = {folder}/php-fpm.log
daemonize = no
[www]
user = www-data
group = www-data
listen = {listen}
listen.owner = {owner}
listen.group = {owner}
listen.mode = {mode}
listen.backlog = {backlog}
{allowed}
pm = static
pm.max_children = {children}
request_terminate_timeout = {terminate}
request_slowlog_timeout = {slowlog}
slowlog = {folder}/slow.log
catch_workers_output = yes
php_admin_value[error_log] = {folder}/php_error.log
php_admin_flag[log_errors] = on
php_admin_value[memory_limit] = {memory}
php_admin_value[max_execution_time] = {time}
php_admin_flag[display_errors] = off
php_value[default_socket_timeout] = 60
env[LAB_MODE] = {app}
env[LAB_PACKAGES] = {packages}
"""


class PhpFpm(Server):
    """One master with one pool.

    Settings: `mode` breaks the shop's home page; `children`, `backlog`, `terminate` (s), `memory`
    and `time` are the pool's limits; `allowed` is listen.allowed_clients; `listen`, `owner` and
    `socket_mode` say where and for whom it listens; `remove` is a file of the shop that is gone;
    `group_memory` limits all its processes together by a control group, in MiB.
    """

    def __init__(self, name: str, hop: "Hop", listen: str) -> None:
        settings: dict[str, object] = {
            "mode": "", "children": 4, "backlog": 511, "terminate": 0, "memory": "64M", "time": 30,
            "allowed": "", "listen": listen, "owner": "www-data", "socket_mode": "0660",
            "remove": "", "group_memory": 0,
        }  # fmt: skip
        super().__init__(name, hop, ("php-fpm8.2",), settings)

    def write(self) -> None:
        told, folder = self.settings, self.folder
        shutil.rmtree(folder / "php", ignore_errors=True)
        copy_app("php", folder)
        if told["remove"]:
            (folder / "php" / str(told["remove"])).unlink()
        if str(told["listen"]).startswith("/"):
            Path(str(told["listen"])).unlink(missing_ok=True)
        log = folder / "php_error.log"
        log.touch()
        shutil.chown(log, "www-data", "www-data")
        text = _CONFIG.format(
            folder=folder,
            listen=told["listen"],
            owner=told["owner"],
            mode=told["socket_mode"],
            backlog=told["backlog"],
            allowed=f"listen.allowed_clients = {told['allowed']}" if told["allowed"] else "",
            children=told["children"],
            terminate=told["terminate"],
            slowlog=1,
            memory=told["memory"],
            time=told["time"],
            app=told["mode"] or "fine",
            packages=self.hop.folder / "packages",
        )
        (folder / "fpm.conf").write_text(text)

    def command(self) -> list[str]:
        return [*in_group(self, self.settings["group_memory"]),
                "php-fpm8.2", "--nodaemonize", "--allow-to-run-as-root", "-n", *EXTENSIONS,
                "--fpm-config", f"{self.folder}/fpm.conf"]  # fmt: skip

    def ready(self) -> bool:
        listen = str(self.settings["listen"])
        if listen.startswith("/"):
            return Path(listen).exists()
        address, _, port = listen.rpartition(":")
        return self.listens_at(address, int(port))


def _extensions() -> list[str]:
    """The extensions that the shop and WordPress need, and no file of the machine's settings."""
    words = ("mysqlnd", "mysqli", "posix", "ctype", "fileinfo", "gd", "iconv", "tokenizer", "exif",
             "sockets")  # fmt: skip
    return [part for word in words for part in ("-d", f"extension={word}")]


EXTENSIONS = _extensions()


def servers(lab: "Lab") -> list[Server]:
    """Both."""
    hops = lab.network.hops
    socket = hops["gateway"].folder / "php-fpm-socket" / "php.sock"
    return [
        PhpFpm("php-fpm", hops["app"], "10.0.0.2:9000"),
        PhpFpm("php-fpm-socket", hops["gateway"], str(socket)),
    ]
