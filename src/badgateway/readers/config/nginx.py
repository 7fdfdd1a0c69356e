"""nginx's configuration: whole files, `nginx -T`, and pieces that somebody pasted.

Taken apart by crossplane's lexer; directives as in https://nginx.org/en/docs/dirindex.html.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value
from badgateway.model.secret import masked

KIND = "nginx-config"

_DIRECTIVE = re.compile(
    r"\s*(?:proxy_\w+|fastcgi_\w+|uwsgi_\w+|grpc_\w+|upstream|server|location|listen|server_name"
    r"|worker_\w+|events|http|keepalive\w*|include|error_log|access_log|root|index|try_files|return"
    r"|ssl_\w+|limit_\w+|large_client_header_buffers|client_\w+|resolver\w*|map|user|pid|add_header"
    r"|rewrite|if|set|gzip\w*|sendfile|types|default_type|error_page|log_format|http2|zone)\b(?!\s*=)"
    r"[^;{}]*[;{]"
)
_ENDED = re.compile(r"\s*(?:#.*|.*[;{}])\s*(?:#.*)?$")
"""How a line of nginx's configuration ends; few arguments go on over lines."""
_PASS = {
    "proxy_pass": "http",
    "fastcgi_pass": "fastcgi",
    "uwsgi_pass": "uwsgi",
    "scgi_pass": "scgi",
    "grpc_pass": "grpc",
}
_TIMEOUTS = {"connect_timeout": "connect", "read_timeout": "read", "send_timeout": "send"}
_NAME = re.compile(r"(?=[^:/]*[A-Za-z])[A-Za-z0-9_](?:[\w.-]{0,252}\w)?")
_BUFFERS = ("proxy_buffer_size", "fastcgi_buffer_size", "uwsgi_buffer_size")
_TLS = "proxy_ssl_"
_LIMITS = ("worker_connections", "worker_rlimit_nofile", "limit_conn", "limit_req")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(slots=True)
class Directive:
    """One directive with where it stands and what is inside its braces."""

    name: str
    arguments: list[str]
    file: str
    line: int
    inner: list["Directive"] = field(default_factory=list)


def fits(head: str) -> float:
    """Directives that end in semicolons, names that only nginx has among them."""
    if re.search(r"(?m)^# configuration file /\S+:$", head):
        return 0.99
    lines = [line for line in head.splitlines()[:200] if line.strip() and line.strip()[0] != "#"]
    known = sum(1 for line in lines if _DIRECTIVE.match(line))
    ended = sum(1 for line in lines if _ENDED.match(line))
    if not known or ended < 0.8 * len(lines):
        return 0.0
    return min(0.96, 0.6 + 0.6 * known / len(lines))


def read(material: Material) -> Iterator[Observation]:
    """Where requests are sent, and every time, size and limit on the way."""
    yield from stated(directives(material.text(), material.name, material.first_line))


def directives(text: str, file: str, first_line: int = 1) -> list[Directive]:
    """The tree of directives; what is not closed or opened is taken as it stands.

    In what `nginx -T` prints, each directive has the file and line it was read from.
    """
    from crossplane.lexer import _lex_file_object  # noqa: PLC0415 - slow to import

    starts = [
        (text.count("\n", 0, found.start()) + 1, found[1])
        for found in re.finditer(r"(?m)^# configuration file (\S+):$", text)
    ]
    root: list[Directive] = []
    stack, line = [root], 0
    words: list[str] = []
    for word, number, quoted in _lex_file_object(io.StringIO(text)):
        if quoted or word not in (";", "{", "}"):
            if not words and word.startswith("#") and not quoted:
                continue
            if not words:
                line = number
            words.append(word)
            continue
        if words:
            where, at = _place(line, starts, file, first_line)
            found = Directive(words[0], words[1:], where, at)
            stack[-1].append(found)
            words = []
            if word == "{":
                stack.append(found.inner)
        elif word == "{":
            stack.append([])
        if word == "}" and len(stack) > 1:
            stack.pop()
    return root


def _place(line: int, starts: list[tuple[int, str]], file: str, first_line: int) -> tuple[str, int]:
    found = [(at, name) for at, name in starts if at < line]
    return (found[-1][1], line - found[-1][0]) if found else (file, line + first_line - 1)


