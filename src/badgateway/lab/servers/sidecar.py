"""A sidecar beside the applications that insists on mutual TLS, as those of a service mesh do."""

from typing import TYPE_CHECKING

from badgateway.lab.servers import Server
from badgateway.lab.servers.upstream_tls import NAME

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 45

ADDRESS, PORT = "10.0.0.2", 8444

_CONFIG = """
global
  log stdout format raw local0
  user haproxy
  group haproxy
defaults
  mode http
  log global
  option httplog
  timeout connect 2s
  timeout server 6s
  timeout client 10s
frontend mesh
  bind {address}:{port} ssl crt {bundle} ca-file {ca} verify required
  default_backend shop
backend shop
  server shop 10.0.0.2:8000
"""


class Sidecar(Server):
    """HAProxy on port 8444 that wants the other side's certificate, before gunicorn."""

    def __init__(self, lab: "Lab") -> None:
        super().__init__("sidecar", lab.network.hops["app"], ("haproxy",), {}, on_demand=True)
        self.ca = lab.ca

    def write(self) -> None:
        text = _CONFIG.format(
            address=ADDRESS, port=PORT, bundle=self.ca.issue(NAME).bundle, ca=self.ca.file
        )
        (self.folder / "haproxy.cfg").write_text(text)

    def command(self) -> list[str]:
        return ["haproxy", "-db", "-f", f"{self.folder}/haproxy.cfg"]

    def ready(self) -> bool:
        return self.listens_at(ADDRESS, PORT)


def servers(lab: "Lab") -> list[Server]:
    """The one."""
    return [Sidecar(lab)]
