"""Formats of access logs as configuration declares them, turned into expressions that read them.

nginx: `log_format` (https://nginx.org/en/docs/http/ngx_http_log_module.html), Apache: `LogFormat`
(https://httpd.apache.org/docs/2.4/mod/mod_log_config.html). Fields get nginx's names.
"""

import re
from functools import lru_cache

LONGEST = 4_000
"""Characters of a format that is taken; longer ones are passed over."""
COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $bytes_sent'
WITH_AGENT = f'{COMBINED} "$http_referer" "$http_user_agent"'
"""What nginx and Apache call `combined`; the one above is its common part."""
INGRESS = (
    f"{WITH_AGENT} $request_length $request_time [$proxy_upstream_name] "
    "[$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length "
    "$upstream_response_time $upstream_status $req_id"
)
"""ingress-nginx's, docs/user-guide/nginx-configuration/log-format.md."""
TRAEFIK = f'{WITH_AGENT} $count "$router" "$upstream_addr" $duration'
"""docs/content/observability/logs-and-accesslogs.md: the service's address, then ms."""
_MOST_FIELDS = 80
_NGINX = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_APACHE = re.compile(r"%[\d!,]*[<>]?(?:\{([^}]{0,80})\})?(\^?[a-zA-Z]{1,2})")
_APACHE_NAMES = {
    "h": "remote_addr",
    "a": "remote_addr",
    "r": "request",
    "s": "status",
    "D": "request_time_us",
    "T": "request_time",
    "v": "server_name",
    "V": "server_name",
    "U": "uri",
    "b": "bytes_sent",
    "O": "bytes_sent",
}
_LISTS = re.compile(r"upstream_(?!http|cookie|trailer)\w+")


@lru_cache(maxsize=64)
def expression_of(format_text: str) -> re.Pattern[str] | None:
    """The expression for lines of a format; None where it cannot be read without guessing.

    Each field ends at the character that follows it in the format, so a line is read in time
    proportional to its length.
    """
    if len(format_text) > LONGEST:
        return None
    pieces = pieces_of(format_text)
    fields = [name for name, _ in pieces if name]
    if not {"status", "request"} <= set(fields) and "status" not in fields:
        return None
    if len(fields) > _MOST_FIELDS:
        return None
    pattern, seen = "", set[str]()
    for (name, literal), (_, after) in zip(pieces, [*pieces[1:], ("", "")], strict=True):
        if not name:
            pattern += re.escape(literal)
            continue
        end = after[:1]
        if not end and (name, literal) != pieces[-1]:
            return None
        value = _value(name, end)
        pattern += value if name in seen or name == "_" else f"(?P<{name}>{value})"
        seen.add(name)
    return re.compile(pattern)


def pieces_of(format_text: str) -> list[tuple[str, str]]:
    """The fields and what stands between them, in turn: `(name, "")` or `("", literal)`."""
    text = format_text.replace('\\"', '"').replace("\\t", "\t")
    return _nginx(text) if "$" in text else _apache(text)


def _nginx(text: str) -> list[tuple[str, str]]:
    pieces, at = [], 0
    for found in _NGINX.finditer(text):
        if found.start() > at:
            pieces.append(("", text[at : found.start()]))
        pieces.append((found[1] or found[2], ""))
        at = found.end()
    return [*pieces, ("", text[at:])] if at < len(text) else pieces


def _apache(text: str) -> list[tuple[str, str]]:
    pieces: list[tuple[str, str]] = []
    at = 0
    for found in _APACHE.finditer(text):
        between = text[at : found.start()]
        name = _APACHE_NAMES.get(found[2], "_")
        if found[2] == "t":
            between, name = f"{between}[", "time_local"
        elif found[2] == "T" and found[1]:
            name = {"ms": "request_time_ms", "us": "request_time_us"}.get(found[1], "request_time")
        if between:
            pieces.append(("", between))
        pieces.append((name, ""))
        if found[2] == "t":
            pieces.append(("", "]"))
        at = found.end()
    if at < len(text):
        pieces.append(("", text[at:]))
    joined: list[tuple[str, str]] = []
    for name, literal in pieces:
        if not name and joined and not joined[-1][0]:
            joined[-1] = ("", joined[-1][1] + literal)
        else:
            joined.append((name, literal))
    return joined


def _value(name: str, end: str) -> str:
    if not end:
        return ".*"
    if end == '"':
        return r'(?:[^"\\]|\\.)*'
    if _LISTS.fullmatch(name) and end == " ":
        # Several upstreams are written `a, b`, or `a : b` after an internal redirect.
        return r"[^ ,]*(?:(?:, | : )[^ ,]+)*"
    return f"[^{re.escape(end)}]*"
