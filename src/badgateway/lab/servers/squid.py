"""Squid: a company's forward proxy."""

from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 60


class Squid(Server):
    """A forward proxy on port 3128.

    Settings:
        denied: a domain that it refuses, empty for none.
        resolver: the name server that it asks.
    """

    def write(self) -> None:
        """Write its configuration."""
        denied = str(self.settings["denied"])
        lines = [
            "http_port 3128",
            "visible_hostname proxy.corp.example.net",
            f"dns_nameservers {self.settings['resolver']}",
            "dns_timeout 4 seconds",
            "positive_dns_ttl 1 seconds",
            "negative_dns_ttl 1 seconds",
            "connect_timeout 3 seconds",
            "read_timeout 6 seconds",
            "forward_timeout 4 seconds",
            "connect_retries 0",
            "cache deny all",
            "cache_mem 1 MB",
            "memory_cache_shared off",
            "pinger_enable off",
            "shutdown_lifetime 0 seconds",
            "coredump_dir /",
            f"pid_filename {self.folder}/pid",
            f"access_log stdio:{self.folder}/access.log",
            f"cache_log {self.folder}/cache.log",
            "cache_effective_user proxy",
            *([f"acl denied dstdomain {denied}", "http_access deny denied"] if denied else []),
            "http_access allow all",
        ]
        (self.folder / "squid.conf").write_text("\n".join(lines) + "\n")
        self.folder.chmod(0o777)

    def command(self) -> list[str]:
        """In the foreground, one process."""
        return ["squid", "-N", "-f", f"{self.folder}/squid.conf"]

    def ready(self) -> bool:
        """Whether it listens."""
        return self.listens(3128)


def servers(lab: "Lab") -> list[Server]:
    """`squid`."""
    settings: dict[str, object] = {"denied": "", "resolver": "198.51.100.53"}
    return [Squid("squid", lab.network.hops["corp"], ("squid",), settings)]
