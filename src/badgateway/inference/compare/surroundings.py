"""The visitor's surroundings: whether it is this site only, and what stands between.

Each function needs what a control showed: the same with another place, port, size of packet,
device or proxy. Without one nothing is stated.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from badgateway.inference.compare.evidence import (
    failures,
    final_url,
    good,
    of_this_network,
    pages,
    stated,
    strange,
    unwalked,
    warned,
)
from badgateway.model.failure import ANSWERING, PROXYING, SECURING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.target import target_of

_BROKEN_OFF = (
    Failure.CONNECT_RESET,
    Failure.TLS_CLOSED,
    Failure.TLS_TIMEOUT,
    Failure.TLS_BROKEN,
)
_HANGING = (Failure.TLS_TIMEOUT, Failure.ANSWER_TIMEOUT)


def in_its_place(evidence: Evidence) -> Iterator[Observation]:
    """Somebody of this network answers where others should: it wants a sign-in."""
    for o in evidence.named("portal-check"):
        if o.value.get("genuine") is False and (o.number("status") or 0) < 500:
            yield _portal([o], o.text("url"), o.text("to"))
            return
    for o in evidence.named("plain-http"):
        host = target_of(o.text("url")).host
        addresses = [str(address) for address in o.items("to_addresses")]
        led_away = o.text("to_host") not in ("", host)
        inside = bool(addresses) and all(map(of_this_network, addresses))
        if led_away and inside and not of_this_network(o.text("address")):
            yield _portal([o], o.text("url"), o.text("to"))
            return
        public = target_of(o.text("url")).public and not target_of(o.text("url")).literal
        if public and of_this_network(o.text("address")) and good(o) and not _others(evidence):
            yield _portal([o], o.text("url"), o.text("address"))
            return


def _portal(sources: list[Observation], url: str, to: str) -> Observation:
    return stated(Hop.NETWORK, "answered-in-its-place", sources, url=url, to=to)


def _others(evidence: Evidence) -> bool:
    """Whether places that have nothing to do with the site can be reached."""
    return bool(evidence.first("control-works", "resolver-answer"))


def intercepted(evidence: Evidence) -> Iterator[Observation]:
    """Another place shows a certificate by the same issuer that nobody trusts, or the same one.

    A common issuer alone is nothing: a wrong clock makes good certificates of one authority fail.
    """
    for wrong in warned(evidence):
        for other in evidence.named("control-fails"):
            same = bool(other.text("subject")) and other.text("subject") == wrong.text("subject")
            unknown = strange(wrong) and strange(other)
            if same or (unknown and other.text("issuer") == wrong.text("issuer")):
                yield stated(
                    Hop.DEVICE,
                    "intercepted",
                    [wrong, other],
                    issuer=wrong.text("issuer"),
                    address=other.text("address"),
                    same_certificate=same,
                )
                return


def lost(evidence: Evidence) -> Iterator[Observation]:
    """Of several connections at once, some open and some do not, or late."""
    counted = evidence.named("connects-counted")
    site = [o for o in counted if o.text("where") == "site"]
    other = [o for o in counted if o.text("where") == "elsewhere"]
    missing, tried = _missing(site), sum(int(o.number("tried") or 0) for o in site)
    if missing < 2 or not any(o.number("answered") for o in counted):
        return
    everywhere = _missing(other) > 0
    if not everywhere and not any(o.number("answered") for o in site):
        return  # the site answers nothing, other places do: that is no loss
    where = "everywhere" if everywhere else "site" if other else "unknown"
    yield stated(
        Hop.NETWORK,
        "packets-lost",
        counted,
        where=where,
        lost=missing,
        of=tried,
        broken=unwalked(evidence),
    )


def _missing(counted: list[Observation]) -> int:
    """Connections whose first packet was lost."""
    return sum(
        int((o.number("tried") or 0) - (o.number("answered") or 0) + (o.number("late") or 0))
        for o in counted
    )


@dataclass(frozen=True, slots=True)
class _Steps:
    """What one port's SYNs met: by time to live, how they ended and who said so."""

    ends: dict[int, tuple[str, str]]

    def end(self, limit: int) -> str:
        return self.ends.get(limit, ("", ""))[0]

    def first(self, *ends: str) -> int:
        """The smallest time to live that ended so; 0 for none."""
        return min((limit for limit, (end, _) in self.ends.items() if end in ends), default=0)

    def last(self, end: str) -> int:
        return max((limit for limit, (found, _) in self.ends.items() if found == end), default=0)


