"""Apache Traffic Server, as a gateway here and as an edge in `edges.py`."""

import shutil
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.authority import Authority, Certificate
    from badgateway.lab.lab import Lab
    from badgateway.lab.network import Hop

ORDER = 40

_RECORDS = """
CONFIG proxy.config.http.server_ports STRING 80:ipv4:ip-in={address} 443:ssl:ipv4:ip-in={address}
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.task_threads INT 1
CONFIG proxy.config.http.cache.http INT 0
CONFIG proxy.config.http.insert_response_via_str INT 1
CONFIG proxy.config.http.connect_attempts_timeout INT {connect}
CONFIG proxy.config.http.connect_attempts_max_retries INT 0
CONFIG proxy.config.http.connect_attempts_max_retries_dead_server INT 0
CONFIG proxy.config.http.down_server.cache_time INT 0
CONFIG proxy.config.http.transaction_no_activity_timeout_out INT {read}
CONFIG proxy.config.http.keep_alive_enabled_out INT 0
CONFIG proxy.config.url_remap.pristine_host_hdr INT 1
CONFIG proxy.config.reverse_proxy.enabled INT 1
CONFIG proxy.config.url_remap.remap_required INT 1
CONFIG proxy.config.ssl.client.verify.server.policy STRING {verify}
CONFIG proxy.config.ssl.client.verify.server.properties STRING ALL
CONFIG proxy.config.ssl.client.CA.cert.path STRING {ca_folder}
CONFIG proxy.config.ssl.client.CA.cert.filename STRING {ca_name}
CONFIG proxy.config.ssl.server.cert.path STRING {cert_folder}
CONFIG proxy.config.ssl.server.private_key.path STRING {cert_folder}
CONFIG proxy.config.admin.user_id STRING nobody
CONFIG proxy.config.diags.debug.enabled INT 0
CONFIG proxy.config.log.logging_enabled INT 1
CONFIG proxy.config.crash_log_helper STRING NULL
CONFIG proxy.config.hostdb.host_file.path STRING /etc/hosts
"""


class TrafficServer(Server):
    """A Traffic Server on one address.

    Settings: `upstream` (may begin with https://), `connect` and `read` in s; `verify` is
    ENFORCED, PERMISSIVE or DISABLED.
    """

    def __init__(
        self, lab: "Lab", name: str, hop: "Hop", address: str, site: str, upstream: str
    ) -> None:
        settings: dict[str, object] = {
            "upstream": upstream, "connect": 2, "read": 4, "verify": "ENFORCED",
        }  # fmt: skip
        super().__init__(name, hop, ("traffic_server", "traffic_layout"), settings)
        self.ca: Authority = lab.ca
        self.address, self.site = address, site

    @cached_property
    def certificate(self) -> "Certificate":
        """For its one site."""
        return self.ca.issue(self.site)

    def write(self) -> None:
        root = self.folder / "root"
        config = self.folder / "config"
        config.mkdir(exist_ok=True)
        if not root.exists():
            root.mkdir()
            for name in ("run", "log", "cache"):
                (self.folder / name).mkdir(exist_ok=True)
                shutil.chown(self.folder / name, "nobody")
            lines = {
                "prefix": self.folder, "exec_prefix": "/usr", "bindir": "/usr/bin",
                "sbindir": "/usr/sbin", "sysconfdir": config, "datadir": "/usr/share/trafficserver",
                "includedir": "/usr/include", "libdir": "/usr/lib", "libexecdir": _modules(),
                "localstatedir": self.folder, "runtimedir": self.folder / "run",
                "logdir": self.folder / "log", "cachedir": self.folder / "cache",
            }  # fmt: skip
            text = "".join(f"{key}: {value}\n" for key, value in lines.items())
            (root / "runroot.yaml").write_text(text)
        told, made = self.settings, self.certificate
        upstream = str(told["upstream"])
        target = upstream if "://" in upstream else f"http://{upstream}"
        records = _RECORDS.format(
            address=self.address, connect=told["connect"], read=told["read"],
            verify=told["verify"], ca_folder=self.ca.file.parent, ca_name=self.ca.file.name,
            cert_folder=made.cert.parent,
        )  # fmt: skip
        remap = "".join(f"map {scheme}://{self.site}/ {target}/\n" for scheme in ("http", "https"))
        files = {
            "records.config": records,
            "remap.config": remap,
            "ssl_multicert.config": f"dest_ip=* ssl_cert_name={made.cert.name} "
            f"ssl_key_name={made.key.name}\n",
            "storage.config": f"{self.folder}/cache 32M\n",
            "ip_allow.yaml": _ALLOW,
            "logging.yaml": _LOGGING,
        }
        for name, text in files.items():
            (config / name).write_text(text)

    def environment(self) -> dict[str, str]:
        return {"TS_RUNROOT": str(self.folder / "root")}

    def command(self) -> list[str]:
        return ["traffic_server", f"--run-root={self.folder}/root/runroot.yaml"]

    def ready(self) -> bool:
        return self.listens_at(self.address, 443)


_LOGGING = """logging:
  formats:
    - name: line
      format: '%<chi> [%<cqtn>] "%<cqtx>" %<pssc> %<crc> %<shn> %<sssc> %<ttms>ms'
  logs:
    - filename: squid
      format: line
"""


_ALLOW = """ip_allow:
  - apply: in
    ip_addrs: 0/0
    action: allow
    methods: ALL
"""


def _modules() -> Path:
    return Path("/usr/lib/trafficserver/modules")


def servers(lab: "Lab") -> list[Server]:
    """The gateway."""
    hop = lab.network.hops["gateway"]
    site = "trafficserver.example.com"
    return [TrafficServer(lab, "trafficserver", hop, "192.0.2.16", site, "10.0.0.2:8000")]
