"""HAProxy as a gateway: to gunicorn, over TLS, to Node, to three Nodes."""

from functools import cached_property
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.authority import Certificate
    from badgateway.lab.lab import Lab
    from badgateway.lab.network import Hop

ORDER = 40

_CONFIG = """
global
  log stdout format raw local0
  user haproxy
  group haproxy
  maxconn {maxconn}
  stats socket {folder}/stats.sock mode 600
  {extra_global}
defaults
  mode http
  log global
  option httplog
  timeout connect {connect}s
  timeout server {read}s
  timeout client 10s
  timeout http-keep-alive 3s
  timeout queue {queue}s
  timeout check 1s
  retries {retries}
frontend web
{binds}
{front}
{backends}
"""


class HaProxy(Server):
    """A HAProxy on some addresses; a subclass says which sites it has."""

    def __init__(
        self, lab: "Lab", name: str, hop: "Hop", addresses: tuple[str, ...], names: tuple[str, ...]
    ) -> None:
        settings: dict[str, object] = {
            "connect": 2, "read": 4, "queue": 2, "retries": 1, "maxconn": 200, "global": "",
            "front": "", "certificate": "valid",
        }  # fmt: skip
        super().__init__(name, hop, ("haproxy",), settings)
        self.ca = lab.ca
        self.addresses = addresses
        self.names = names

    @cached_property
    def certificate(self) -> "Certificate":
        """For all its sites."""
        return self.ca.issue(*self.names)

    def backends(self) -> dict[str, str]:
        """The body of each site's backend, by the site's name."""
        raise NotImplementedError

    def write(self) -> None:
        told, folder = self.settings, self.folder
        kind = str(told["certificate"])
        made = self.certificate if kind == "valid" else self.ca.like(kind, *self.names)
        pem = made.bundle
        binds = "".join(f"  bind {a}:80\n  bind {a}:443 ssl crt {pem}\n" for a in self.addresses)
        found = self.backends()
        uses = "".join(f"  use_backend {n} if {{ hdr(host) -i {n} }}\n" for n in found)
        # An edge may keep the name that the visitor asked for.
        uses += f"  default_backend {next(iter(found))}\n"
        text = _CONFIG.format(
            folder=folder,
            binds=binds,
            front=f"  {told['front']}\n{uses}",
            backends="\n".join(f"backend {n}\n  {body}" for n, body in found.items()),
            extra_global=told["global"],
            **{k: told[k] for k in ("connect", "read", "queue", "retries", "maxconn")},
        )
        (folder / "haproxy.cfg").write_text(text)

    def command(self) -> list[str]:
        # A master, as packages run it: it reloads without losing its sockets. -db: no daemon.
        return ["haproxy", "-W", "-db", "-f", f"{self.folder}/haproxy.cfg"]

    def ready(self) -> bool:
        return self.listens_at(self.addresses[0], 443)


class Gateway(HaProxy):
    """The third gateway.

    Settings beside HAProxy's own: `upstream` and `backend` (further lines) of haproxy.example.org
    and `options` of its server line; `secure` and `secure_options` of secure-haproxy; `node` and
    `node_options` of node.example.org; `pool`, `pool_options` of lb-haproxy; `certificate` is a
    kind of `authority.KINDS`, `front` a further line of the frontend.
    """

    def __init__(self, lab: "Lab") -> None:
        names = ("haproxy", "secure-haproxy", "node", "lb-haproxy")
        super().__init__(
            lab, "haproxy", lab.network.hops["gateway"], ("192.0.2.12",),
            tuple(f"{name}.example.org" for name in names),
        )  # fmt: skip
        self.settings |= {
            "upstream": "10.0.0.2:8000", "options": "", "backend": "",
            "secure": "10.0.0.2:8443", "secure_verify": "verify required verifyhost app.internal",
            "secure_sni": "sni str(app.internal)", "node": "10.0.0.2:8011", "node_options": "",
            "pool": ["10.0.0.2:8011", "10.0.0.2:8012", "10.0.0.2:8013"], "pool_options": "",
        }  # fmt: skip

    def backends(self) -> dict[str, str]:
        told = self.settings
        pool = told["pool"]
        assert isinstance(pool, list)
        members = "\n".join(
            f"  server node{n} {place} {told['pool_options']}" for n, place in enumerate(pool, 1)
        )
        return {
            "haproxy.example.org": f"{told['backend']}\n"
            f"  server shop {told['upstream']} {told['options']}",
            "secure-haproxy.example.org": f"server shop {told['secure']} ssl "
            f"{told['secure_verify']} ca-file {self.ca.file} {told['secure_sni']}",
            "node.example.org": f"server node1 {told['node']} {told['node_options']}",
            "lb-haproxy.example.org": f"balance roundrobin\n  no option redispatch\n{members}",
        }


def servers(lab: "Lab") -> list[Server]:
    """The gateway."""
    return [Gateway(lab)]