def _steps(o: Observation, key: str) -> _Steps:
    rows = [row for row in o.items(key) if isinstance(row, tuple) and len(row) == 3]
    return _Steps({int(str(row[0])): (str(row[1]), str(row[2])) for row in rows})


def filtered(evidence: Evidence) -> Iterator[Observation]:
    """The packets to one port end elsewhere than those to another, or somebody turns them back.

    `here`: on this machine or the first router; `way`: before the site; `there`: the site's own
    machine says so; `end`: at the site or close to it, while its other port answers.
    """
    if not unwalked(evidence):
        return
    for o in evidence.named("path-traced"):
        mine, other = _steps(o, "steps"), _steps(o, "other_steps")
        found = _where(mine, other, o.text("own"), o.text("address"))
        silent = sum(end == "silent" for end, _ in mine.ends.values())
        if found == ("end", "silent", "") and 0 < silent <= (o.number("undelivered") or 0):
            # The answers to every one of these packets came back, and were dropped at home.
            found = ("here", "dropped on their way in", "")
        near, far = o.number("distance"), o.number("other_distance")
        if found == ("end", "refused", "") and near is not None and far is not None and near < far:
            # Both ports lead to one machine, and the refusal has come from nearer than that.
            found = ("way", "refused", "")
        plain = [p for p in evidence.named("plain-http") if p.text("address") == o.text("address")]
        if found is None or (found[0] == "end" and not plain):
            continue
        where, how, by = found
        yield stated(
            Hop.DEVICE if where == "here" else Hop.NETWORK,
            "filtered",
            [o, *plain],
            where=where,
            how=how,
            by=by,
            address=o.text("address"),
            port=o.value.get("port"),
        )
        return


def _where(mine: _Steps, other: _Steps, own: str, address: str) -> tuple[str, str, str] | None:
    """Where the packets of a port end, how, and who says so; None where nothing tells."""
    if mine.first("connected"):
        return None
    rejected = mine.first("rejected")
    if rejected:
        by = mine.ends[rejected][1]
        if by in ("", own):
            return "here", "rejected", by
        return ("there" if by == address else "way"), "rejected", by
    first = mine.end(1)
    if first in ("refused", "silent") and other.end(1) == "expired":
        return "here", first, ""
    refused, reached = mine.first("refused"), other.first("connected", "refused")
    if refused and reached:
        if refused < reached:
            return "way", "refused", ""
        return ("end", "refused", "") if other.first("connected") else None
    if not refused and other.first("connected"):
        if other.last("expired") - mine.last("expired") >= 2:
            return "way", "silent", ""
        return "end", "silent", ""
    return None


def by_name(evidence: Evidence) -> Iterator[Observation]:
    """TLS breaks off for the site's own name, and the same address answers for another one."""
    broken = [o for o in failures(evidence) if o.name in _BROKEN_OFF]
    for o in evidence.named("other-name"):
        own = [each for each in broken if each.text("address") == o.text("address")]
        if own and o.value.get("answers") and unwalked(evidence):
            yield stated(
                Hop.NETWORK,
                "filtered-by-name",
                [*own, o],
                address=o.text("address"),
                name=o.text("name"),
                failure=own[0].name,
            )
            return


def swallowed(evidence: Evidence) -> Iterator[Observation]:
    """A connection opens, then hangs: not even the system at the other end confirms the data.

    `accepted-and-silent` is its opposite: that system confirms, and its program says nothing.
    """
    hanging = [o for o in failures(evidence) if o.name in _HANGING]
    told = [o for o in hanging if o.number("unacknowledged") is not None]
    small = evidence.named("small-packets-fail")
    if not told or len(hanging) < len(failures(evidence)) or not small:
        return
    if not evidence.first("control-works"):
        return
    lost_data = all((o.number("unacknowledged") or 0) > 0 for o in told)
    yield stated(
        Hop.NETWORK if lost_data else Hop.GATEWAY,
        "data-swallowed" if lost_data else "accepted-and-silent",
        [*told, *small],
        address=told[0].text("address"),
        failure=told[0].name,
    )


