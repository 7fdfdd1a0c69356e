"""Masking of what must not leave a machine: passwords, tokens, cookies, people's addresses.

Applied to every excerpt where it is cut out, so no report, bundle or JSON has to remember it.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address

from badgateway.model.address import public

MASK = "[masked]"
# Every repetition is bounded, so that masking takes time in proportion to the text, whatever it is.
_NAME = (
    r"(?:password|passwd|passphrase|pwd|default_pw|secret|token|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|auth[_-]?key|secure_auth_key|logged_in_key|credentials?|salt|nonce"
    r"|session[_-]?id|signature)"
)
_VALUE = r"(\"(?:[^\"\\\n]|\\.){0,4096}\"?|'(?:[^'\\\n]|\\.){0,4096}'?|[^\s,;&\"'<>]{1,4096})"
_NAMED = re.compile(
    r"(?i)(" + _NAME + r"[\w-]{0,40}[\"']?(?:\s{0,16}(?:=>|[=:,])\s{0,16}|>))(?!\[masked)" + _VALUE
)
_PAIR = re.compile(
    r"(?i)(name\s?:\s?[\"']?[\w.-]{0,60}"
    + _NAME
    + r"[\w-]{0,40}[\"']?\s{1,40}value\s?:\s{0,8})"
    + _VALUE
)
"""Kubernetes' way: the name on one line, its value on the next."""
_OPTION = re.compile(
    r"(?i)((?:(?<![\w-])--?[\w-]{0,40}|\binsecure-)" + _NAME + r"[\w-]{0,40}(?:\s{1,4}|=))" + _VALUE
)
_USER_OPTION = re.compile(r"(\s(?:-u|--user|--proxy-user)[ =]?[\w.@-]{1,64}:)([^\s\"']{1,512})")
_MYSQL_OPTION = re.compile(
    r"(\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n]{0,200}?\s-p)(\S{1,256})"
)
_HEADER = re.compile(
    r"(?im)((?:proxy-)?authorization|(?:set-)?cookie2?|x-api-key|x-auth-token)"
    r"(\s{0,16}:\s{0,16}|[\"']?\s{1,4}[\"']|\s(?=(?:basic|bearer)\s))([^\r\n\"']{1,8192})"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s{1,4})([\w+/.=~-]{8,4096})")
_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)([^\s/@:]{0,256}):([^\s/@]{1,512})@")
_MAIL = re.compile(
    r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b"
)
_SHAPED = re.compile(
    r"\b(?:eyJ[\w-]{8,2048}\.[\w-]{8,4096}\.[\w-]{0,4096}"
    r"|AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{20,512}|github_pat_\w{20,512}|glpat-[\w-]{16,512}"
    r"|xox[abprs]-[\w-]{10,512}|sk_(?:live|test)_\w{10,512}|SG\.[\w-]{16,512}\.[\w-]{16,512}"
    r"|AIza[\w-]{30,512}|npm_\w{30,512})"
)
_HASHED = re.compile(r"\$(?:apr1|1|2[abxy]?|5|6|y|argon2\w{1,2})\$[\w./$=,+-]{8,512}")
"""Hashes of passwords as crypt(5) and htpasswd write them."""
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def masked(text: str) -> str:
    """`text` with every secret in it replaced by `MASK`."""
    text = _KEY_BLOCK.sub(MASK, text)
    text = _HEADER.sub(rf"\1\2{MASK}", text)
    text = _SCHEME.sub(rf"\1\2{MASK}", text)
    text = _PAIR.sub(rf"\1{MASK}", text)
    for expression in (_OPTION, _NAMED, _USER_OPTION, _MYSQL_OPTION):
        text = expression.sub(rf"\1{MASK}", text)
    text = _IN_URL.sub(rf"\1\2:{MASK}@", text)
    text = _SHAPED.sub(MASK, text)
    text = _HASHED.sub(MASK, text)
    return _MAIL.sub(MASK, text)


_ADDRESS4 = re.compile(r"(?<![\d.])((?:\d{1,3}\.){3})\d{1,3}(?![\d.])")
_ADDRESS6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-fA-F]{1,4}:|:(?=:)){2,7}(?:[0-9a-fA-F]{1,4}|:)?(?![\w:])"
)


def without_people(text: str, keep: Collection[str] = ()) -> str:
    """`text` with addresses of people made unfindable, and still told apart from each other.

    The last part of each address is replaced by a letter, the same one for the same address.

    Args:
        text: any text, JSON included.
        keep: addresses of servers, which tell and are nobody's; private and loopback ones
            stay as well.
    """
    known: dict[str, str] = {}

    def four(found: re.Match[str]) -> str:
        return _replaced(found[0], found[1], keep, known)

    def six(found: re.Match[str]) -> str:
        start = ":".join(found[0].split(":")[:3])
        return _replaced(found[0], f"{start}:…", keep, known)

    return _ADDRESS6.sub(six, _ADDRESS4.sub(four, text))


def _replaced(address: str, start: str, keep: Collection[str], known: dict[str, str]) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    local = parsed.is_loopback or parsed.is_unspecified or parsed.is_link_local
    if address in keep or local or not public(parsed):
        return address
    number = known.setdefault(address, str(len(known) + 1))
    return f"{start}x{number}"


_SECRET_HEADERS = frozenset(
    {"set-cookie", "cookie", "authorization", "proxy-authorization", "x-api-key", "x-auth-token"}
)


def secret_header(name: str) -> bool:
    """Whether a header of this name carries a secret."""
    return name.lower() in _SECRET_HEADERS


def masked_header(text: str) -> str:
    """The value of such a header: names of cookies and their attributes stay, values do not."""
    name, sign, rest = text.partition("=")
    if not sign or " " in name:
        return MASK
    _, semicolon, attributes = rest.partition(";")
    return f"{name}={MASK}{semicolon}{attributes}"