def stated(tree: list[Directive]) -> Iterator[Observation]:
    """What a tree of directives says."""
    upstreams = {
        block.arguments[0]: block
        for block in _all(tree)
        if block.name == "upstream" and block.arguments
    }
    for block in upstreams.values():
        yield from _reuse(block)
    names = {directive.name for directive in _all(tree)}
    context: dict[str, Value] = {
        "sites": (),
        "whole": "http" in names,
        "resolver": "resolver" in names,
    }
    yield from _level(tree, upstreams, context)


def _all(tree: list[Directive]) -> Iterator[Directive]:
    for directive in tree:
        yield directive
        yield from _all(directive.inner)


def _level(
    tree: list[Directive],
    upstreams: dict[str, Directive],
    context: dict[str, Value],
) -> Iterator[Observation]:
    secured = {d.name: d.arguments[0] for d in tree if d.name.startswith(_TLS) and d.arguments}
    if secured:
        # What is set at one level holds for those inside it.
        context = {**context, "tls": {**_secured(context), **secured}}
    if headers := [d.arguments for d in tree if d.name == "proxy_set_header" and d.arguments]:
        # Taken over from outside only where the level sets none of its own (ngx_http_proxy_module).
        hosts = [words[1] for words in headers if words[0].lower() == "host" and len(words) > 1]
        context = {**context, "host": hosts[-1] if hosts else ""}
    for directive in tree:
        name, words = directive.name, directive.arguments
        if name == "server" and directive.inner:
            names = [n for d in directive.inner if d.name == "server_name" for n in d.arguments]
            yield from _level(directive.inner, upstreams, {**context, "sites": tuple(names)})
            continue
        if name == "location" and directive.inner:
            yield from _level(directive.inner, upstreams, {**context, "path": " ".join(words)})
            continue
        yield from _one(directive, upstreams, context)
        if directive.inner and name != "upstream":
            yield from _level(directive.inner, upstreams, context)


def _one(
    directive: Directive,
    upstreams: dict[str, Directive],
    context: dict[str, Value],
) -> Iterator[Observation]:
    name, words = directive.name, directive.arguments
    if not words:
        return
    if name in _PASS:
        yield from _pass(directive, upstreams, context)
    elif name == "listen":
        address = words[0] if ":" in words[0] or "/" in words[0] else f"*:{words[0]}"
        yield _say(directive, "config-listen", address=address, sites=context["sites"])
    elif name.split("_", 1)[-1] in _TIMEOUTS and name.split("_")[0] in (
        *("proxy", "fastcgi", "uwsgi", "grpc", "scgi"),
    ):
        seconds = _seconds(words[0])
        if seconds is not None:
            role = _TIMEOUTS[name.split("_", 1)[-1]]
            yield _say(directive, "config-timeout", setting=name, seconds=seconds, role=role)
    elif name in _BUFFERS and (size := _bytes(words[0])) is not None:
        yield _say(directive, "config-buffer", setting=name, size=size)
    elif name in _LIMITS:
        yield _say(directive, "config-limit", setting=name, most=" ".join(words))
    elif name in ("error_log", "access_log") and words[0].startswith("/"):
        kind = name.split("_")[0]
        yield _say(directive, "config-log", path=words[0], kind=kind)
    elif name == "log_format" and len(words) > 1:
        parts = [word for word in words[1:] if not word.startswith("escape=")]
        yield _say(directive, "config-log-format", name=words[0], format="".join(parts)[:4_000])
    elif name in ("proxy_ssl_verify", "proxy_ssl_server_name", "ssl_verify_client"):
        yield _say(directive, "config-tls", setting=name, value=words[0])
    elif name == "user":
        yield _say(directive, "config-setting", setting="user", value=" ".join(words[:2]))
    elif name == "return" and words[0] == "503":
        yield _say(directive, "maintenance-on", detail=f"return 503 in {directive.file}")


def _pass(
    directive: Directive,
    upstreams: dict[str, Directive],
    context: dict[str, Value],
) -> Iterator[Observation]:
    target = directive.arguments[0]
    scheme, _, rest = target.rpartition("://")
    scheme = scheme or _PASS[directive.name]
    host = rest if rest.startswith("unix:") else rest.split("/", 1)[0].rpartition("@")[2]
    common: dict[str, Value] = {
        "protocol": scheme,
        "sites": context["sites"],
        "path": context.get("path", ""),
        "variable": "$" in host,
        "whole": context.get("whole", False),
    }
    sent = str(context.get("host") or "")
    if sent and "$" not in sent and directive.name == "proxy_pass":
        common["host"] = sent
    if scheme == "https" and "$" not in host:
        common |= _security(_secured(context), host)
    block = upstreams.get(host)
    if block is None:
        address = _with_port(host, scheme)
        yield _say(directive, "config-upstream", upstream=address, **common)
        if host.split(":")[0] == "localhost":
            yield _say(
                directive,
                "config-flaw",
                flaw="localhost-ambiguous",
                detail="localhost is 127.0.0.1 and ::1; the application may listen on one only",
            )
    else:
        for server in block.inner:
            if server.name == "server" and server.arguments:
                address = _with_port(server.arguments[0], scheme)
                yield _say(server, "config-upstream", upstream=address, group=host, **common)
    yield from _resolving(directive, host, block, context)
    if scheme == "https" and _secured(context).get("proxy_ssl_server_name") != "on":
        yield _say(
            directive,
            "config-flaw",
            flaw="sni-missing",
            detail="no server name is sent to the upstream (proxy_ssl_server_name is off)",
        )