def tunnelled(evidence: Evidence) -> Iterator[Observation]:
    """The site is out of reach through the tunnel and answers past it."""
    works = [o for o in evidence.named("past-tunnel") if o.value.get("works")]
    if works and unwalked(evidence):
        through = [o for o in evidence.named("plain-http") if good(o)]
        yield stated(
            Hop.EXIT,
            "tunnel-fails",
            [*works, *through],
            tunnel=works[0].text("tunnel"),
            device=works[0].text("device"),
            address=works[0].text("address"),
            passes=bool(through),
        )


def by_interface(evidence: Evidence) -> Iterator[Observation]:
    """The site is out of reach through the usual network and answers through another one."""
    works = [o for o in evidence.named("through-interface") if o.value.get("works")]
    controls = evidence.named("control-works", "control-fails")
    if works and unwalked(evidence):
        yield stated(
            Hop.NETWORK,
            "network-fails",
            [*works, *controls],
            address=works[0].text("address"),
            device=works[0].text("device"),
            usual=works[0].text("usual"),
            others=_reached(controls),
        )


def _reached(controls: list[Observation]) -> str:
    """Whether the usual network leads to anything: `works`, `fails`, or `unknown`."""
    if not controls:
        return "unknown"
    return "works" if any(o.value.get("connected") for o in controls) else "fails"


def by_proxy(evidence: Evidence) -> Iterator[Observation]:
    """The page comes one way and not the other: through a proxy, and straight."""
    well = not unwalked(evidence) and all(map(good, pages(evidence)))
    for o in evidence.named("proxied-answer", "proxied-failed"):
        status = o.number("status")
        works = o.name == "proxied-answer" and status is not None and status < 400
        if well and not works:
            yield stated(
                Hop.DEVICE,
                "proxy-setting-fails",
                [o],
                setting=o.text("setting"),
                proxy=o.text("proxy"),
                failure=o.text("failure"),
                status=o.value.get("status"),
            )
        elif unwalked(evidence) and o.number("status") == 407:
            yield _wants_login(o, o.text("proxy"), o.text("setting"))
        elif unwalked(evidence) and works:
            yield stated(
                Hop.DEVICE,
                "only-by-proxy",
                [o],
                setting=o.text("setting"),
                proxy=o.text("proxy"),
                status=o.value.get("status"),
            )
    for o in evidence.named("http-response"):
        if o.number("status") == 407 and (o.text("by") == "proxy" or o in pages(evidence)):
            yield _wants_login(o, o.text("address"), "--proxy")
            break
    direct = [o for o in evidence.named("direct-answer") if (o.number("status") or 0) < 400]
    if direct and (failing := _proxied_failure(evidence)) is not None:
        yield stated(
            Hop.EXIT,
            "direct-works",
            [failing, *direct],
            url=final_url(evidence),
            failure=failing.name,
            status=failing.value.get("status"),
            refused=failing.name == "http-response" and (failing.number("status") or 0) < 500,
            by_proxy=failing.text("by") == "proxy",
        )


def _wants_login(o: Observation, proxy: str, setting: str) -> Observation:
    return stated(Hop.EXIT, "proxy-wants-login", [o], setting=setting, proxy=proxy)


def _proxied_failure(evidence: Evidence) -> Observation | None:
    """What came instead of the page through the person's proxy, once that was reached."""
    if own := [o for o in evidence.named("http-response") if o.text("by") == "proxy"]:
        return own[0]
    if bad := [o for o in pages(evidence) if (o.number("status") or 0) >= 400]:
        # A server's error says itself what broke: a proxy may rightly refuse an answer of the
        # site that is not valid, and that a lenient client takes.
        return bad[0] if (bad[0].number("status") or 0) < 500 else None
    beyond = [o for o in failures(evidence) if o.name in {*SECURING, *ANSWERING}]
    return next(iter([*beyond, *evidence.named(*PROXYING)]), None)
