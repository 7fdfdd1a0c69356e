"""Configuration of gateways other than nginx: where they send requests, and what they refuse."""

import pytest

from badgateway.model.material import material_of
from badgateway.readers import readers

VCL = """vcl 4.1;
# backend old { .host = "192.0.2.9"; }
backend default {
  .host = "10.0.0.2"; .port = "8000";
  .first_byte_timeout = 4s;
  .probe = { .url = "/health"; .timeout = 1s; }
}
backend six { .host = "2001:db8::5"; }
backend file { .path = "/run/app.sock"; }
"""


def read(kind, text):
    return list(readers()[kind].read(material_of("gateway.conf", text)))


def upstreams(kind, text):
    return [o.text("upstream") for o in read(kind, text) if o.name == "config-upstream"]


def test_the_backends_of_varnish():
    """Host and port, the usual port where none is named, IPv6 in brackets, sockets; no comments."""
    assert upstreams("vcl", VCL) == ["10.0.0.2:8000", "[2001:db8::5]:80", "unix:/run/app.sock"]
    (limit,) = [o for o in read("vcl", VCL) if o.name == "config-timeout"]
    assert (limit.value["role"], limit.value["seconds"]) == ("read", 4.0)


@pytest.mark.parametrize(
    ("body", "on"),
    [
        ("return (synth(503));", True),
        ('if (req.url == "/x") { return (synth(503)); }', False),
        ("return (synth(404));", False),
    ],
)
def test_varnish_is_in_maintenance_when_every_request_is_answered_503(body, on):
    """Outside any condition only."""
    text = f"vcl 4.1;\nsub vcl_recv {{\n  {body}\n}}\n"
    assert any(o.name == "maintenance-on" for o in read("vcl", text)) is on


@pytest.mark.parametrize(
    ("rule", "on"),
    [
        ("http-request deny deny_status 503", True),
        ("http-request return status 503 content-type text/plain string down", True),
        ("http-request deny deny_status 503 if { src 192.0.2.1 }", False),
        ("http-request deny", False),
    ],
)
def test_haproxy_is_in_maintenance_when_every_request_is_refused_with_503(rule, on):
    """A rule with a condition is a filter."""
    text = f"frontend web\n  bind :80\n  {rule}\n  default_backend app\n"
    assert any(o.name == "maintenance-on" for o in read("haproxy-config", text)) is on


def test_where_lighttpd_sends_requests():
    """By mod_proxy and mod_fastcgi, to hosts and sockets."""
    text = """server.port = 80
proxy.server = ( "" => (( "host" => "10.0.0.2", "port" => 8000 ),
                        ( "host" => "10.0.0.3", "port" => 8001 )) )
fastcgi.server = ( ".php" => (( "socket" => "/run/php.sock" )) )
"""
    found = ["10.0.0.2:8000", "10.0.0.3:8001", "unix:/run/php.sock"]
    assert upstreams("lighttpd-config", text) == found


def test_where_traffic_server_fetches_a_site_from():
    """Each mapping; a line that is none is passed over, as is a port that cannot be."""
    text = "# map http://a/ http://b/\nmap https://shop.example/ http://10.0.0.2/\n"
    text += "regex_map http://(.*)/ https://[2001:db8::5]:8443/\nmap http://a/ http://b:99999/\n"
    assert upstreams("trafficserver-remap", text) == ["10.0.0.2:80", "[2001:db8::5]:8443"]


SLOW = """
[24-Nov-2026 22:18:43]  [pool www] pid 2438
script_filename = /var/www/index.php
[0x00007feb500143e0] mysqli_real_connect() /var/www/wp-includes/class-wpdb.php:1978
[0x00007feb50014300] db_connect() /var/www/wp-includes/class-wpdb.php:772
"""


