"""MariaDB on the hop `database`, behind PHP."""

from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 20

ADDRESS = "10.0.1.2"

_USERS = """
CREATE DATABASE IF NOT EXISTS wordpress;
CREATE USER IF NOT EXISTS 'shop'@'%' IDENTIFIED BY 'shop-secret';
GRANT ALL ON wordpress.* TO 'shop'@'%';
"""


class MariaDb(Server):
    """The database; setting `connections` is max_connections."""

    def __init__(self, lab: "Lab") -> None:
        programs = ("mariadbd", "mariadb-install-db", "mariadb")
        super().__init__("mariadb", lab.network.hops["database"], programs, {"connections": 40})

    def write(self) -> None:
        (self.folder / "init.sql").write_text(_USERS)
        data = self.folder / "data"
        if not data.exists():
            self.hop.run("chown", "mysql:mysql", str(self.folder))
            self.hop.run(
                "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql",
                "--skip-test-db", "--auth-root-authentication-method=normal",
                "--innodb-log-file-size=4M", "--skip-name-resolve", timeout=60,
            )  # fmt: skip

    def command(self) -> list[str]:
        folder = self.folder
        return [
            "mariadbd", "--no-defaults", f"--datadir={folder}/data", f"--socket={folder}/sock",
            f"--bind-address={ADDRESS}", "--port=3306", "--user=mysql",
            f"--pid-file={folder}/pid", f"--log-error={folder}/error.log",
            f"--init-file={folder}/init.sql", "--skip-name-resolve", "--skip-log-bin",
            f"--max-connections={self.settings['connections']}", "--log-warnings=2",
            "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M",
            "--innodb-fast-shutdown=2", "--innodb-flush-log-at-trx-commit=0",
            "--key-buffer-size=1M", "--performance-schema=OFF", "--lock-wait-timeout=600",
        ]  # fmt: skip

    def ready(self) -> bool:
        return self.listens_at(ADDRESS, 3306)


def servers(lab: "Lab") -> list[Server]:
    """The one."""
    return [MariaDb(lab)]
