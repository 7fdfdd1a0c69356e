"""A whole bundle, unpacked: what somebody else gets to see of a machine full of secrets."""

import io
import tarfile

import pytest
import zstandard
from planted import FORMS, PLANTED, S

from badgateway.cli.main import main

NGINX = """user www-data;
http {{
  server {{
    server_name shop.example;
    root /srv/shop;
    location / {{ {line} proxy_pass http://127.0.0.1:8000; }}
  }}
}}
"""


@pytest.fixture
def tree(tmp_path):
    """A copied machine with every kind of secret in its settings and in each form of its logs."""
    root = tmp_path / "tree"
    secrets = [secret for secret in PLANTED.values() if "\n" not in secret]
    files = {
        "etc/nginx/nginx.conf": NGINX.format(line=PLANTED["nginx header"]),
        "etc/haproxy/haproxy.cfg": "userlist u\n" + PLANTED["haproxy user"]
        + "\nbackend b\n  server a 127.0.0.1:9000\n",
        "etc/php/8.2/fpm/pool.d/www.conf": "[www]\nlisten = /run/php/fpm.sock\n"
        f"pm.max_children = 5\nenv[DB_PASSWORD] = {S}\n{PLANTED['ini']}\n",
        "srv/shop/wp-config.php": "<?php\ndefine('DB_NAME', 'shop');\n"
        f"define('DB_HOST', 'db.internal');\n{PLANTED['php define']}\n{PLANTED['php salt']}\n",
        "srv/shop/wp-content/debug.log": "".join(
            FORMS["php log"].format(secret) for secret in secrets
        ),
        "var/log/nginx/error.log": "".join(FORMS["nginx log"].format(s) for s in secrets),
        "var/log/syslog": "".join(FORMS["journal"].replace("{}", secret) for secret in secrets),
        "var/log/app.log": "".join(FORMS["traceback"].format(s) for s in PLANTED.values()),
    }  # fmt: skip
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def unpacked(path):
    """The members of a bundle."""
    reader = zstandard.ZstdDecompressor().stream_reader(path.read_bytes())
    data = io.BytesIO(reader.read())
    with tarfile.open(fileobj=data) as bundle:
        return {m.name: bundle.extractfile(m).read().decode() for m in bundle.getmembers()}


def test_no_secret_of_a_machine_is_in_its_bundle_its_report_or_its_json(tree, tmp_path, capsys):
    """Nearly fifty kinds in settings and logs, and none of them in anything that is given away."""
    assert len(PLANTED) >= 40
    packed = tmp_path / "evidence.tar.zst"
    status = main(["inspect", "--root", str(tree), "--json", "--bundle", str(packed)])
    assert status in (0, 1)
    members = unpacked(packed)
    assert {"verdict.json", "report.txt"} <= set(members)
    shown = [*members.values(), capsys.readouterr().out]
    assert all("db.internal" in text for text in (members["verdict.json"], shown[-1]))
    for text in shown:
        assert S.lower() not in text.lower()


def test_the_settings_of_wordpress_are_found_where_the_gateway_says_that_the_site_is(tree, capsys):
    """`root` leads to wp-config.php; database and name are told, the password is not."""
    main(["inspect", "--root", str(tree), "--json"])
    told = capsys.readouterr().out
    assert '"database": "db.internal:3306"' in told
    assert "/srv/shop/wp-config.php" in told
