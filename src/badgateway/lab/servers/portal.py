"""A captive portal on the visitor's router, and a provider's block page: both nginx."""

from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 60


_SIGN_IN = (
    "<!doctype html><title>Guest Wi-Fi: sign in</title>"
    "<h1>Welcome to our guest Wi-Fi</h1><form method=post action=/login>"
    "<p>Accept the terms of use to go online.<button>Connect</button></form>\n"
)
_BLOCKED = (
    "<!doctype html><title>Access denied</title><h1>This site is blocked</h1>"
    "<p>Your provider blocks access to this web site by order of the authorities.</p>\n"
)


class Portal(Server):
    """A web server that answers for every name with one page.

    Settings:
        status: what it answers to any page: 302 to the sign-in page, 511, or 200 with the page.
        https: whether it also takes port 443, with a certificate for its own name.
    """

    lab: "Lab"
    host: str
    text: str

    def write(self) -> None:
        """Write its configuration and its page."""
        page = self.folder / "page"
        page.mkdir(exist_ok=True)
        (page / "login.html").write_text(self.text)
        status = self.settings["status"]
        answer = {
            302: f"return 302 http://{self.host}/login.html;",
            511: "error_page 511 /login.html; return 511;",
            200: "try_files /login.html =404;",
        }[int(str(status))]
        tls = ""
        if self.settings["https"]:
            own = self.lab.ca.issue(self.host)
            tls = f"listen 443 ssl; ssl_certificate {own.cert}; ssl_certificate_key {own.key};"
        (self.folder / "nginx.conf").write_text(
            f"""
            pid {self.folder}/pid; error_log stderr notice; worker_processes 1; daemon off;
            user root;
            events {{ worker_connections 64; }}
            http {{
              access_log {self.folder}/access.log; types {{ text/html html; }}
              client_body_temp_path {self.folder}/tmp1; proxy_temp_path {self.folder}/tmp2;
              fastcgi_temp_path {self.folder}/tmp3; uwsgi_temp_path {self.folder}/tmp4;
              scgi_temp_path {self.folder}/tmp5;
              server {{
                listen 80 default_server; {tls} root {page};
                location = /login.html {{ }}
                location / {{ {answer} }}
              }}
            }}
            """
        )

    def command(self) -> list[str]:
        """In the foreground."""
        return ["nginx", "-e", "stderr", "-c", f"{self.folder}/nginx.conf"]

    def ready(self) -> bool:
        """Whether it listens."""
        return self.listens(80)


def servers(lab: "Lab") -> list[Server]:
    """`portal` on the visitor's router and `block-page` at the provider, both on demand."""
    hops = lab.network.hops
    found: list[Server] = []
    for name, hop, host, text, status in (
        ("portal", hops["home"], "login.wifi.example.net", _SIGN_IN, 302),
        ("block-page", hops["isp"], "blocked.isp.example.net", _BLOCKED, 200),
    ):
        settings: dict[str, object] = {"status": status, "https": False}
        server = Portal(name, hop, ("nginx",), settings, on_demand=True)
        server.lab, server.host, server.text = lab, host, text
        found.append(server)
    return found
