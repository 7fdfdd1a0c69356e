"""nginx as a gateway: to gunicorn, over TLS, to PHP-FPM, to WordPress, to three Nodes."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.authority import Certificate
    from badgateway.lab.lab import Lab
    from badgateway.lab.network import Hop

ORDER = 40

_CONFIG = """
user www-data; worker_processes 1; daemon off; pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_rlimit_nofile {files};
events {{ worker_connections {connections}; }}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/t2; scgi_temp_path {folder}/t3;
  types {{ text/html html; text/plain txt; text/css css; }} default_type text/html;
  server_tokens {tokens}; keepalive_timeout 5s; server_names_hash_bucket_size 128;
  proxy_connect_timeout {connect}s; proxy_read_timeout {read}s; proxy_send_timeout {read}s;
  fastcgi_connect_timeout {connect}s; fastcgi_read_timeout {read}s; fastcgi_send_timeout {read}s;
  proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
  ssl_certificate {bundle}; ssl_certificate_key {key};
  {http}
{servers}
}}
"""

_SITE = """  server {{
    {listens}
    server_name {name};
    {server}
    location / {{ {location} }}
  }}
"""

_FASTCGI = """include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME {root}$fastcgi_script_name; fastcgi_index index.php;
      fastcgi_pass {to}; """


def nginx_command(folder: Path) -> list[str]:
    """Run nginx with the configuration and the error log of a folder."""
    return ["nginx", "-c", f"{folder}/nginx.conf", "-p", f"{folder}", "-e", f"{folder}/error.log"]


class Nginx(Server):
    """An nginx on some addresses of a hop; a subclass says which sites it has."""

    def __init__(
        self, lab: "Lab", name: str, hop: "Hop", addresses: tuple[str, ...], names: tuple[str, ...]
    ) -> None:
        settings: dict[str, object] = {
            "connect": 2, "read": 4, "connections": 256, "files": 1024, "tokens": "on",
            "http": "", "site": "", "location": "", "certificate": "valid", "https": True,
        }  # fmt: skip
        super().__init__(name, hop, ("nginx",), settings)
        self.ca = lab.ca
        self.addresses = addresses
        self.names = names

    @cached_property
    def certificate(self) -> "Certificate":
        """For all its sites."""
        return self.ca.issue(*self.names)

    def shown(self) -> "Certificate":
        """The certificate that the setting `certificate` asks for."""
        kind = str(self.settings["certificate"])
        return self.certificate if kind == "valid" else self.ca.like(kind, *self.names)

    def sites(self) -> list[str]:
        """The `server` blocks."""
        raise NotImplementedError

    def site(self, name: str, location: str, server: str = "") -> str:
        """One `server` block on all its addresses."""
        places = [f"[{a}]" if ":" in a else a for a in self.addresses]
        secure = "listen {}:443 ssl http2;" if self.settings["https"] else ""
        listens = " ".join(f"listen {a}:80; {secure.format(a)}" for a in places)
        return _SITE.format(listens=listens, name=name, server=server, location=location)

    def write(self) -> None:
        told, made = self.settings, self.shown()
        text = _CONFIG.format(
            folder=self.folder,
            bundle=made.cert,
            key=made.key,
            servers="".join(self.sites()),
            **{k: told[k] for k in ("files", "connections", "connect", "read", "http", "tokens")},
        )
        (self.folder / "nginx.conf").write_text(text)

    def command(self) -> list[str]:
        return nginx_command(self.folder)

    def ready(self) -> bool:
        return self.listens_at(self.addresses[0], 443 if self.settings["https"] else 80)


class Gateway(Nginx):
    """The gateway of most sites.

    Settings beside nginx's own (`connect` and `read` in s; `certificate` is a kind of
    `authority.KINDS`; `https` false listens on port 80 only; `http`, `site` and `location` are
    further directives, the latter two of nginx.example.com): `scheme` and `upstream` of
    nginx.example.com; `secure_…` of secure.example.com; `php`, `socket`, `wp` where their sites'
    PHP is; `pool` and `pool_options` of lb.example.com; `named` of named.example.com, whose
    upstream is resolved at run time by `resolver`.
    """

    def __init__(self, lab: "Lab") -> None:
        names = ("nginx", "secure", "php", "socket", "wp", "lb", "named")
        super().__init__(
            lab, "nginx", lab.network.hops["gateway"], ("192.0.2.10", "2001:db8:6a7e::10"),
            tuple(f"{name}.example.com" for name in names),
        )  # fmt: skip
        self.lab = lab
        self.settings |= {
            "scheme": "http", "upstream": "10.0.0.2:8000",
            "secure": "https://10.0.0.2:8443", "secure_options": "", "secure_sni": "on",
            "secure_name": "app.internal",
            "php": "10.0.0.2:9000", "php_options": "", "php_root": "",
            "socket": "", "socket_options": "",
            "wp": "10.0.0.2:9000", "wp_options": "",
            "pool": ["10.0.0.2:8011", "10.0.0.2:8012", "10.0.0.2:8013"],
            "pool_options": "proxy_next_upstream off;", "pool_server": "max_fails=0",
            "named": "app.internal", "resolver": "10.0.0.2", "named_port": 8000,
        }  # fmt: skip

    def sites(self) -> list[str]:
        told, hops = self.settings, self.lab.network.hops
        pool = told["pool"]
        assert isinstance(pool, list)
        php_root = str(told["php_root"]) or f"{hops['app'].folder}/php-fpm/php"
        socket_root = f"{hops['gateway'].folder}/php-fpm-socket"
        wp_root = f"{hops['app'].folder}/wordpress/site"
        socket = str(told["socket"]) or f"unix:{socket_root}/php.sock"
        upstreams = " ".join(f"server {place} {told['pool_server']};" for place in pool)
        resolver = f"resolver {told['resolver']} valid=1s ipv6=off; resolver_timeout 2s;"
        group = f"  upstream shops {{ {upstreams} }}\n"
        return [
            group,
            self.site(
                "nginx.example.com",
                f"proxy_pass {told['scheme']}://{told['upstream']}; {told['location']}",
                str(told["site"]),
            ),
            self.site(
                "secure.example.com",
                f"proxy_pass {told['secure']}; proxy_ssl_verify on; proxy_ssl_server_name "
                f"{told['secure_sni']}; proxy_ssl_name {told['secure_name']}; "
                f"proxy_ssl_trusted_certificate {self.ca.file}; proxy_ssl_session_reuse off; "
                f"{told['secure_options']}",
            ),
            self.site(
                "php.example.com",
                _FASTCGI.format(root=php_root, to=told["php"]) + str(told["php_options"]),
                f"root {php_root}; location = /static.txt {{ }}",
            ),
            self.site(
                "socket.example.com",
                _FASTCGI.format(root=f"{socket_root}/php", to=socket) + str(told["socket_options"]),
                f"root {socket_root}/php; location = /static.txt {{ }}",
            ),
            self.site(
                "wp.example.com",
                "try_files $uri $uri/ /index.php?$args;",
                f"root {wp_root}; index index.php; client_max_body_size 8m; "
                f"location ~ \\.php$ {{ {_FASTCGI.format(root=wp_root, to=told['wp'])} "
                f"{told['wp_options']} }}",
            ),
            self.site(
                "lb.example.com",
                f"proxy_pass http://shops; {told['pool_options']}",
            ),
            self.site(
                "named.example.com",
                f"{resolver if told['resolver'] else ''} set $app {told['named']}; "
                f"proxy_pass http://$app:{told['named_port']};",
            ),
        ]


def servers(lab: "Lab") -> list[Server]:
    """The gateway."""
    return [Gateway(lab)]
