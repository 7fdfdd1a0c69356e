"""Masking of what must not leave a machine: passwords, tokens, cookies, people's addresses.

Applied to every excerpt where it is cut out, so no report, bundle or JSON has to remember it.
"""

import re

MASK = "[masked]"

# Every repetition is bounded, so that masking takes time in proportion to the text, whatever it is.
_NAMED = re.compile(
    r"(?i)((?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|auth[_-]?key|credential|salt|nonce|session[_-]?id|signature)[\w-]{0,40}"
    r"[\"']?\s{0,16}(?:=>|[=:,])\s{0,16})"
    r"(\"(?:[^\"\\\n]|\\.){0,4096}\"?|'(?:[^'\\\n]|\\.){0,4096}'?|[^\s,;&\"']+)"
)
_HEADER = re.compile(
    r"(?im)((?:proxy-)?authorization|(?:set-)?cookie2?|x-api-key|x-auth-token)"
    r"(\s{0,16}:\s{0,16})([^\r\n\"']+)"
)
_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)([^\s/@:]{0,256}):([^\s/@]{1,512})@")
_MAIL = re.compile(
    r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b"
)
_SHAPED = re.compile(
    r"\b(?:eyJ[\w-]{8,2048}\.[\w-]{8,4096}\.[\w-]*"
    r"|AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abprs]-[\w-]{10,}|sk_(?:live|test)_\w{10,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|AIza[\w-]{30,}|npm_\w{30,})"
)
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def masked(text: str) -> str:
    """`text` with every secret in it replaced by `MASK`."""
    text = _KEY_BLOCK.sub(MASK, text)
    text = _HEADER.sub(rf"\1\2{MASK}", text)
    text = _NAMED.sub(rf"\1{MASK}", text)
    text = _IN_URL.sub(rf"\1\2:{MASK}@", text)
    text = _SHAPED.sub(MASK, text)
    return _MAIL.sub(MASK, text)


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
