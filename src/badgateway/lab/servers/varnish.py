"""Varnish as a gateway, with hitch in front of it for TLS, as its own makers have it."""

from functools import cached_property
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.authority import Authority, Certificate
    from badgateway.lab.lab import Lab
    from badgateway.lab.network import Hop

ORDER = 40

_VCL = """vcl 4.1;
{probe}
backend default {{
  .host = "{host}"; .port = "{port}";
  .connect_timeout = {connect}s; .first_byte_timeout = {read}s; .between_bytes_timeout = {read}s;
  {use_probe}
}}
sub vcl_recv {{
  {recv}
  return ({todo});
}}
sub vcl_backend_response {{
  {response}
}}
"""

_PROBE = """probe alive {{
  .url = "{url}"; .interval = 300ms; .timeout = 300ms; .window = 3; .threshold = 2;
}}"""


class Varnish(Server):
    """A Varnish on one address, port 80.

    Settings: `upstream`; `connect` and `read` in s; `probe` true asks for `probe_url` and marks the
    upstream as sick when that fails; `recv` and `response` are further VCL; `todo` is pass (the
    default here: every visitor's request reaches the upstream) or hash.
    """

    def __init__(self, name: str, hop: "Hop", address: str, upstream: str) -> None:
        settings: dict[str, object] = {
            "upstream": upstream, "connect": 2, "read": 4, "probe": False, "probe_url": "/health",
            "recv": "", "response": "", "todo": "pass", "parameters": [],
        }  # fmt: skip
        super().__init__(name, hop, ("varnishd", "gcc"), settings)
        self.address = address

    def write(self) -> None:
        told = self.settings
        host, _, port = str(told["upstream"]).rpartition(":")
        text = _VCL.format(
            host=host, port=port, connect=told["connect"], read=told["read"], todo=told["todo"],
            recv=told["recv"], response=told["response"],
            probe=_PROBE.format(url=told["probe_url"]) if told["probe"] else "",
            use_probe=".probe = alive;" if told["probe"] else "",
        )  # fmt: skip
        (self.folder / "default.vcl").write_text(text)

    def command(self) -> list[str]:
        parameters = self.settings["parameters"]
        assert isinstance(parameters, list)
        return [
            "varnishd", "-F", "-a", f"{self.address}:80", "-f", f"{self.folder}/default.vcl",
            "-n", f"{self.folder}/work", "-s", "malloc,16M", "-T", "127.0.0.1:0", "-j", "none",
            # The holddown would refuse for 10 s after a failed connection was healed.
            "-p", "backend_local_error_holddown=0", "-p", "backend_remote_error_holddown=0",
            "-p", "thread_pools=1", "-p", "thread_pool_min=10", "-p", "vsl_space=4M",
            "-p", "cc_command=exec gcc -g -O0 -fno-strict-aliasing -fpic -shared -Wl,-x -o %o %s",
            *[word for p in parameters for word in ("-p", str(p))],
        ]  # fmt: skip

    def ready(self) -> bool:
        return self.listens_at(self.address, 80)


_HITCH = """
frontend = "[{address}]:443"
backend = "[{address}]:80"
pem-file = "{pem}"
user = "nobody"
group = "nogroup"
workers = 1
daemon = off
quiet = on
log-level = 0
alpn-protos = "http/1.1"
"""


class Hitch(Server):
    """Ends TLS for a Varnish on the same address; `certificate` is a kind of `authority.KINDS`."""

    def __init__(self, lab: "Lab", name: str, hop: "Hop", address: str, site: str) -> None:
        super().__init__(name, hop, ("hitch",), {"certificate": "valid"})
        self.ca: Authority = lab.ca
        self.address, self.site = address, site

    @cached_property
    def certificate(self) -> "Certificate":
        """For its one site."""
        return self.ca.issue(self.site)

    def write(self) -> None:
        kind = str(self.settings["certificate"])
        made = self.certificate if kind == "valid" else self.ca.like(kind, self.site)
        text = _HITCH.format(address=self.address, pem=made.bundle)
        (self.folder / "hitch.conf").write_text(text)

    def command(self) -> list[str]:
        return ["hitch", f"--config={self.folder}/hitch.conf"]

    def ready(self) -> bool:
        return self.listens_at(self.address, 443)


def servers(lab: "Lab") -> list[Server]:
    """Varnish and its hitch."""
    hop, address = lab.network.hops["gateway"], "192.0.2.14"
    return [
        Varnish("varnish", hop, address, "10.0.0.2:8000"),
        Hitch(lab, "hitch", hop, address, "varnish.example.net"),
    ]
