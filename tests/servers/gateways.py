"""Real gateways from Debian packages, in the foreground, on loopback, in a folder of their own.

Each one listens on one port for each fault, so that all pages of a port share one upstream.
"""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent
from typing import ClassVar, Self

from upstreams import Fault

SLOW_S = 1
"""Seconds that every gateway waits for an upstream."""
START_S = 15
"""Seconds after which a gateway that does not listen counts as broken."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Debian keeps servers in sbin, which an ordinary user's PATH leaves out."""

_ROOT = os.geteuid() == 0
_STOP_S = 5


def program(name: str) -> str | None:
    """Where a program is, also in the folders for administrators."""
    return shutil.which(name, path=PATH)


def _first_ports(count: int) -> Iterator[int]:
    """Free ports below those that the kernel gives to outgoing connections (32768 and up).

    They are let go of again before a server takes them; starting at a number that depends on
    this process keeps two runs at once apart.
    """
    port = 20_000 + os.getpid() * 97 % 10_000
    while count:
        port = 20_000 + (port - 20_000 + 1) % 12_000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            count -= 1
            yield port


_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """So many different free ports, none of them given out before."""
    return list(_first_ports(count))


def serving_user(*wished: str) -> tuple[str, str]:
    """(user, group) that a server started by root becomes; the caller's own otherwise."""
    if not _ROOT:
        return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    for name in (*wished, "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return name, grp.getgrgid(entry.pw_gid).gr_name
    raise LookupError(f"no user {', '.join(wished)} and no 'nobody' on this machine")


class GatewayError(Exception):
    """A gateway that did not start; the message holds what it printed."""


@dataclass
class Gateway:
    """One program in front of all upstreams.

    Attributes:
        folder: everything it reads and writes.
        upstreams: port of the upstream for each fault.
        authority: PEM file that it verifies upstreams by.
        ports: its own port for each fault.
    """

    folder: Path
    upstreams: Mapping[Fault, int]
    authority: Path
    ports: dict[Fault, int] = field(default_factory=dict)

    name: ClassVar[str]
    binary: ClassVar[str]
    tls_upstreams: ClassVar[bool] = True

    def __post_init__(self) -> None:
        faults = [fault for fault in self.upstreams if self.tls_upstreams or not fault.tls]
        self.ports = dict(zip(faults, free_ports(len(faults)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir(parents=True)

    def config(self) -> str:
        """The configuration."""
        raise NotImplementedError

    def command(self, config: Path) -> list[str]:
        """The call behind the program's name that runs it in the foreground."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Whatever must be there before the start."""

    def environment(self) -> dict[str, str]:
        """A clean environment: this machine's own may carry certificates and proxies."""
        return {"PATH": PATH, "LANG": "C", "HOME": str(self.folder), "TMPDIR": str(self.folder)}

    def listens(self) -> list[int]:
        """Every port on which it must listen before it counts as started."""
        return list(self.ports.values())

    def each(self, template: str) -> str:
        """`template` once for each fault, `{fault}`, `{port}`, `{upstream}`, `{tls}` filled in."""
        return "".join(
            template.format(
                fault=fault.value,
                slug=fault.value.replace("-", "_"),
                port=port,
                upstream=self.upstreams[fault],
                tls=self.tls(fault),
                scheme="https" if fault.tls else "http",
            )
            for fault, port in self.ports.items()
        )

    def tls(self, fault: Fault) -> str:
        """What the configuration says for an upstream that is spoken to in TLS."""
        return ""

    def __enter__(self) -> Self:
        self.prepare()
        config = self.folder / "config"
        config.write_text(self.config(), encoding="utf-8")
        binary = program(self.binary)
        assert binary is not None
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [binary, *self.command(config)],
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            for port in self.listens():
                self._await(port)
        except BaseException:
            self.stop()
            raise
        return self

    def _await(self, port: int) -> None:
        """Return once `port` accepts connections."""
        assert self._process is not None
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            # Waits for its end, which would be bad news, between two attempts.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)
                raise GatewayError(f"{self.name} ended: {self.output()}")
        raise GatewayError(f"{self.name} does not listen on {port}: {self.output()}")

    def output(self) -> str:
        """What it printed and logged, its end."""
        texts = [
            path.read_text("utf-8", "replace")[-2_000:]
            for path in (self.folder / "output", self.folder / "log")
            if path.is_file()
        ]
        return "\n".join(texts)

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, and whatever is left of the session that it was started in."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


class Nginx(Gateway):
    """nginx, one server per fault; it says nothing about its upstreams but by the status."""

    name = "nginx"
    binary = "nginx"

    def tls(self, fault: Fault) -> str:
        if fault is not Fault.TLS_UNTRUSTED:
            return ""
        return (
            f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {self.authority};"
            " proxy_ssl_name 127.0.0.1;"
        )

    def config(self) -> str:
        return nginx_config(
            self.folder,
            self.each(
                "  server {{ listen 127.0.0.1:{port};\n"
                "    location / {{ {tls} proxy_pass {scheme}://127.0.0.1:{upstream}; }} }}\n"
            ),
        )

    def command(self, config: Path) -> list[str]:
        return ["-p", str(self.folder), "-e", "log", "-c", str(config)]


def nginx_config(folder: Path, servers: str) -> str:
    """A whole nginx.conf around `servers`: one process that writes into `folder` only."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    return (
        "daemon off;\nmaster_process off;\n"
        f"pid {folder}/pid;\nerror_log {folder}/log;\n"
        "events { worker_connections 256; }\n"
        "http {\n  access_log off;\n"
        f"{folders}"
        f"  proxy_connect_timeout {SLOW_S}s;\n"
        f"  proxy_read_timeout {SLOW_S}s;\n"
        f"  proxy_send_timeout {SLOW_S}s;\n"
        f"{servers}}}\n"
    )


class Apache(Gateway):
    """Apache httpd with mod_proxy_http, one virtual host per fault."""

    name = "apache"
    binary = "apache2"
    modules: ClassVar = ("mpm_event", "authz_core", "proxy", "proxy_http", "socache_shmcb", "ssl")

    def tls(self, fault: Fault) -> str:
        if not fault.tls:
            return ""
        check = (
            f"SSLProxyVerify require\n  SSLProxyCACertificateFile {self.authority}"
            if fault is Fault.TLS_UNTRUSTED
            else "SSLProxyVerify none"
        )
        return f"SSLProxyEngine on\n  {check}"

    def config(self) -> str:
        loaded = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
            for name in self.modules
        )
        user, group = serving_user("www-data")
        return (
            f"ServerRoot {self.folder}\nPidFile {self.folder}/pid\nServerName 127.0.0.1\n"
            f"DefaultRuntimeDir {self.folder}\nMutex fcntl:{self.folder}\n"
            f"ErrorLog {self.folder}/log\n{loaded}"
            "StartServers 1\nServerLimit 1\nThreadsPerChild 16\nMaxRequestWorkers 16\n"
            "MinSpareThreads 1\nMaxSpareThreads 16\n"
            f"User {user}\nGroup {group}\n"
            + self.each(
                "Listen 127.0.0.1:{port}\n<VirtualHost 127.0.0.1:{port}>\n  {tls}\n"
                f"  ProxyPass / {{scheme}}://127.0.0.1:{{upstream}}/ timeout={SLOW_S} retry=0\n"
                "</VirtualHost>\n"
            )
        )

    def command(self, config: Path) -> list[str]:
        return ["-D", "FOREGROUND", "-f", str(config)]


class Haproxy(Gateway):
    """HAProxy without health checks, so that the request itself meets the fault."""

    name = "haproxy"
    binary = "haproxy"

    def tls(self, fault: Fault) -> str:
        if not fault.tls:
            return ""
        if fault is Fault.TLS_UNTRUSTED:
            return f"ssl verify required ca-file {self.authority}"
        return "ssl verify none"

    def config(self) -> str:
        return (
            "global\n  maxconn 200\n  ssl-server-verify none\n"
            "defaults\n  mode http\n  retries 0\n"
            f"  timeout connect {SLOW_S}s\n  timeout client 10s\n  timeout server {SLOW_S}s\n"
            + self.each(
                "listen {fault}\n  bind 127.0.0.1:{port}\n"
                "  server application 127.0.0.1:{upstream} {tls}\n"
            )
        )

    def command(self, config: Path) -> list[str]:
        return ["-db", "-f", str(config)]


class Caddy(Gateway):
    """Caddy; its pages of errors are empty."""

    name = "caddy"
    binary = "caddy"

    def config(self) -> str:
        return (
            "{\n  admin off\n  auto_https off\n"
            f"  storage file_system {self.folder}\n}}\n"
            + self.each(
                "http://127.0.0.1:{port} {{\n  bind 127.0.0.1\n"
                "  reverse_proxy {scheme}://127.0.0.1:{upstream} {{\n    transport http {{\n"
                f"      dial_timeout {SLOW_S}s\n      response_header_timeout {SLOW_S}s\n"
                "    }}\n  }}\n}}\n"
            )
        )

    def command(self, config: Path) -> list[str]:
        return ["run", "--config", str(config), "--adapter", "caddyfile"]


class Lighttpd(Gateway):
    """lighttpd with mod_proxy, which cannot speak TLS to an upstream."""

    name = "lighttpd"
    binary = "lighttpd"
    tls_upstreams = False

    def config(self) -> str:
        first = next(iter(self.ports.values()))
        return (
            'server.modules = ("mod_proxy")\nserver.bind = "127.0.0.1"\n'
            f'server.port = {first}\nserver.document-root = "{self.folder}"\n'
            f'server.errorlog = "{self.folder}/log"\nserver.upload-dirs = ("{self.folder}")\n'
            + self.each(
                '$SERVER["socket"] == "127.0.0.1:{port}" {{\n'
                '  proxy.server = ("" => (("host" => "127.0.0.1", "port" => {upstream},\n'
                f'    "connect-timeout" => {SLOW_S}, "read-timeout" => {SLOW_S},'
                f' "write-timeout" => {SLOW_S})))\n'
                "}}\n"
            )
        )

    def command(self, config: Path) -> list[str]:
        return ["-D", "-f", str(config)]


class Varnish(Gateway):
    """Varnish, which compiles its configuration and cannot speak TLS to an upstream."""

    name = "varnish"
    binary = "varnishd"
    tls_upstreams = False

    def config(self) -> str:
        backends = self.each(
            'backend {slug} {{ .host = "127.0.0.1"; .port = "{upstream}";'
            f" .connect_timeout = {SLOW_S}s; .first_byte_timeout = {SLOW_S}s;"
            f" .between_bytes_timeout = {SLOW_S}s; }}}}\n"
        )
        chosen = self.each('  if (local.socket == "{slug}") {{ set req.backend_hint = {slug}; }}\n')
        return f"vcl 4.1;\n{backends}sub vcl_recv {{\n{chosen}  return (pass);\n}}\n"

    def command(self, config: Path) -> list[str]:
        listening = [
            word
            for fault, port in self.ports.items()
            for word in ("-a", f"{fault.value.replace('-', '_')}=127.0.0.1:{port},HTTP")
        ]
        own = ["-j", "none", "-T", "none", "-n", str(self.folder / "work"), "-s", "malloc,16m"]
        return ["-F", *own, *listening, "-f", str(config)]


class Squid(Gateway):
    """Squid in front of the site (an accelerator), and on `forward_port` as a visitor's proxy."""

    name = "squid"
    binary = "squid"

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.forward_port,) = free_ports(1)
        """Port of the forward proxy."""
        self.blocked = "blocked.test"
        """Host that the forward proxy refuses to its users."""

    def listens(self) -> list[int]:
        return [*super().listens(), self.forward_port]

    def prepare(self) -> None:
        user, group = serving_user("proxy")
        shutil.chown(self.folder, user, group)

    def tls(self, fault: Fault) -> str:
        if not fault.tls:
            return ""
        if fault is Fault.TLS_UNTRUSTED:
            return f"tls tlscafile={self.authority}"
        return "tls sslflags=DONT_VERIFY_PEER"

    def config(self) -> str:
        user, _ = serving_user("proxy")
        return dedent(f"""\
            http_port 127.0.0.1:{self.forward_port}
            visible_hostname gateway.test
            cache_effective_user {user}
            pid_filename none
            pinger_enable off
            cache_log {self.folder}/log
            access_log none
            cache deny all
            cache_mem 8 MB
            coredump_dir {self.folder}
            shutdown_lifetime 0 seconds
            connect_timeout {SLOW_S} seconds
            read_timeout {SLOW_S} seconds
            forward_timeout 4 seconds
            connect_retries 0
            dns_nameservers 127.0.0.1
            dns_timeout {SLOW_S} seconds
            acl blocked dstdomain {self.blocked}
            http_access deny blocked
            http_access allow all
            """) + self.each(
            "http_port 127.0.0.1:{port} accel defaultsite=127.0.0.1:{port}\n"
            "acl port_{slug} localport {port}\n"
            "cache_peer 127.0.0.1 parent {upstream} 0 no-query no-digest originserver"
            " name=peer_{slug} {tls}\n"
            "cache_peer_access peer_{slug} allow port_{slug}\n"
            "cache_peer_access peer_{slug} deny all\n"
            "never_direct allow port_{slug}\n"
        )

    def command(self, config: Path) -> list[str]:
        return ["-N", "-n", f"test{os.getpid()}", "-f", str(config)]


class TrafficServer(Gateway):
    """Apache Traffic Server as a reverse proxy, in a layout of its own."""

    name = "trafficserver"
    binary = "traffic_server"

    def prepare(self) -> None:
        user, group = serving_user("trafficserver")
        for name in ("etc", "run", "log", "cache", "state"):
            (self.folder / name).mkdir()
            shutil.chown(self.folder / name, user, group)
        shutil.chown(self.folder, user, group)
        etc = self.folder / "etc"
        body = Path("/etc/trafficserver/body_factory")
        if body.is_dir():
            shutil.copytree(body, etc / "body_factory")
        (self.folder / "runroot.yaml").write_text(
            dedent(f"""\
            prefix: {self.folder}
            exec_prefix: /usr
            bindir: /usr/bin
            sbindir: /usr/bin
            sysconfdir: {self.folder}/etc
            datadir: {self.folder}/cache
            includedir: /usr/include
            libdir: /usr/lib/trafficserver
            libexecdir: /usr/lib/trafficserver/modules
            localstatedir: {self.folder}/state
            runtimedir: {self.folder}/run
            logdir: {self.folder}/log
            mandir: /usr/share/man
            infodir: /usr/share/info
            cachedir: {self.folder}/cache
            """),
            encoding="utf-8",
        )
        (etc / "storage.config").write_text(f"{self.folder}/cache 64M\n", encoding="utf-8")
        (etc / "remap.config").write_text(
            self.each("map http://127.0.0.1:{port}/ {scheme}://127.0.0.1:{upstream}/\n"),
            encoding="utf-8",
        )
        (etc / "ip_allow.yaml").write_text(
            "ip_allow:\n  - {apply: in, ip_addrs: 127.0.0.1, action: allow, methods: ALL}\n",
            encoding="utf-8",
        )
        (etc / "records.config").write_text(self._records(user), encoding="utf-8")

    def _records(self, user: str) -> str:
        ports = " ".join(f"{port}:ip-in=127.0.0.1" for port in self.ports.values())
        settings: dict[str, int | str] = {
            "http.server_ports": ports,
            "admin.user_id": user if _ROOT else "#-1",
            "http.cache.http": 0,
            "http.connect_attempts_timeout": SLOW_S,
            "http.connect_attempts_max_retries": 0,
            "http.connect_attempts_max_retries_dead_server": 0,
            "http.down_server.cache_time": 0,
            "http.transaction_no_activity_timeout_out": SLOW_S,
            "http.transaction_no_activity_timeout_in": 10,
            "exec_thread.autoconfig": 0,
            "exec_thread.limit": 2,
            "log.logging_enabled": 0,
            "url_remap.remap_required": 1,
            "reverse_proxy.enabled": 1,
            "body_factory.enable_customizations": 1,
            "body_factory.template_sets_dir": f"{self.folder}/etc/body_factory",
            "ssl.client.verify.server.policy": "ENFORCED",
            "ssl.client.CA.cert.filename": str(self.authority),
        }
        return "".join(
            f"CONFIG proxy.config.{name} {'INT' if isinstance(value, int) else 'STRING'} {value}\n"
            for name, value in settings.items()
        )

    def config(self) -> str:
        return ""

    def command(self, config: Path) -> list[str]:
        return [f"--run-root={self.folder}/runroot.yaml"]


class TlsSites(Gateway):
    """nginx as the visitor meets it: one TLS listener per certificate or protocol."""

    name = "nginx"
    binary = "nginx"

    def __init__(self, folder: Path, servers: Mapping[str, str]) -> None:
        """Args: servers: by name, what stands in `server { }`; `{port}` is filled in."""
        super().__init__(folder, {}, folder)
        self._servers = servers
        self.sites = dict(zip(servers, free_ports(len(servers)), strict=True))
        """Port of each server by its name."""

    def listens(self) -> list[int]:
        return list(self.sites.values())

    def config(self) -> str:
        return nginx_config(
            self.folder,
            "".join(
                indent(f"server {{\n{text.replace('{port}', str(self.sites[name]))}\n}}\n", "  ")
                for name, text in self._servers.items()
            ),
        )

    def command(self, config: Path) -> list[str]:
        return ["-p", str(self.folder), "-e", "log", "-c", str(config)]


GATEWAYS: dict[str, type[Gateway]] = {
    kind.name: kind
    for kind in (Nginx, Apache, Haproxy, Caddy, Varnish, Squid, Lighttpd, TrafficServer)
}
"""All of them by the names that verdicts use."""
