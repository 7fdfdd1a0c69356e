"""A name's answers as a table: who says what, for how much longer, and how that stands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from badgateway.model.observation import Observation
from badgateway.report.safe import safe
from badgateway.report.words import Words, sentence

_SAYS = {
    "agrees": sentence("agrees"),
    "other": sentence("another address: an old one, or the zone answers by place"),
    "missing": sentence("finds nothing"),
    "extra": sentence("has what the zone does not"),
    "inner": sentence("an inner address: split horizon, or a block"),
    "blocked": sentence("blocks the name"),
    "unverified": sentence("refuses it: the signatures do not verify"),
    "fails": sentence("fails"),
    "silent": sentence("no answer from here"),
    "alone": sentence("nobody to compare with"),
    "authority": sentence("the zone itself"),
    "lame": sentence("does not know the zone"),
}
_STYLES = {"agrees": "green", "authority": "green", "silent": "dim", "alone": "dim"}
_SIGNING = {
    "unsigned": sentence("DNSSEC: {zone} is not signed."),
    "signed": sentence("DNSSEC: {zone} is signed; no resolver here says that it has verified it."),
    "verified": sentence("DNSSEC: {zone} is signed, verified by {verified} of {asked} resolvers."),
    "does-not-verify": sentence(
        "DNSSEC: the signatures of {zone} do not verify: {refused} of {asked} "
        "resolvers refuse the name and have it unchecked."
    ),
    "keys-missing": sentence("DNSSEC: the zone above vouches for keys that {zone} does not have."),
}
_AMISS = {
    "silent": sentence(
        "{count} of {all} name servers of the zone give no answer from here: {names}."
    ),
    "lame": sentence(
        "{count} of {all} name servers do not know the zone that they are named for: {names}."
    ),
}
_TITLES = (sentence("who"), sentence("asked at"), sentence("says"), sentence("for"), "")
_THIS_MACHINE = sentence("this machine")
_MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One who was asked.

    Attributes:
        who: `machine`, `own` for its resolvers, `public`, `zone`.
        label: how people know it.
        server: its address; empty for this machine itself.
        addresses: what it says, addresses and aliases.
        ttl: seconds that its answer may be kept, as it was given; None where it does not say.
        at: when it was given.
        state: how it stands to the zone's own answer.
        rcode: the response code where it names no address; empty where there is none.
    """

    who: str
    label: str
    server: str
    addresses: tuple[str, ...]
    ttl: float | None
    at: datetime | None
    state: str
    rcode: str = ""

    def left(self, now: datetime) -> float | None:
        """Seconds that the answer may still be kept at `now`; a zone's own server only names them.

        None where that is not known.
        """
        if self.ttl is None:
            return None
        if self.who == "zone" or self.at is None:
            return self.ttl
        return max(0.0, self.ttl - (now - self.at).total_seconds())


def rows(observations: Sequence[Observation]) -> list[Row]:
    """Everyone who was asked: this machine, its resolvers, the others, the zone's own servers."""
    own = {o.text("resolver") for o in observations if o.name.startswith("own-resolver-")}
    found = []
    by_id = {o.id: o for o in observations}
    for o in observations:
        if o.name != "answer-compared":
            continue
        server = o.text("resolver")
        sources = [by_id[i] for i in o.source.removeprefix("compared:").split(",") if i in by_id]
        aliases = dict.fromkeys(str(s.items("cnames")[0]) for s in sources if s.items("cnames"))
        who = "machine" if not server else "own" if server in own else "public"
        found.append(
            Row(
                who,
                o.text("label"),
                server,
                (*aliases, *map(str, o.items("addresses"))),
                o.number("ttl"),
                o.at,
                o.text("state"),
                _rcode(sources),
            )
        )
    order = {"machine": 0, "own": 1, "public": 2}
    found.sort(key=lambda row: (order[row.who], row.label, row.server))
    return found + _zone_rows(observations)


