"""A pasted shell session: prompts with commands, and what small commands print.

Covers what tells most and has no dialect of its own: `ls` on a folder of sockets, plain errors of
curl, loss in `ping`, `getent`, `fail2ban-client status`, proxy variables, policy switches.
"""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value
from badgateway.model.secret import masked

KIND = "shell"

_TOOLS = (
    "sudo|curl|wget|ls|cat|tail|head|grep|systemctl|journalctl|service|docker|podman|kubectl|helm"
    "|ss|netstat|lsof|ps|top|free|df|du|dmesg|nginx|apachectl|apache2ctl|httpd|haproxy|caddy|php"
    "|mysql|mariadb|psql|dig|host|nslookup|getent|ping|traceroute|mtr|ip|nc|telnet|openssl|iptables"
    "|nft|ufw|firewall-cmd|getsebool|setsebool|sestatus|ausearch|sysctl|ulimit|cd|find|stat|namei"
    "|id|uname|uptime|date|echo|env|printenv|fail2ban-client|pm2|gunicorn|node|npm|crontab|supervisorctl"
)
"""What stands after a bare `#`, which otherwise begins a comment of some configuration."""
_PROMPT = re.compile(
    r"(?m)^(?:[\w.-]+@[\w.-]+[^$#\n]{0,60}[$#] +|\$ +|# +(?=(?:/\S+/)?(?:"
    + _TOOLS
    + r")(?:\s|$)))([A-Za-z./_][^\n]*)$"
)
_LS = re.compile(r"^(?:sudo )?ls\b[^|;&]*?(/[\w./-]*)")
_LOSS = re.compile(
    r"(\d{1,9}) packets transmitted, (\d{1,9}) (?:packets )?received,"
    r".{0,80}?([\d.]{1,9})% packet loss"
)
_PROXY = re.compile(
    r"(?mi)(?:^|[{,])[ \t]*(?:- |export |set |environment=)?[\"']?"
    r"((?:https?|all|no)_proxy|(?:https?|no)proxy)[\"']?[ \t]*[=:][ \t]*[\"']?([^\s\"',]+)"
)
_JAIL = re.compile(r"(?m)^[^\w\n]{0,40}Status for the jail: (\S{1,200})")
_BANNED = re.compile(r"Banned IP list:\s*(.+)")
_BOOLEAN = re.compile(r"(?m)^(\w+) --> (on|off)")
_CURL = re.compile(r"curl: \((\d+)\) (.*)")
_CODE_COMMENT = re.compile(r"^#?\s*(\d{3}|000)\b")
_CDN = (
    "172.6",
    "172.7",
    "104.1",
    "104.2",
    "162.158.",
    "108.162.",
    "141.101.",
    "188.114.",
    "173.245.",
)
"""The beginnings of networks that Cloudflare publishes (https://www.cloudflare.com/ips/)."""


def fits(head: str) -> float:
    """Prompts with commands, or the words of one of these commands."""
    if re.search(r"\bCookie: ", head) and _PROMPT.search(head):
        return 0.96
    if _LOSS.search(head) or _JAIL.search(head) or _BOOLEAN.search(head):
        return 0.95
    if _PROXY.search(head) and len(head) < 4_000:
        return 0.9
    if _PROMPT.search(head) and not re.search(r"(?m)^< HTTP/", head):
        return 0.88
    return 0.85 if head.lstrip().startswith("curl: (") else 0.0


