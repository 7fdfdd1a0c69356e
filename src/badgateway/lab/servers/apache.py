"""Apache httpd as a gateway: to gunicorn, over TLS, to PHP-FPM, to three Nodes."""

from functools import cached_property
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.authority import Certificate
    from badgateway.lab.lab import Lab

ORDER = 40

ADDRESS = "192.0.2.11"

_MODULES = (
    "mpm_event", "authz_core", "dir", "mime", "headers", "proxy", "proxy_http",
    "proxy_fcgi", "proxy_balancer", "lbmethod_byrequests", "slotmem_shm", "socache_shmcb", "ssl",
    "reqtimeout", "ratelimit", "rewrite",
)  # fmt: skip

_CONFIG = """
ServerRoot /usr/lib/apache2
{modules}
User www-data
Group www-data
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Mutex pthread default
ServerName apache.example.net
Listen {address}:80
Listen {address}:443
ErrorLog {folder}/error.log
LogLevel info
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
CustomLog {folder}/access.log combined
TypesConfig /etc/mime.types
KeepAliveTimeout 2
GracefulShutdownTimeout 1
StartServers 1
ServerLimit {processes}
ThreadsPerChild {threads}
MaxRequestWorkers {workers}
MinSpareThreads {threads}
MaxSpareThreads {spare}
ProxyTimeout {read}
ProxyPreserveHost On
SSLSessionCache none
{main}
{sites}
"""

_SITE = """
<VirtualHost {address}:{port}>
  ServerName {name}
  {tls}
  {body}
</VirtualHost>
"""


class Apache(Server):
    """The second gateway.

    Settings: `upstream`, `connect` and `read` (s), `location` (further directives of
    apache.example.net), `main` (of the whole server), `secure` and `secure_options`, `php`,
    `pool`, the sizes of the thread pool, and `certificate`, a kind of `authority.KINDS`.
    """

    def __init__(self, lab: "Lab") -> None:
        settings: dict[str, object] = {
            "upstream": "10.0.0.2:8000", "scheme": "http", "connect": 2, "read": 4,
            "location": "", "main": "", "secure": "https://app.internal:8443",
            "secure_options": "", "certificate": "valid", "php": "10.0.0.2:9000",
            "pool": ["10.0.0.2:8011", "10.0.0.2:8012", "10.0.0.2:8013"],
            "member": "retry=0", "workers": 50, "threads": 25, "processes": 2, "spare": 50,
        }  # fmt: skip
        super().__init__("apache", lab.network.hops["gateway"], ("apache2",), settings)
        self.lab = lab

    NAMES = ("apache", "secure-apache", "php-apache", "lb-apache")

    @cached_property
    def certificate(self) -> "Certificate":
        """For all its sites."""
        return self.lab.ca.issue(*(f"{name}.example.net" for name in self.NAMES))

    def _bodies(self) -> dict[str, str]:
        told = self.settings
        pool = told["pool"]
        assert isinstance(pool, list)
        root = f"{self.lab.network.hops['app'].folder}/php-fpm/php"
        members = "\n".join(
            f"BalancerMember http://{place} {told['member']} connectiontimeout={told['connect']}"
            for place in pool
        )
        return {
            "apache": f"{told['location']}\nProxyPass / {told['scheme']}://{told['upstream']}/ "
            f"retry=0 connectiontimeout={told['connect']}",
            "secure-apache": "SSLProxyEngine on\nSSLProxyVerify require\n"
            f"SSLProxyCACertificateFile {self.lab.ca.file}\nSSLProxyCheckPeerName on\n"
            "ProxyPreserveHost Off\n"
            f"{told['secure_options']}\n"
            f"ProxyPass / {told['secure']}/ retry=0 connectiontimeout={told['connect']}",
            "php-apache": f'DocumentRoot {root}\nDirectoryIndex index.php\n<Directory "{root}">\n'
            "Require all granted\n</Directory>\n"
            '<FilesMatch "\\.php$">\n'
            f'SetHandler "proxy:fcgi://{told["php"]}"\n</FilesMatch>\n'
            f'<Proxy "fcgi://{told["php"]}">\n'
            f"ProxySet retry=0 connectiontimeout={told['connect']} timeout={told['read']}\n"
            "</Proxy>",
            "lb-apache": f"<Proxy balancer://shops>\n{members}\nProxySet lbmethod=byrequests "
            "maxattempts=0 nofailover=On\n</Proxy>\nProxyPass / balancer://shops/",
        }

    def write(self) -> None:
        told, made = self.settings, self.certificate
        if (kind := str(told["certificate"])) != "valid":
            made = self.lab.ca.like(kind, *(f"{name}.example.net" for name in self.NAMES))
        tls = f"SSLEngine on\nSSLCertificateFile {made.cert}\nSSLCertificateKeyFile {made.key}"
        sites = "".join(
            _SITE.format(
                address=ADDRESS, port=port, name=f"{name}.example.net",
                tls=tls if port == 443 else "", body=body,
            )
            for name, body in self._bodies().items()
            for port in (80, 443)
        )  # fmt: skip
        text = _CONFIG.format(
            folder=self.folder, address=ADDRESS, sites=sites,
            modules="\n".join(f"LoadModule {m}_module modules/mod_{m}.so" for m in _MODULES),
            **{k: told[k] for k in ("read", "main", "workers", "threads", "processes", "spare")},
        )  # fmt: skip
        (self.folder / "apache.conf").write_text(text)
        # A stale pid file makes Apache say "already running" and end with status 0.
        (self.folder / "pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        return ["apache2", "-D", "FOREGROUND", "-f", f"{self.folder}/apache.conf"]

    def ready(self) -> bool:
        return self.listens_at(ADDRESS, 443)


def servers(lab: "Lab") -> list[Server]:
    """The one."""
    return [Apache(lab)]