def test_the_slow_log_names_the_script_and_where_it_was():
    """The innermost function, and how often the same was seen."""
    (found,) = read("php-slow-log", SLOW * 3)
    assert found.text("path") == "/var/www/index.php"
    assert found.text("detail").startswith("mysqli_real_connect() at ")
    assert (found.value["count"], found.value["line"]) == (3, 4)


@pytest.mark.parametrize(
    ("reader", "text", "said"),
    [
        (
            "nginx-config",
            (
                "http { proxy_ssl_verify on; proxy_ssl_trusted_certificate /etc/ca.pem;"
                " server { proxy_ssl_server_name on;"
                " location / { proxy_pass https://app.internal:8443; } } }"
            ),
            ("app.internal", "app.internal", True, "/etc/ca.pem"),
        ),
        (
            "nginx-config",
            "server { location / { proxy_pass https://10.0.0.2:8443; } }",
            ("", "10.0.0.2", False, ""),
        ),
        (
            "haproxy-config",
            "backend b\n  server a 10.0.0.2:8443 ssl ca-file /etc/ca.pem sni str(app.internal)\n",
            ("app.internal", "app.internal", True, "/etc/ca.pem"),
        ),
        (
            "haproxy-config",
            "backend b\n  server a 10.0.0.2:8443 ssl verify none verifyhost x.test\n",
            ("", "x.test", False, ""),
        ),
        (
            "apache-config",
            (
                "SSLProxyEngine on\nSSLProxyVerify require\nSSLProxyCACertificateFile /etc/ca.pem\n"
                "ProxyPass / https://app.internal:8443/\n"
            ),
            ("app.internal", "app.internal", True, "/etc/ca.pem"),
        ),
    ],
)
def test_how_a_gateway_shakes_hands_stands_in_its_configuration(reader, text, said):
    """The name that is sent, the one that must be shown, whether it looks, and whom it believes."""
    found = readers()[reader].read(material_of("x", text))
    upstream = next(o for o in found if o.name == "config-upstream")
    keys = ("server_name", "expects", "checks", "authorities")
    assert tuple(upstream.value.get(key) for key in keys) == said


def test_what_the_gateway_takes_from_the_request_is_not_guessed():
    """A name that is a variable, or a visitor's own, leaves the handshake to the gateway."""
    texts = {
        "nginx-config": "location / { proxy_pass https://a:8443; proxy_ssl_name $host; }",
        "haproxy-config": "backend b\n  server a 10.0.0.2:8443 ssl sni req.hdr(host)\n",
        "apache-config": "ProxyPreserveHost On\nProxyPass / https://app.internal:8443/\n",
    }
    for reader, text in texts.items():
        found = readers()[reader].read(material_of("x", text))
        assert "server_name" not in next(o for o in found if o.name == "config-upstream").value


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("proxy_set_header Host old.example; location / { proxy_pass http://a; }", "old.example"),
        ("proxy_set_header Host $host; location / { proxy_pass http://a; }", ""),
        (
            (
                "proxy_set_header Host old.example;"
                " location / { proxy_set_header X-A b; proxy_pass http://a; }"
            ),
            "",
        ),
    ],
)
def test_the_host_that_nginx_sends(text, host):
    """Written out; not where it is the visitor's, nor where the level has headers of its own."""
    found = [o for o in read("nginx-config", f"server {{ {text} }}") if o.name == "config-upstream"]
    assert [o.text("host") for o in found] == [host]


def test_the_logs_of_php():
    """PHP's own log stands in a pool as a value for PHP; `$pool` is the pool's name."""
    text = """[shop]
listen = /run/php/shop.sock
slowlog = /var/log/php/$pool.slow.log
php_admin_value[error_log] = /var/log/php/$pool.error.log
;php_value[error_log] = /var/log/php/old.log
php_value[error_log] = relative.log
"""
    logs = [(o.text("path"), o.text("kind")) for o in read("php-config", text) if o.text("path")]
    assert logs == [
        ("/var/log/php/shop.slow.log", "slow"),
        ("/var/log/php/shop.error.log", "error"),
    ]
