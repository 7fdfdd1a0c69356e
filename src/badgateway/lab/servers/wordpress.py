"""WordPress with a theme and plugins: files beside PHP-FPM, content in MariaDB."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server
from badgateway.lab.servers.applications import AS_WEB, copy_app
from badgateway.lab.servers.php_fpm import EXTENSIONS

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 25

SOURCE = Path("/usr/share/wordpress")
THEME = "twentytwentythree"
PLUGINS = ("opening-hours", "order-export", "simple-seo")

_CONFIG = """<?php
define('DB_NAME', '{db_name}');
define('DB_USER', 'shop');
define('DB_PASSWORD', '{db_password}');
define('DB_HOST', '{db_host}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (array('AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT',
    'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT') as $word) define($word, "lab $word");
$table_prefix = 'wp_';
define('WP_HOME', 'https://wp.example.com');
define('WP_SITEURL', 'https://wp.example.com');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', {block});
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_MEMORY_LIMIT', '64M');
$_SERVER['HTTPS'] = 'on';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""


class WordPress(Server):
    """The site's files; no process of its own.

    Settings: `db_host`, `db_name`, `db_password` as in wp-config.php; `block` false lets plugins
    ask other servers.
    """

    def __init__(self, lab: "Lab") -> None:
        settings: dict[str, object] = {
            "db_host": "10.0.1.2", "db_name": "wordpress", "db_password": "shop-secret",
            "block": "true",
        }  # fmt: skip
        super().__init__("wordpress", lab.network.hops["app"], ("php", "mariadbd"), settings)
        self.up = False

    def lacking(self) -> str | None:
        """WordPress itself, and a theme, which Debian has in packages of their own."""
        if not (SOURCE / "wp-settings.php").exists():
            return "the Debian package wordpress"
        if not (SOURCE / "wp-content" / "themes" / THEME).exists():
            return f"the Debian package wordpress-theme-{THEME}"
        return None

    @property
    def running(self) -> bool:
        return self.up

    @property
    def site(self) -> Path:
        """Where nginx and PHP look for it."""
        return self.folder / "site"

    def write(self) -> None:
        told = self.settings
        names = ("db_name", "db_password", "db_host", "block")
        (self.folder / "site").mkdir(exist_ok=True)
        text = _CONFIG.format(**{name: told[name] for name in names})
        (self.site / "wp-config.php").write_text(text)

    def start(self) -> None:
        self.write()
        if not (self.site / "index.php").exists():
            self._install()
        self.up = True

    def stop(self, how: int = 0) -> None:
        self.up = bool(how)

    def ready(self) -> bool:
        return self.up

    def _install(self) -> None:
        site = self.site
        for path in SOURCE.glob("*.php"):
            if path.name != "wp-config.php":
                shutil.copyfile(path, site / path.name)
        for name in ("wp-admin", "wp-includes"):  # never changed by a fault, and 50 MB
            (site / name).symlink_to(SOURCE / name)
        content = site / "wp-content"
        shutil.copytree(SOURCE / "wp-content" / "themes" / THEME, content / "themes" / THEME)
        copied = copy_app("wordpress", self.folder)
        shutil.copytree(copied / "plugins", content / "plugins")
        shutil.copytree(copied / "mu-plugins", content / "mu-plugins")
        self.hop.run(
            *AS_WEB, "php", "-n", *EXTENSIONS, "-d", "memory_limit=256M",
            str(copied / "install.php"), str(site), THEME, *PLUGINS, timeout=60,
        )  # fmt: skip


def servers(lab: "Lab") -> list[Server]:
    """The one."""
    return [WordPress(lab)]