def _zone_rows(observations: Sequence[Observation]) -> list[Row]:
    """The zone's own servers, each once with both types."""
    by_server: dict[tuple[str, str], list[Observation]] = {}
    for o in observations:
        if o.name in ("nameserver-answer", "nameserver-silent"):
            by_server.setdefault((o.text("server"), o.text("address")), []).append(o)
    found = []
    for (server, address), told in sorted(by_server.items()):
        answers = [o for o in told if o.name == "nameserver-answer"]
        said = (str(a) for o in answers for a in (*o.items("cnames")[:1], *o.items("addresses")))
        state = "silent"
        if answers:
            state = "authority" if any(o.value.get("authoritative") for o in answers) else "lame"
        times = [ttl for o in answers if (ttl := o.number("ttl")) is not None]
        found.append(
            Row(
                "zone",
                server,
                address,
                tuple(dict.fromkeys(said)),
                max(times, default=None),
                told[0].at,
                state,
                _rcode(told),
            )
        )
    return found


def _rcode(answers: Sequence[Observation]) -> str:
    """What stands in the place of addresses: the worst response code, else the bare fact."""
    codes = [o.text("rcode") for o in answers if o.text("rcode")]
    bad = [code for code in codes if code != "NOERROR"]
    return bad[0] if bad else "NOERROR" if codes else ""


def tried(observations: Sequence[Observation], words: Words) -> Mapping[str, str]:
    """What came of each address that was tried: its status, or what failed."""
    return {
        o.text("address"): o.text("status") or words.failure(o.text("failure"))
        for o in observations
        if o.name in ("answer-tried", "answer-tried-failed")
    }


def table(observations: Sequence[Observation], words: Words, now: datetime) -> RenderableType:
    """The table, and below it what it says as a whole."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in _TITLES:
        grid.add_column(
            words.say(title) if title else "",
            header_style="bold",
            overflow="fold",
            no_wrap=title not in ("who", ""),
        )
    results = tried(observations, words)
    for row in rows(observations):
        left = row.left(now)
        shown = row.addresses[:_MOST_ADDRESSES]
        answer = "\n".join(_with_result(safe(address, 80), results) for address in shown)
        if len(row.addresses) > _MOST_ADDRESSES:
            answer += "\n…"
        grid.add_row(
            Text(safe(words.say(_THIS_MACHINE) if row.who == "machine" else row.label, 60)),
            Text(row.server, "dim"),
            Text(answer or words.value("", "rcode", row.rcode) or "–"),
            Text("" if left is None else words.lasting(left)),
            Text(words.say(_SAYS[row.state]), _STYLES.get(row.state, "yellow")),
        )
    told = [Text(line) for line in conclusions(observations, words, now)]
    return Group(grid, Text(""), *told)


def _with_result(address: str, results: Mapping[str, str]) -> str:
    return f"{address} → {results[address]}" if address in results else address


def conclusions(observations: Sequence[Observation], words: Words, now: datetime) -> Iterator[str]:
    """What the answers say together, one sentence each."""
    every = rows(observations)
    agreed = next((o for o in observations if o.name == "answers-agree"), None)
    differing = [row for row in every if row.who != "zone" and row.state not in _STYLES]
    if agreed is not None:
        says = sentence("Everyone who answers agrees ({count}).")
        if not agreed.value.get("exists"):
            says = sentence("Everyone who answers agrees ({count}): the name has no address.")
        yield words.say(says, count=agreed.text("count"))
    elif differing:
        yield words.say(
            "{count} of {all} do not say what the zone says.",
            count=len(differing),
            all=len([row for row in every if row.who != "zone" and row.state != "silent"]),
        )
    holding = [left for row in differing if row.addresses and (left := row.left(now)) is not None]
    if holding:
        yield words.say(
            "What they hold runs out in {time} at the latest; if it is an old answer it is gone "
            "then.",
            time=words.lasting(max(holding)),
        )
    zone = [row for row in every if row.who == "zone"]
    if zone and not any(row.state == "authority" for row in zone):
        yield words.say("None of the zone's own servers answers for it.")
    for state, says in _AMISS.items():
        amiss = [row.label for row in zone if row.state == state]
        if amiss and len(amiss) < len(zone):
            yield safe(
                words.say(says, count=len(amiss), all=len(zone), names=", ".join(amiss)), 400
            )
    for o in observations:
        if o.name in ("nameservers-differ", "delegation-differs", "hosts-file-entry"):
            said = words.observed(o)
            yield said[:1].upper() + said[1:] + "."
        elif o.name == "signing-state":
            value = {key: o.text(key) for key in ("zone", "verified", "asked", "refused")}
            yield safe(words.say(_SIGNING[o.text("state")], **value))
