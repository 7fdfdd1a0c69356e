"""A real WordPress on loopback: nginx, PHP-FPM and MariaDB, with plugins made for the test."""

import contextlib
import http.client
import itertools
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gateways import free_ports, nginx_config, program

from badgateway.lab.servers.php_fpm import EXTENSIONS

SOURCE = Path("/usr/share/wordpress")
THEME = "twentytwentythree"
COUNT = 30
PROGRAMS = ("nginx", "php-fpm8.2", "php", "mariadbd", "mariadb-install-db")
_OPCACHE = Path("/usr/lib/php/20220829/opcache.so")

BAD = {
    "fatal": "add_action('init', function () { no_such_function(); });",
    "fatal-at-once": "no_such_function();",
    "syntax": "function (",
    "slow": "add_action('init', function () { usleep(2500000); });",
    "killed": "add_action('init', function () { posix_kill(posix_getpid(), 9); });",
    "segfault": "posix_kill(posix_getpid(), 11);",
}

_CONFIG = """<?php
define('DB_NAME', '{name}');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';
define('WP_HOME', 'http://{address}');
define('WP_SITEURL', 'http://{address}');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
{more}
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
_NETWORK = """define('MULTISITE', true);
define('SUBDOMAIN_INSTALL', false);
define('DOMAIN_CURRENT_SITE', '{address}');
define('PATH_CURRENT_SITE', '/');
define('SITE_ID_CURRENT_SITE', 1);
define('BLOG_ID_CURRENT_SITE', 1);"""

_INSTALL = """<?php
[$site, $address, $theme, $network] = [$argv[1], $argv[2], $argv[3], $argv[4] === 'yes'];
$_SERVER += ['HTTP_HOST' => $address, 'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
define('WP_INSTALLING', true);
require "$site/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_http_request', fn () => new WP_Error('install', 'no network'));
function wp_new_blog_notification($title, $url, $user, $password) {}
wp_install('Shop', 'admin', 'admin@example.com', true, '', 'lab-password');
switch_theme($theme);
$plugins = array_slice($argv, 5);
if ($network) {
    foreach ($wpdb->tables('ms_global') as $table => $prefixed) $wpdb->$table = $prefixed;
    install_network();
    populate_network(1, $address, 'admin@example.com', 'Shops', '/', false);
    $map = array_fill_keys(array_slice($plugins, 0, 15), time());
    $wpdb->delete($wpdb->sitemeta, ['meta_key' => 'active_sitewide_plugins']);
    $wpdb->insert($wpdb->sitemeta, ['site_id' => 1, 'meta_key' => 'active_sitewide_plugins',
        'meta_value' => serialize($map)]);
    update_option('active_plugins', array_slice($plugins, 15));
} else {
    update_option('active_plugins', $plugins);
}
"""


def missing() -> str:
    """What is not installed; empty where all is."""
    if os.geteuid() != 0:
        return "root: PHP and MariaDB run as users of their own"
    lacking = [name for name in PROGRAMS if program(name) is None]
    if not (SOURCE / "wp-settings.php").exists():
        lacking.append("wordpress")
    return ", ".join(lacking)


@dataclass
class Shop:
    """One WordPress with 30 plugins.

    Attributes:
        root: its folder.
        port: nginx's.
    """

    root: Path
    port: int
    plugins: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def content(self) -> Path:
        return self.root / "wp-content"

    def plugin(self, name: str) -> Path:
        return self.content / "plugins" / name / f"{name}.php"

    def write_plugin(self, name: str, code: str = "") -> None:
        """A plugin that says by a header that it was loaded, and does what `code` does."""
        file = self.plugin(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        word = name.encode().hex()
        _put(file, f"<?php\n/* Plugin Name: x */\nheader('X-Loaded: {word}', false);\n{code}\n")

    def activate(self, names: list[str]) -> None:
        """Switch these plugins on, and no others."""
        entries = [f"{name}/{name}.php" for name in names]
        code = (
            f"$_SERVER['HTTP_HOST'] = '127.0.0.1:{self.port}'; define('WP_INSTALLING', true);"
            f" require '{self.root}/wp-load.php';"
            " update_option('active_plugins', json_decode(stream_get_contents(STDIN)));"
        )
        subprocess.run(
            ["php", "-n", *EXTENSIONS, "-r", code],
            input=json.dumps(entries).encode(),
            check=True,
            capture_output=True,
        )

    @contextlib.contextmanager
    def broken(self, how: dict[str, str]) -> Iterator[None]:
        """These plugins are bad meanwhile."""
        for name, kind in how.items():
            self.write_plugin(name, BAD[kind])
        try:
            yield
        finally:
            for name in how:
                self.write_plugin(name)

    @contextlib.contextmanager
    def planted(self, path: str, text: str) -> Iterator[None]:
        """A file of wp-content holds something else meanwhile."""
        file = self.content / path
        before = file.read_bytes() if file.exists() else None
        made = not file.parent.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        _put(file, text)
        try:
            yield
        finally:
            if before is None:
                file.unlink()
            else:
                _put(file, before.decode())
            if made:
                shutil.rmtree(file.parent)

    def get(self, timeout: float = 15) -> tuple[int, frozenset[str]]:
        """An ordinary visit: status, and which plugins were loaded."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        loaded = answer.headers.get_all("X-Loaded") or []
        return answer.status, frozenset(bytes.fromhex(word).decode() for word in loaded)

    def files(self) -> dict[str, bytes]:
        """All that a run could change."""
        paths = [self.root / "wp-config.php", *sorted(self.content.rglob("*"))]
        return {str(path): path.read_bytes() for path in paths if path.is_file()}


_seconds = itertools.count(1_700_000_000)


def _put(file: Path, text: str) -> None:
    """All at once: a visitor never meets half a file.

    Each has a time of its own, by which PHP's cache of compiled files tells it from the one before.
    """
    new = file.with_name(f".{file.name}.new")
    new.write_text(text)
    when = next(_seconds)
    os.utime(new, (when, when))
    new.replace(file)


class Visitors:
    """Ordinary visits, one after the other, while something else goes on."""

    def __init__(self, shop: Shop, count: int = 2) -> None:
        self.seen: list[tuple[int, frozenset[str]]] = []
        self._shop, self._end = shop, threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _visit(self) -> None:
        while not self._end.is_set():
            self.seen.append(self._shop.get())


class Server:
    """The processes; each site is a folder and a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.ports = {"single": free_ports(1)[0], "network": free_ports(1)[0]}

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o755)
        self._database()
        self._php()
        self._nginx()
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, words: list[str], log: str) -> None:
        with (self.folder / log).open("wb") as file:
            environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
            self._running.append(
                subprocess.Popen(words, stdout=file, stderr=subprocess.STDOUT, env=environment)
            )

    def _await(self, path: Path) -> None:
        end = time.monotonic() + 20
        while not path.exists():
            if time.monotonic() > end:
                raise RuntimeError(f"{path} did not come: {self._running[-1].args}")
            time.sleep(0.05)

    def _database(self) -> None:
        data = self.folder / "mariadb"
        data.mkdir()
        shutil.chown(data, "mysql", "mysql")
        subprocess.run(
            [
                program("mariadb-install-db") or "",
                "--no-defaults",
                f"--datadir={data}/data",
                "--user=mysql",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
                "--innodb-log-file-size=4M",
            ],
            check=True,
            capture_output=True,
            timeout=90,
        )
        (data / "init.sql").write_text("CREATE DATABASE single;\nCREATE DATABASE network;\n")
        self._start(
            [
                program("mariadbd") or "",
                "--no-defaults",
                f"--datadir={data}/data",
                "--skip-networking",
                f"--socket={data}/sock",
                "--user=mysql",
                f"--init-file={data}/init.sql",
                "--innodb-log-file-size=4M",
                "--innodb-buffer-pool-size=16M",
                "--performance-schema=OFF",
                "--innodb-flush-log-at-trx-commit=0",
                "--skip-log-bin",
            ],
            "mariadb.log",
        )
        self._await(data / "sock")

    def _php(self) -> None:
        config = self.folder / "fpm.conf"
        config.write_text(
            f"[global]\nerror_log = {self.folder}/fpm.log\ndaemonize = no\n[www]\nuser = www-data\n"
            f"group = www-data\nlisten = {self.folder}/php.sock\nlisten.owner = www-data\n"
            "pm = static\npm.max_children = 6\nphp_admin_flag[display_errors] = off\n"
            f"php_admin_flag[log_errors] = on\nphp_admin_value[error_log] = {self.folder}/php.log\n"
        )
        (self.folder / "php.log").touch()
        shutil.chown(self.folder / "php.log", "www-data", "www-data")
        cache = ["-d", f"zend_extension={_OPCACHE}", "-d", "opcache.revalidate_freq=0"]
        self._start(
            [
                program("php-fpm8.2") or "",
                "--nodaemonize",
                "--allow-to-run-as-root",
                "-n",
                *EXTENSIONS,
                *(cache if _OPCACHE.exists() else []),
                "--fpm-config",
                str(config),
            ],
            "fpm.out",
        )
        self._await(self.folder / "php.sock")

    def _nginx(self) -> None:
        home = self.folder / "nginx"
        home.mkdir(mode=0o755)
        servers = "\n".join(
            f"server {{ listen 127.0.0.1:{port}; root {self.folder}/{name}; index index.php;"
            " location / { try_files $uri $uri/ /index.php?$args; }"
            r" location ~ \.php$ { include /etc/nginx/fastcgi.conf;"
            f" fastcgi_read_timeout 6s; fastcgi_buffers 16 16k; fastcgi_buffer_size 32k;"
            f" fastcgi_pass unix:{self.folder}/php.sock; }} }}"
            for name, port in self.ports.items()
        )
        config = home / "nginx.conf"
        config.write_text(nginx_config(home, servers))
        self._start([program("nginx") or "", "-c", str(config), "-p", str(home)], "nginx.out")
        time.sleep(0.5)

    def site(self, name: str) -> Shop:
        """A new site, `single` or `network`, with its plugins switched on."""
        shop = Shop(self.folder / name, self.ports[name])
        shop.root.mkdir()
        for path in SOURCE.glob("*.php"):
            if path.name != "wp-config.php":
                shutil.copyfile(path, shop.root / path.name)
        for part in ("wp-admin", "wp-includes"):
            (shop.root / part).symlink_to(SOURCE / part)
        shutil.copytree(SOURCE / "wp-content" / "themes" / THEME, shop.content / "themes" / THEME)
        shop.plugins = [f"plug-{number:02}" for number in range(COUNT)]
        for plugin in shop.plugins:
            shop.write_plugin(plugin)
        address = f"127.0.0.1:{shop.port}"
        values = {"name": name, "socket": f"{self.folder}/mariadb/sock", "address": address}
        config = shop.root / "wp-config.php"
        config.write_text(_CONFIG.format(**values, more=""))
        script = self.folder / "install.php"
        script.write_text(_INSTALL)
        entries = [f"{plugin}/{plugin}.php" for plugin in shop.plugins]
        subprocess.run(
            [
                "php",
                "-n",
                *EXTENSIONS,
                "-d",
                "memory_limit=256M",
                str(script),
                str(shop.root),
                address,
                THEME,
                "yes" if name == "network" else "no",
                *entries,
            ],
            check=True,
            capture_output=True,
            timeout=90,
        )
        if name == "network":
            config.write_text(_CONFIG.format(**values, more=_NETWORK.format(address=address)))
        for path in [shop.root, *shop.root.rglob("*")]:
            if not path.is_symlink() and "wp-includes" not in path.parts:
                shutil.chown(path, "www-data", "www-data")
        return shop
