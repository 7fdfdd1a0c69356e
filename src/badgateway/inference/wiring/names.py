"""Names and addresses of upstreams: which the gateway still has, and which it sends."""

from collections.abc import Iterator

from badgateway.inference.wiring.evidence import (
    REFUSED,
    SILENT,
    asked_with,
    declared,
    destinations,
    is_name,
    joined,
    last_asked,
    listeners,
    serves,
)
from badgateway.model.listening import address_of
from badgateway.model.observation import Evidence, Observation

_UNREACHED = ("refused", "no-route", "times-out", "socket-missing")


def stale(evidence: Evidence) -> Iterator[Observation]:
    """A gateway that still uses an address that its upstream's name no longer has."""
    used = {
        (a.host, o.text("upstream"))
        for o, a in destinations(evidence)
        if o.name != "config-upstream" and not a.path and not is_name(a.host)
    }
    names = {
        a.host: o
        for o, a in destinations(evidence)
        if o.name == "config-upstream" and not a.path and is_name(a.host)
    }
    for answer in evidence.named("name-answer", "container-network"):
        name = answer.text("name")
        addresses = {str(item) for item in answer.items("addresses")} or {answer.text("address")}
        if name not in names or "" in addresses:
            continue
        for host, upstream in sorted(used):
            if host not in addresses and not host.startswith("127."):
                yield joined(
                    names[name],
                    "address-changed",
                    upstream=upstream,
                    name=name,
                    found=", ".join(sorted(addresses)),
                )
                return


def renamed(evidence: Evidence) -> Iterator[Observation]:
    """A gateway that fails at an upstream whose name, looked up anew, leads to one that answers."""
    answers = asked_with(evidence, "answers")
    failing = evidence.named(*REFUSED, *SILENT, "upstream-unroutable", "upstream-marked-down")
    for wish in evidence.named("config-upstream"):
        wanted = address_of(wish.text("upstream"))
        if wanted is None or wanted.path or not is_name(wanted.host):
            continue
        # HAProxy names its servers, which may be called anything; others write the address.
        mine = [
            o for o in failing if o.text("upstream") in (wish.text("server"), wish.text("upstream"))
        ]
        if mine and wish.text("upstream") in answers and not wish.value.get("other_site"):
            yield joined(wish, "name-answers-now")
            return


def misnamed(evidence: Evidence) -> Iterator[Observation]:
    """An upstream that fails for the host that the gateway sends, and answers for the site's own.

    What a server does with a host that it does not have is its own choice: it may close the
    connection (nginx's status 444), or refuse.
    """
    asked = last_asked(evidence)
    fine = {
        o.text("upstream"): o.text("site")
        for o in evidence.named("asked-as-site")
        if o.text("result") == "answers" and (o.number("status") or 500) < 400
    }
    for wish in evidence.named("config-upstream"):
        host, upstream = wish.text("host"), wish.text("upstream")
        if not host or upstream not in fine or upstream not in asked:
            continue
        result, status = asked[upstream].text("result"), asked[upstream].number("status") or 0
        if result in ("closes", "resets", "silent") or (result == "answers" and status >= 400):
            detail = f"{upstream} is asked for {host}, and answers when asked for {fine[upstream]}"
            yield joined(wish, "config-flaw", flaw="host-name", detail=detail)
            return


def changed(evidence: Evidence) -> Iterator[Observation]:
    """The file in which an upstream that fails is written, changed shortly before."""
    changed = {o.text("path"): o for o in evidence.named("file-changed")}
    asked = {upstream: o.text("result") for upstream, o in last_asked(evidence).items()}
    failing = {
        o.text("upstream") for o in evidence.named(*REFUSED, *SILENT, "upstream-unroutable")
    } | {upstream for upstream, result in asked.items() if result in _UNREACHED}
    serving = [there for o, there in listeners(evidence) if not declared(o)]
    seen: set[str] = set()
    for wish in evidence.named("config-upstream"):
        change, upstream = changed.get(wish.text("file")), wish.text("upstream")
        if change is None or wish.value.get("other_site") or upstream in seen:
            continue
        result = asked.get(upstream, "refused")
        wanted = address_of(upstream)
        if wanted is None or any(serves(there, wanted) for there in serving):
            # Something listens there, so that the address is no mistake.
            continue
        if result in _UNREACHED and (upstream in failing or wish.text("server") in failing):
            seen.add(upstream)
            minutes = change.value.get("minutes")
            alone = not wish.text("group")
            yield joined(
                wish, "upstream-setting-changed", minutes=minutes, result=result, alone=alone
            )
