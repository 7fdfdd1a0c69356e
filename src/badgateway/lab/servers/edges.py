"""The CDN: edges of other software than their gateway, so that who said it can be graded.

cdn-haproxy: HAProxy → nginx; cdn-nginx: nginx → Apache; cdn-varnish: Varnish → Caddy;
cdn-trafficserver: Traffic Server → HAProxy.
"""

from typing import TYPE_CHECKING

from badgateway.lab.servers import Server
from badgateway.lab.servers.haproxy import HaProxy
from badgateway.lab.servers.nginx import Nginx
from badgateway.lab.servers.trafficserver import TrafficServer
from badgateway.lab.servers.varnish import Hitch, Varnish

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 50


class EdgeHaProxy(HaProxy):
    """HAProxy before the nginx gateway, over TLS.

    Settings: `origin` is where the gateway is; `name` what its certificate must be for; `secure`
    false speaks plain HTTP to it.
    """

    def __init__(self, lab: "Lab") -> None:
        super().__init__(
            lab, "edge-haproxy", lab.network.hops["edge"], ("203.0.113.10",),
            ("cdn-haproxy.example.com",),
        )  # fmt: skip
        self.settings |= {
            "origin": "192.0.2.10:443", "name": "nginx.example.com", "secure": True,
            "read": 6, "options": "",
        }  # fmt: skip

    def backends(self) -> dict[str, str]:
        told = self.settings
        tls = (
            f"ssl verify required ca-file {self.ca.file} verifyhost {told['name']} "
            f"sni str({told['name']})"
            if told["secure"]
            else ""
        )
        return {
            "cdn-haproxy.example.com": "http-request set-header Host nginx.example.com\n"
            f"  http-request set-header X-Forwarded-For %[src]\n"
            f"  server origin {told['origin']} {tls} {told['options']}"
        }


class EdgeNginx(Nginx):
    """nginx before the Apache gateway, over TLS; settings as `EdgeHaProxy`."""

    def __init__(self, lab: "Lab") -> None:
        super().__init__(
            lab, "edge-nginx", lab.network.hops["edge"], ("203.0.113.11", "2001:db8:ed6e::11"),
            ("cdn-nginx.example.net",),
        )  # fmt: skip
        self.settings |= {
            "origin": "192.0.2.11:443", "name": "apache.example.net", "scheme": "https", "read": 6,
        }  # fmt: skip

    def sites(self) -> list[str]:
        told = self.settings
        location = (
            f"proxy_pass {told['scheme']}://{told['origin']}; proxy_set_header Host "
            f"apache.example.net; proxy_ssl_verify on; proxy_ssl_server_name on; "
            f"proxy_ssl_name {told['name']}; proxy_ssl_trusted_certificate {self.ca.file}; "
            f"proxy_ssl_session_reuse off; {told['location']}"
        )
        return [self.site("cdn-nginx.example.net", location, str(told["site"]))]


def servers(lab: "Lab") -> list[Server]:
    """All edges."""
    hop = lab.network.hops["edge"]
    varnish = Varnish("edge-varnish", hop, "203.0.113.12", "192.0.2.13:80")
    varnish.settings |= {"recv": 'set req.http.Host = "caddy.example.com";', "read": 6}
    traffic = TrafficServer(
        lab, "edge-trafficserver", hop, "203.0.113.13", "cdn-trafficserver.example.org",
        "192.0.2.12:80",
    )  # fmt: skip
    traffic.settings |= {"read": 6}
    return [
        EdgeHaProxy(lab),
        EdgeNginx(lab),
        varnish,
        Hitch(lab, "edge-hitch", hop, "203.0.113.12", "cdn-varnish.example.org"),
        traffic,
    ]
