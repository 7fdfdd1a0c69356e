"""lighttpd as a gateway to gunicorn, with hitch in front of it for TLS."""

from typing import TYPE_CHECKING

from badgateway.lab.servers import Server
from badgateway.lab.servers.varnish import Hitch

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 40

ADDRESS = "192.0.2.15"

_CONFIG = """
server.modules = ("mod_proxy", "mod_accesslog")
server.bind = "{address}"
server.port = 80
server.username = "www-data"
server.groupname = "www-data"
server.document-root = "{folder}"
server.errorlog = "{folder}/error.log"
accesslog.filename = "{folder}/access.log"
server.upload-dirs = ("/run/lab")
proxy.server = ("" => (("host" => "{host}", "port" => {port},
  "connect-timeout" => {connect}, "read-timeout" => {read}, "disable-time" => 0)))
"""


class Lighttpd(Server):
    """The sixth gateway; settings: `upstream`, `connect` and `read` in s."""

    def __init__(self, lab: "Lab") -> None:
        settings: dict[str, object] = {"upstream": "10.0.0.2:8000", "connect": 2, "read": 4}
        super().__init__("lighttpd", lab.network.hops["gateway"], ("lighttpd",), settings)

    def write(self) -> None:
        host, _, port = str(self.settings["upstream"]).rpartition(":")
        text = _CONFIG.format(
            address=ADDRESS, folder=self.folder, host=host, port=port,
            connect=self.settings["connect"], read=self.settings["read"],
        )  # fmt: skip
        (self.folder / "lighttpd.conf").write_text(text)
        for name in ("error.log", "access.log"):
            path = self.folder / name
            path.touch()
            path.chmod(0o666)

    def command(self) -> list[str]:
        return ["lighttpd", "-D", "-f", f"{self.folder}/lighttpd.conf"]

    def ready(self) -> bool:
        return self.listens_at(ADDRESS, 80)


def servers(lab: "Lab") -> list[Server]:
    """The gateway and what ends TLS for it: Debian's has that in a package of its own."""
    hop = lab.network.hops["gateway"]
    return [Lighttpd(lab), Hitch(lab, "lighttpd-hitch", hop, ADDRESS, "lighttpd.example.org")]
