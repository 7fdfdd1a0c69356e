"""Several servers behind one gateway, of which some answer: those that do not are passed by."""

import re
from collections.abc import Iterator

from badgateway.model.observation import Observation
from badgateway.remedies.edit import block_of, nginx
from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding
from badgateway.remedies.find.here import at, upstreams, written

FINDERS = ("broken_members", "next_server")

_MEMBER = {
    "nginx": re.compile(r".*\bserver\s"),
    "apache": re.compile(r"\s*BalancerMember\s", re.IGNORECASE),
    "haproxy": re.compile(r"\s*server\s"),
}
"""How a line begins that names one server of several."""
_OUT = {
    "nginx": re.compile(r"\bdown\b"),
    "apache": re.compile(r"status=\+?[A-Z]*[DS]"),
    "haproxy": re.compile(r"\bdisabled\b"),
}
"""What says that a server is out of rotation already."""
_BROKEN = ("closes", "silent", "invalid-answer", "other-protocol", "refused", "times-out", "fails",
           "no-route", "wants-tls")  # fmt: skip
_NEXT = "proxy_next_upstream"
_PASSED = frozenset({"error", "timeout", "invalid_header"})
"""For what nginx should ask the next server: the two of its default, and headers it cannot use."""


def broken_members(facts: Facts) -> Iterator[Binding]:
    """Servers of a group that do not answer as they should, while another one does."""
    for members in _groups(facts):
        answers = {o.text("upstream"): _answers(facts, o) for o in members}
        if True not in answers.values():
            continue
        for member in members:
            behind = written(facts, member).partition(member.text("upstream"))[2].partition(";")[0]
            out = _OUT[member.text("by")].search(behind)
            if answers[member.text("upstream")] is False and not out:
                yield at(member, upstream=member.text("upstream"))


def next_server(facts: Facts) -> Iterator[Binding]:
    """A group of which one answers, and a gateway that does not ask the next one by itself."""
    for members in _groups(facts):
        first = members[0]
        if not any(_answers(facts, o) for o in members):
            continue
        if first.text("by") == "nginx":
            text, line = facts.text(first.text("file")) or "", first.value.get("line")
            told = {word for _, words in nginx.in_force(text, line, _NEXT) for word in words}
            if not told or told & {"off"} or not told >= _PASSED:
                yield at(first)
        elif first.text("by") == "haproxy":
            yield at(first)


def _groups(facts: Facts) -> Iterator[list[Observation]]:
    """The lines of each group of at least two servers that this site's requests are sent to."""
    kept: dict[tuple[object, ...], list[Observation]] = {}
    for line in upstreams(facts):
        by, file, number = line.text("by"), line.text("file"), line.value.get("line")
        pattern = _MEMBER.get(by)
        if pattern is None or not pattern.match(written(facts, line)):
            continue
        text = facts.text(file) or ""
        place = line.text("group") or block_of(by, text, number if isinstance(number, int) else 0)
        members = kept.setdefault((by, file, place), [])
        # One group may be used by several sites, and its lines be told for each.
        if all(o.text("upstream") != line.text("upstream") or o.value.get("line") != number
               for o in members):  # fmt: skip
            members.append(line)
    yield from (members for members in kept.values() if len(members) > 1)


def _answers(facts: Facts, member: Observation) -> bool | None:
    """Whether a server answers a question well that nobody hurries; None where nobody knows."""
    upstream = member.text("upstream")
    results = {
        o.text("result"): o.number("status")
        for o in facts.evidence.named("upstream-asked")
        if o.text("upstream") == upstream
    }
    if not results:
        return None
    if "answers" not in results or results.keys() & set(_BROKEN):
        return False if results.keys() & set(_BROKEN) else None
    measured = facts.measured.get(upstream)
    if measured is None:
        return None
    return measured.whole and (results["answers"] or 200) < 500
