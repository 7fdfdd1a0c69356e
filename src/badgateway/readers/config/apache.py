"""Apache's configuration: ProxyPass and its kin, times, names (mod_proxy's documentation)."""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "apache-config"

_KNOWN = re.compile(
    r"(?mi)^[ \t]*(?:<VirtualHost|</VirtualHost|<Proxy|<Location|<Directory"
    r"|ProxyPass|ProxyPassReverse"
    r"|ProxyTimeout|ServerName|ServerAlias|DocumentRoot|BalancerMember|SetHandler|SSLProxyEngine"
    r"|<IfModule|<Files|<IfDefine|AddType|AddDefaultCharset|AddOutputFilter|AddLanguage"
    r"|DirectoryIndex"
    r"|SetEnvIf|BrowserMatch|RequestReadTimeout|ServerTokens|StartServers|ScriptSock|AliasMatch"
    r"|SSLProtocol|SSLCipherSuite|Protocols|CacheRoot|Require[ \t]+(?:all|ip|host|local)"
    r"|Options[ \t]+[+-]?[A-Z]"
    r"|LoadModule|ErrorLog|CustomLog|MaxRequestWorkers|RewriteRule"
    r"|Listen[ \t]+(?:\S+:)?\d+[ \t\r]*$)\b"
)
_TARGET = re.compile(r"(?:(unix:[^|]+)\|)?(\w+)://([^/\s\"]*)")
_PASSING = ("proxypass", "proxypassmatch", "balancermember", "sethandler", "rewriterule")
_PORTS = {"https": 443, "http": 80, "ajp": 8009, "fcgi": 9000, "wss": 443}


_SHAPE = re.compile(r"\s*(?:</?[A-Z][A-Za-z0-9]+[ >]|[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*(?:\s|$))")
"""How every line begins: a directive's name, or a section."""


def fits(head: str) -> float:
    """Directives that only Apache has, no semicolons at the ends of lines."""
    known = len(_KNOWN.findall(head))
    if not known or re.search(r"(?m)^[^#\n]*;[ \t\r]*$", head):
        return 0.0
    lines = [line for line in head.splitlines() if line.strip() and line.strip()[0] != "#"]
    shaped = sum(1 for line in lines if _SHAPE.match(line))
    return 0.95 if known * 4 >= len(lines) or shaped >= 0.85 * len(lines) else 0.6


def read(material: Material) -> Iterator[Observation]:
    """Where requests are sent, names, times."""
    sites: tuple[str, ...] = ()
    kept = ""
    first = 0
    secured = _security(material.text(1 << 20))
    for number, raw in material.lines():
        line = kept + raw.strip()
        first = first if kept else number
        if raw.endswith("\\"):
            kept = line[:-1] + " "
            continue
        kept = ""
        words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
        parts = [quoted or plain for quoted, plain in words]
        if not parts or parts[0].startswith("#"):
            continue
        name = parts[0].lower()
        if name.startswith("<virtualhost"):
            sites = ()
        elif name in ("servername", "serveralias"):
            sites = (*sites, *parts[1:])
        for word, value in _line(name, parts[1:], sites):
            value |= {"by": "apache", "file": material.name, "line": first}
            if word == "config-upstream" and value.get("protocol") == "https" and secured:
                name = str(value["upstream"]).rpartition(":")[0]
                if re.search("[A-Za-z]", name):
                    # The name of the URL is sent, and the certificate must be good for it.
                    value |= {**secured, "server_name": name, "expects": name}
            yield Observation(Hop.GATEWAY, word, value, f"{KIND}:{material.name}:{first}")


def _security(text: str) -> dict[str, Value]:
    """How it shakes hands with upstreams (mod_ssl, SSLProxyVerify): by default it believes anybody.

    Nothing where parts of the file differ, or where visitors' own names are passed on.
    """
    told = {
        name: {found.strip('"') for found in re.findall(rf"(?mi)^[ \t]*{name}[ \t]+(\S+)", text)}
        for name in ("SSLProxyVerify", "SSLProxyCACertificateFile", "ProxyPreserveHost")
    }
    if any(len(values) > 1 for values in told.values()) or "on" in {
        value.lower() for value in told["ProxyPreserveHost"]
    }:
        return {}
    return {
        "checks": told["SSLProxyVerify"] == {"require"},
        "authorities": next(iter(told["SSLProxyCACertificateFile"]), ""),
        "shows": "sslproxymachinecertificatefile" in text.lower(),
    }


def _line(
    name: str, words: list[str], sites: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Value]]]:
    if name in _PASSING and not re.search(r"\bR=503\b", " ".join(words)):
        for word in words:
            found = _TARGET.search(word.removeprefix("proxy:"))
            if found is None or found[2] == "balancer":
                continue
            address = found[1] or found[3].rpartition("@")[2]
            if not found[1] and not re.search(r":\d+$", address):
                address = f"{address}:{_PORTS.get(found[2], 80)}"
            protocol = {"fcgi": "fastcgi"}.get(found[2], found[2])
            yield (
                "config-upstream",
                {"upstream": address, "sites": sites, "path": words[0], "protocol": protocol},
            )
            if address.startswith("localhost:") and not found[1]:
                detail = "localhost is 127.0.0.1 and ::1; the application may listen on one only"
                yield "config-flaw", {"flaw": "localhost-ambiguous", "detail": detail}
            break
        timeout = next((w.split("=")[1] for w in words if w.startswith("timeout=")), "")
        if timeout.isdigit():
            value: dict[str, Value] = {
                "setting": "timeout",
                "seconds": int(timeout),
                "role": "read",
            }
            yield "config-timeout", value
    elif (name == "rewriterule" and re.search(r"\bR=503\b", " ".join(words))) or (
        name == "redirect" and words[:1] == ["503"]
    ):
        yield "maintenance-on", {"detail": "requests are answered 503 by rule"}
    elif name in ("proxytimeout", "timeout") and words and words[0].isdigit():
        yield "config-timeout", {"setting": name, "seconds": int(words[0]), "role": "read"}
    elif name == "listen" and words:
        address = words[0] if ":" in words[0] else f"*:{words[0]}"
        yield "config-listen", {"address": address, "sites": ()}
    elif name in ("maxrequestworkers", "serverlimit") and words:
        yield "config-limit", {"setting": name, "most": words[0]}
    elif name in ("errorlog", "customlog") and words and words[0].startswith("/"):
        kind = "error" if name == "errorlog" else "access"
        yield "config-log", {"path": words[0], "kind": kind}
    elif name == "logformat" and words:
        nickname = words[1] if len(words) > 1 else "common"
        yield "config-log-format", {"name": nickname, "format": words[0][:4_000]}
    elif name == "keepalivetimeout" and words and words[0].isdigit():
        yield (
            "config-keepalive",
            {"setting": "KeepAliveTimeout", "seconds": int(words[0]), "role": "client"},
        )
    elif name in ("sslproxyverify", "sslproxycheckpeername", "sslproxyengine") and words:
        yield "config-tls", {"setting": name, "value": words[0]}
