"""No secret that stands in configuration or logs comes out again, in whichever form."""

from io import StringIO

import pytest

from badgateway.investigate.explain import explain_materials
from badgateway.knowledge.base import knowledge
from badgateway.model.material import material_of
from badgateway.model.secret import masked, without_people
from badgateway.report.json import verdict_json
from badgateway.report.terminal import Detail, console, report
from badgateway.report.words import Words

S = "Zk7qP2vXw9RtB4nM"
"""The part of every planted secret by which it would be recognised."""
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0{S}.{S}c2lnbmF0dXJl"
PLANTED = {
    "environment": f"DB_PASSWORD={S}",
    "exported": f'export SECRET_KEY="{S}"',
    "php define": f"define( 'DB_PASSWORD', '{S}' );",
    "php salt": f"define('AUTH_KEY',         '{S}+|-{S}');",
    "php array": f"'password' => '{S}',",
    "php variable": f"$db_password = '{S}';",
    "yaml": f"password: {S}",
    "yaml quoted": f'  smtp_password: "{S} with blanks"',
    "json": f'{{"api_key": "{S}"}}',
    "json nested": f'{{"db":{{"client_secret":"{S}"}}}}',
    "toml": f'access_token = "{S}"',
    "ini": f"mysqli.default_pw = {S}",
    "xml": f"<password>{S}</password>",
    "xml attribute": f'<add key="x" password="{S}" />',
    "properties": f"spring.datasource.password={S}",
    "url userinfo": f"proxy_pass http://admin:{S}@10.0.0.2:8000/;",
    "postgres dsn": f"DATABASE_URL=postgres://app:{S}@db:5432/shop",
    "mysql dsn": f"mysql+pymysql://app:{S}@db/shop",
    "redis dsn": f"redis://:{S}@cache:6379/0",
    "amqp dsn": f"amqps://u:{S}@mq:5671/",
    "libpq words": f"host=db user=app password={S} dbname=shop",
    "jdbc": f"jdbc:mysql://db/shop?user=app&password={S}",
    "ado": f"Server=db;User Id=app;Password={S};",
    "authorization": f"Authorization: Bearer {S}",
    "basic": f"Authorization: Basic {S}==",
    "nginx header": f'proxy_set_header Authorization "Basic {S}";',
    "nginx api key": f'proxy_set_header X-Api-Key "{S}";',
    "cookie": f"Cookie: session={S}; theme=dark",
    "set-cookie": f"Set-Cookie: wordpress_logged_in_1=admin%7C{S}; path=/; HttpOnly",
    "query": f'"GET /callback?code=1&access_token={S}&x=1 HTTP/1.1"',
    "query signature": f"https://bucket/x?X-Amz-Signature={S}{S}&X-Amz-Date=1",
    "curl user": f"curl -u admin:{S} https://shop.example/",
    "mysql option": f"mysql -u root -p{S} shop",
    "command option": f"ExecStart=/usr/bin/app --db-password {S} --port 80",
    "jwt": f"token was {JWT}",
    "aws key": "AKIA" + "ZK7QP2VXW9RTB4NM",
    "github": f"ghp_{S}{S}{S[:4]}",
    "slack": f"xoxb-1234567890-{S}",
    "stripe": f"sk_live_{S}{S}",
    "google": f"AIza{S}{S}123",
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{S}{S}\n{S}\n-----END RSA PRIVATE KEY-----",
    "htpasswd": f"admin:$apr1$abcdefgh${S}abcdef",
    "bcrypt": f"admin:$2y$10${S}{S}{S}abcde",
    "shadow": f"root:$6$saltsalt${S}{S}:19000:0:99999:7:::",
    "mail": "from jane.doe-zk7qp2vxw9rtb4nm@example.org",
    "haproxy user": f"    user admin insecure-password {S}",
    "caddy basic": f"  basicauth {{\n    admin $2a$14${S}{S}{S}\n  }}",
    "compose": f"      - MYSQL_ROOT_PASSWORD={S}",
    "kubernetes": f"  - name: DB_PASSWORD\n    value: {S}",
}
FORMS = {
    "alone": "{}\n",
    "nginx log": "2024/01/01 10:00:00 [error] 1#1: *1 connect() failed (111: Connection refused) "
    'while connecting to upstream, client: 203.0.113.7, server: a, request: "{}", host: "a"\n',
    "php log": "[01-Jan-2024 10:00:00 UTC] PHP Fatal error:  Uncaught Exception: {} "
    "in /srv/a.php:3\n",
    "journal": "Jan 01 10:00:00 web app[9]: {}\nJan 01 10:00:01 web app[9]: Error: {}\n",
    "page": "<html><h1>502 Bad Gateway</h1><pre>{}</pre></html>\n",
    "traceback": 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: {}\n',
}


def shown(text):
    """All that somebody can get to see of a text: the report with its reasons, and the JSON."""
    verdict = explain_materials([material_of("x", text)])
    out = StringIO()
    report(verdict, knowledge(), Words("en"), console(out), Detail.WHY)
    return out.getvalue().replace("\n", ""), verdict_json(verdict)


PAIRS = [
    (kind, form)
    for number, kind in enumerate(PLANTED)
    for place, form in enumerate(FORMS)
    if place == 0 or (place + number) % 3 == 0
]
"""Every kind alone and in one or two of the dialects."""


@pytest.mark.parametrize(("kind", "form"), PAIRS)
def test_a_secret_comes_out_nowhere(kind, form):
    """Neither whole nor in part, in the report or the JSON."""
    for output in shown(FORMS[form].replace("{}", PLANTED[kind])):
        assert S[:8].lower() not in output.lower()


def test_all_of_them_at_once():
    """In one large file, where excerpts are cut anywhere."""
    for output in shown("\n".join(PLANTED.values()) * 3):
        assert S[:8].lower() not in output.lower()


def test_what_tells_is_kept():
    """Names, addresses of upstreams and ordinary words stay."""
    text = 'upstream: "http://10.0.0.2:8000/a?page=2", host: "shop.example", password_reset sent'
    assert masked(text) == text


HOSTILE = ("password=", "eyJ", "a@", "http://a:", "-----BEGIN PRIVATE KEY-----", "Cookie: ")


@pytest.mark.parametrize("part", [*HOSTILE, "$2y$10$", "--token ", "<password>", "name: a\n", "-"])
def test_masking_takes_time_in_proportion(part):
    """A hostile megabyte is masked at once: every repetition in the expressions is bounded."""
    assert masked(part * (1_000_000 // len(part)))


def test_addresses_of_people_can_be_told_apart_and_not_found():
    """In a bundle the last part of a visitor's address is replaced, always by the same."""
    text = (
        'client: 203.0.113.7, upstream: "http://10.0.0.2:8000/", client: 203.0.113.9, '
        "client: 2001:db8:1:2:3:4:5:6 and 203.0.113.7"
    )
    found = without_people(text, keep={"10.0.0.2"})
    assert "10.0.0.2:8000" in found
    assert "203.0.113.7" not in found
    assert "2001:db8:1:2:3" not in found
    words = [word.strip(",") for word in found.split() if word.startswith("203.0.113.")]
    assert len(words) == 3
    assert words[0] == words[2] != words[1]
