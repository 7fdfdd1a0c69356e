"""nginx beside the applications: speaks TLS to the gateways and plain HTTP to gunicorn."""

from typing import TYPE_CHECKING

from badgateway.lab.servers import Server
from badgateway.lab.servers.nginx import nginx_command

if TYPE_CHECKING:
    from badgateway.lab.authority import Authority, Certificate
    from badgateway.lab.lab import Lab

ORDER = 30

NAME = "app.internal"
"""The name that the gateways expect on the upstream's certificate."""

_CONFIG = """
user www-data; worker_processes 1; daemon off; pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 128; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp;
  fastcgi_temp_path {folder}/t1; uwsgi_temp_path {folder}/t2; scgi_temp_path {folder}/t3;
  {reject}
  {unknown}
  server {{
    listen 10.0.0.2:8443 ssl {default}; server_name {name};
    ssl_certificate {bundle}; ssl_certificate_key {key}; ssl_protocols {protocols};
    {client} {refuse}
    location / {{ proxy_pass http://10.0.0.2:8000; proxy_set_header Host $host; }}
  }}
}}
"""

_REJECT = """server {
    listen 10.0.0.2:8443 ssl default_server; ssl_reject_handshake on;
  }"""


_UNKNOWN = """server {{
    listen 10.0.0.2:8443 ssl default_server; server_name _;
    ssl_certificate {cert}; ssl_certificate_key {key}; return 444;
  }}"""


class UpstreamTls(Server):
    """TLS in front of gunicorn, on port 8443.

    Settings: `certificate` is valid, expired, self-signed or wrong-name; `sni` true refuses
    handshakes that do not ask for its name; `protocols` as nginx has it; `client` true asks for
    a certificate of the gateway's; `only_known` true closes, without an answer, what is asked of
    a host name that it does not serve; `refuse` is an address that its own filter denies.
    """

    def __init__(self, lab: "Lab") -> None:
        settings: dict[str, object] = {
            "certificate": "valid", "sni": False, "protocols": "TLSv1.2 TLSv1.3", "client": False,
            "only_known": False, "refuse": "",
        }  # fmt: skip
        super().__init__("upstream-tls", lab.network.hops["app"], ("nginx",), settings)
        self.ca: Authority = lab.ca

    def _certificate(self) -> "Certificate":
        kind = self.settings["certificate"]
        if kind == "expired":
            return self.ca.issue(NAME, expired=True)
        if kind == "wrong-name":
            return self.ca.issue("old-name.internal")
        return self.ca.issue(NAME, self_signed=kind == "self-signed")

    def write(self) -> None:
        folder = self.folder
        issued = self._certificate()
        text = _CONFIG.format(
            folder=folder,
            name=f"{NAME} secure.example.com",
            bundle=issued.cert,
            key=issued.key,
            protocols=self.settings["protocols"],
            unknown=_UNKNOWN.format(cert=issued.cert, key=issued.key)
            if self.settings["only_known"]
            else "",
            reject=_REJECT if self.settings["sni"] else "",
            default="" if self.settings["sni"] or self.settings["only_known"] else "default_server",
            refuse=f"deny {self.settings['refuse']};" if self.settings["refuse"] else "",
            client=f"ssl_client_certificate {self.ca.file}; ssl_verify_client on;"
            if self.settings["client"]
            else "",
        )
        (folder / "nginx.conf").write_text(text)

    def command(self) -> list[str]:
        return nginx_command(self.folder)

    def ready(self) -> bool:
        return self.listens_at("10.0.0.2", 8443)


def servers(lab: "Lab") -> list[Server]:
    """The one."""
    return [UpstreamTls(lab)]
