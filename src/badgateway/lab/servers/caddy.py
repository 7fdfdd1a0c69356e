"""Caddy as a gateway: to gunicorn, to uvicorn, over TLS."""

from functools import cached_property
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.authority import Certificate
    from badgateway.lab.lab import Lab

ORDER = 40

ADDRESS = "192.0.2.13"

_CONFIG = """{{
  admin unix//{folder}/admin.sock
  auto_https off
  skip_install_trust
  grace_period 100ms
  storage file_system {folder}/storage
}}
{sites}
"""

_SITE = """
{scheme}://{name} {{
  bind {address}
  {tls}
  log {{
    output file {folder}/access.log
  }}
  {more}
  reverse_proxy {upstream} {{
    transport http {{
      dial_timeout {connect}s
      response_header_timeout {read}s
      {transport}
    }}
    {proxy}
  }}
}}
"""


class Caddy(Server):
    """The fourth gateway.

    Settings: `upstream` of caddy.example.com, `site` and `proxy` (further directives of it);
    `asgi` of asgi.example.com; `secure` and `secure_transport` of secure-caddy.example.com;
    `connect` and `read` in s; `certificate` is a kind of `authority.KINDS`.
    """

    NAMES = ("caddy", "asgi", "secure-caddy")

    def __init__(self, lab: "Lab") -> None:
        settings: dict[str, object] = {
            "upstream": "10.0.0.2:8000", "site": "", "proxy": "", "connect": 2, "read": 4,
            "asgi": "10.0.0.2:8002", "secure": "https://10.0.0.2:8443",
            "secure_transport": "tls_server_name app.internal", "certificate": "valid",
        }  # fmt: skip
        super().__init__("caddy", lab.network.hops["gateway"], ("caddy",), settings)
        self.ca = lab.ca

    @cached_property
    def certificate(self) -> "Certificate":
        """For all its sites."""
        return self.ca.issue(*(f"{name}.example.com" for name in self.NAMES))

    def write(self) -> None:
        told, kind = self.settings, str(self.settings["certificate"])
        names = tuple(f"{name}.example.com" for name in self.NAMES)
        made = self.certificate if kind == "valid" else self.ca.like(kind, *names)
        trust = f"tls_trusted_ca_certs {self.ca.file}"
        sites = {
            "caddy": (told["upstream"], told["site"], "", told["proxy"]),
            "asgi": (told["asgi"], "", "", ""),
            "secure-caddy": (
                told["secure"], "",
                f"tls\n      {trust}\n      {told['secure_transport']}", "",
            ),
        }  # fmt: skip
        text = "".join(
            _SITE.format(
                name=f"{name}.example.com", address=ADDRESS, scheme=scheme,
                tls=f"tls {made.cert} {made.key}" if scheme == "https" else "", folder=self.folder,
                connect=told["connect"], read=told["read"], upstream=upstream, more=more,
                transport=transport, proxy=proxy,
            )
            for name, (upstream, more, transport, proxy) in sites.items()
            for scheme in ("http", "https")
        )  # fmt: skip
        (self.folder / "Caddyfile").write_text(_CONFIG.format(folder=self.folder, sites=text))

    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}

    def command(self) -> list[str]:
        return ["caddy", "run", "--config", f"{self.folder}/Caddyfile", "--adapter", "caddyfile"]

    def ready(self) -> bool:
        return self.listens_at(ADDRESS, 443)


def servers(lab: "Lab") -> list[Server]:
    """The one."""
    return [Caddy(lab)]