def read(material: Material) -> Iterator[Observation]:
    """What the commands show."""
    text, name = material.text(1 << 20), material.name
    source = f"{KIND}:{name}"
    yield from _commands(text, source)
    for found in _LOSS.finditer(text):
        value: dict[str, Value] = {"address": "the other side", "share": float(found[3])}
        value["local"] = float(found[3]) > 0 and "time=" not in text
        yield Observation(Hop.NETWORK, "ping-lost", value, source)
    for found in _PROXY.finditer(text):
        setting: dict[str, Value] = {"name": found[1], "setting": masked(found[2])}
        yield Observation(Hop.DEVICE, "environment", setting, source)
    for found in _BANNED.finditer(text):
        addresses = found[1].split()
        if addresses:
            cdn = any(address.startswith(_CDN) for address in addresses)
            banned: dict[str, Value] = {
                "by": "fail2ban", "address": addresses[0], "count": len(addresses),
                "kind": "cdn" if cdn else "other",
            }  # fmt: skip
            yield Observation(Hop.HOST, "banned", banned, source)
    for found in _BOOLEAN.finditer(text):
        yield Observation(Hop.HOST, "boolean", {"name": found[1], "state": found[2]}, source)
    for found in _CURL.finditer(text):
        yield from _curl(int(found[1]), found[2], source)


def _commands(text: str, source: str) -> Iterator[Observation]:
    """Each command with what stands under it."""
    prompts = list(_PROMPT.finditer(text))
    if any(found[0].startswith("$") for found in prompts):
        # Beside a user's prompt a bare `#` begins a remark, not a command of root.
        prompts = [found for found in prompts if not found[0].startswith("#")]
    sizes: list[tuple[str, str]] = []
    for place, found in enumerate(prompts):
        end = prompts[place + 1].start() if place + 1 < len(prompts) else len(text)
        command, output = found[1], text[found.end() : end].strip()
        if (folder := _LS.match(command)) and not re.search(r"cannot access", output):
            entries = output.split()
            value: dict[str, Value] = {
                "path": folder[1],
                "entries": ", ".join(entries[:12]) or "nothing",
                "has_socket": any(re.search(r"\.sock=?$|socket", item) for item in entries),
            }
            yield Observation(Hop.UPSTREAM, "socket-directory", value, source)
            for item in entries:
                if item.endswith(("=", ".sock")):
                    path = f"{folder[1].rstrip('/')}/{item.rstrip('=')}"
                    listens: dict[str, Value] = {
                        "address": f"unix:{path}", "process": "some process", "queue": 0,
                        "backlog": 0, "complete": False, "place": source,
                    }  # fmt: skip
                    yield Observation(Hop.UPSTREAM, "listening", listens, source)
        if "Cookie" in command and (code := _CODE_COMMENT.search(output)):
            sizes.append((command, code[1]))
        inside = re.search(r"docker exec|podman exec|kubectl exec", command)
        if inside and re.search(r"curl|wget", command) and output and "refused" not in output:
            fact: dict[str, Value] = {
                "fact": "works-inside-container",
                "says": "the application answers from inside its own container",
            }
            yield Observation(Hop.UPSTREAM, "reported", fact, source)
        if re.search(r"curl.* -4 |curl -4|127\.0\.0\.1", command) and re.search(
            r"works|200|fine|ok", output
        ):
            fact = {"fact": "ipv4-works", "says": "it works by IPv4 alone"}
            yield Observation(Hop.LINK, "reported", fact, source)
    codes = {code for _, code in sizes}
    if len(sizes) > 1 and "200" in codes and codes - {"200"}:
        yield Observation(Hop.BROWSER, "cookie-size-decides", {"size": "several thousand"}, source)


def _curl(code: int, said: str, source: str) -> Iterator[Observation]:
    """Curl's exit codes (https://curl.se/docs/manpage.html#EXIT)."""
    if code == 56 and (found := re.search(r"HTTP code (\d{3}) from proxy", said)):
        value: dict[str, Value] = {"status": int(found[1]), "detail": "after CONNECT"}
        yield Observation(Hop.EXIT, "proxy-said", value, source)
    elif code == 5:
        yield Observation(Hop.EXIT, "proxy-refused", {"detail": "its name is not found"}, source)
    elif code == 6:
        value = {"name": said.rsplit(" ", 1)[-1], "detail": "could not resolve host"}
        yield Observation(Hop.RESOLVER, "name-failure", value, source)
