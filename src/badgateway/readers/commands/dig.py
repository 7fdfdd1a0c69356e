"""What `dig`, `nslookup` and `host` print about a name.

Status and flags as in RFC 1035 4.1.1, extended errors as in RFC 8914.
"""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "dns-lookup"

_HEADER = re.compile(r"->>HEADER<<- opcode: \w+, status: (?P<rcode>\w+)")
_ASKED = re.compile(r"(?m)^(?:\S*[$#>] +|; <<>> DiG [^<]*<<>> +)(?:dig )?(?P<words>\S[^\n]*)$")
_SERVER = re.compile(r";; SERVER: ([0-9a-f.:]+)#|(?m:^Server:\s+(\S+))|@([\w.:]+)")
_QUESTION = re.compile(r"(?m)^;([\w.-]+?)\.?\s+IN\s+(\w+)")
_ANSWER = re.compile(
    r"(?m)^(?P<name>[\w.-]+?)\.?\s+\d+\s+IN\s+(?P<type>A|AAAA|CNAME|NS)\s+(?P<data>\S+)"
)
_EDE = re.compile(r"EDE: (\d+)")
_CANNOT = re.compile(
    r"(?:server can't find|Host) (?P<name>[\w.-]+?)\.?(?:: | not found: \d\()"
    r"(?P<rcode>SERVFAIL|NXDOMAIN|REFUSED)"
)
_SILENT = re.compile(
    r"connection timed out; no servers could be reached|communications error to (?P<who>[^:#\s]+)"
)
_BOGUS = ("6", "7", "8", "9", "10", "11", "12")
_NO_AUTHORITY = ("22", "23")


def fits(head: str) -> float:
    """Their headings and complaints."""
    if _HEADER.search(head) or ";; QUESTION SECTION" in head:
        return 0.97
    if re.search(r"(?m)^Server:\s", head) and re.search(r"(?m)^Address:\s|can't find", head):
        return 0.96
    return 0.94 if _CANNOT.search(head) or _SILENT.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Each answer, and what two of them say of the zone's signatures."""
    text, source = material.text(1 << 18), f"{KIND}:{material.name}"
    answers: list[tuple[str, bool]] = []
    cuts = [found.start() for found in _ASKED.finditer(text)] or [0]
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        part = text[start:end]
        header = _HEADER.search(part) or _CANNOT.search(part)
        if header is None and not _SILENT.search(part):
            continue
        rcode = header["rcode"] if header else "no answer"
        unchecked = bool(re.search(r"\+cd(?:flag)?\b", part))
        answers.append((rcode, unchecked))
        yield _answer(part, rcode, source)
        for code in _EDE.findall(part):
            if code in _BOGUS:
                yield _flaw("dnssec", "the resolver finds its signatures bogus", source)
            elif code in _NO_AUTHORITY:
                yield _flaw("silent", "its name servers do not answer", source)
    checked = {rcode for rcode, unchecked in answers if not unchecked}
    without = {rcode for rcode, unchecked in answers if unchecked}
    if "SERVFAIL" in checked and "NOERROR" in without:
        yield _flaw("dnssec", "it is found once signatures are not checked", source)


def _answer(part: str, rcode: str, source: str) -> Observation:
    server, question = _SERVER.search(part), _QUESTION.search(part)
    failed = _CANNOT.search(part)
    asked = next((group for group in server.groups() if group), "") if server else ""
    value: dict[str, Value] = {
        "label": "the resolver that was asked",
        "resolver": asked,
        "rcode": rcode,
        "host": question[1] if question else failed["name"] if failed else "the name",
        "type": question[2] if question else "A",
        "addresses": tuple(found["data"] for found in _ANSWER.finditer(part)),
    }
    return Observation(Hop.RESOLVER, "lookup-answered", value, source)


def _flaw(flaw: str, detail: str, source: str) -> Observation:
    return Observation(Hop.ZONE, "zone-flaw", {"flaw": flaw, "detail": detail}, source)