def _secured(context: dict[str, Value]) -> dict[str, str]:
    found = context.get("tls")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


def _security(told: dict[str, str], host: str) -> dict[str, Value]:
    """How it shakes hands: without a name and without a look at the certificate by default."""
    expects = told.get("proxy_ssl_name", re.sub(r":\d+$", "", host))
    if "$" in expects:
        # Taken from the request: which name that is, nobody can say here.
        return {}
    return {
        "server_name": expects if told.get("proxy_ssl_server_name") == "on" else "",
        "expects": expects,
        "checks": told.get("proxy_ssl_verify") == "on",
        "authorities": told.get("proxy_ssl_trusted_certificate", ""),
        "shows": "proxy_ssl_certificate" in told,
    }


def _resolving(
    directive: Directive, host: str, block: Directive | None, context: dict[str, Value]
) -> Iterator[Observation]:
    """Names that are looked up once, when nginx starts; or at each request without a resolver."""
    if "$" in host:
        # `set $upstream name` is the usual way; only a whole configuration proves that none is set.
        if context.get("whole") and not context.get("resolver"):
            detail = "the upstream is a variable and no resolver is set"
            yield _say(directive, "config-flaw", flaw="resolver-missing", detail=detail)
        return
    servers = block.inner if block is not None else []
    named = [d for d in servers if d.name == "server" and d.arguments]
    hosts = [(d, d.arguments[0]) for d in named if "resolve" not in d.arguments]
    for found, address in hosts if block is not None else [(directive, host)]:
        name = address.rsplit(":", 1)[0]
        if _NAME.fullmatch(name) and name != "localhost" and not address.startswith("unix:"):
            detail = f"the name {name} is looked up once, when nginx starts or is reloaded"
            yield _say(found, "config-flaw", flaw="name-resolved-once", detail=detail)


def _reuse(block: Directive) -> Iterator[Observation]:
    """How long idle connections to an upstream are kept, where they are kept at all."""
    if any(d.name == "keepalive" for d in block.inner):
        idle = next((d for d in block.inner if d.name == "keepalive_timeout" and d.arguments), None)
        seconds = (_seconds(idle.arguments[0]) if idle else None) or 60.0
        setting = "keepalive_timeout"
        yield _say(
            idle or block, "config-keepalive", seconds=seconds, setting=setting, role="upstream"
        )


def _with_port(host: str, scheme: str) -> str:
    if host.startswith("unix:"):
        return host.rstrip(":").split(":/", 1)[0] if host.count(":/") > 1 else host.rstrip(":")
    has_port = re.search(r":(\d+|<[^>]*>|\$\w+)$", host)
    return host if has_port else f"{host}:{443 if scheme in ('https', 'grpcs') else 80}"


def _say(directive: Directive, word: str, **values: Value) -> Observation:
    value: dict[str, Value] = {
        "by": "nginx",
        "file": directive.file,
        "line": directive.line,
        **{key: masked(item) if isinstance(item, str) else item for key, item in values.items()},
    }
    source = f"{KIND}:{directive.file}:{directive.line}"
    return Observation(Hop.GATEWAY, word, value, source)


def _seconds(text: str) -> float | None:
    parts = re.findall(r"(\d+)(ms|[smhd]?)", text)
    if not parts or not re.fullmatch(r"(?:\d+(?:ms|[smhd]?))+", text):
        return None
    return sum(int(number) * _UNITS[unit or "s"] for number, unit in parts)


def _bytes(text: str) -> int | None:
    found = re.fullmatch(r"(\d+)([kKmM]?)", text)
    return int(found[1]) * {"": 1, "k": 1024, "m": 1 << 20}[found[2].lower()] if found else None
