"""A ticket: to whom it goes, what it holds, and that nothing it quotes can do harm."""

import json
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from badgateway.cli.main import main
from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation
from badgateway.model.verdict import Emitter, Made, NextTest, Outcome, RankedCause, Verdict, Who
from badgateway.model.vocabulary import vocabulary
from badgateway.probes import probes
from badgateway.report.json import verdict_json
from badgateway.report.recorded import RecordError, verdict_of
from badgateway.report.ticket.evidence import request_ids, since, telling, tried
from badgateway.report.ticket.formats import MAILTO_LIMIT, mailto, markdown, plain_text
from badgateway.report.ticket.letter import both_times, letter_of
from badgateway.report.ticket.recipient import To, contact_of, recipient_for, recipients
from badgateway.report.words import Words

AT = datetime(2026, 11, 23, 9, 14, 2, tzinfo=UTC)
PARIS = timezone(timedelta(hours=1))
DATA = files("badgateway.report.ticket")


def response(status=502, headers=(), body="", id_="o1", **more):
    """An answer as a check records it."""
    value = {
        "url": "https://shop.example/", "address": "192.0.2.1", "what": "page", "status": status,
        "reason": "Bad Gateway", "protocol": "HTTP/1.1", "headers": headers, "body": body, **more,
    }  # fmt: skip
    return Observation(Hop.GATEWAY, "http-response", value, "connection:192.0.2.1:443", AT, id_)


def verdict(cause="upstream-down", hop=Hop.UPSTREAM, *seen, **more):
    """A verdict on one cause."""
    base = Verdict(
        subject="https://shop.example/",
        outcome=Outcome.GATEWAY_ERROR,
        status=502,
        emitter=Emitter("nginx", "1.24.0", (), 0.98),
        side=Side.SITE,
        hop=hop,
        causes=(RankedCause(cause, hop, 0.83, ("o1",)),),
        observations=seen or (response(),),
        next=(NextTest("gateway-error-log", Who.OWNER, "tells"),),
        made=(Made("page", 0.1), Made("neighbours", None)),
    )
    return replace(base, **more)


INSIDE = Observation(Hop.GATEWAY, "server-started", {"by": "nginx"}, "nginx:/var/log/x:1", AT, "o2")


def written(known, found, to=To.HOST, lang="en", form=markdown, zone=UTC):
    """The ticket as text."""
    words = Words(lang)
    return form(letter_of(found, recipients()[to], known, words, zone), words)


# --- to whom


@pytest.mark.parametrize(
    ("found", "to"),
    [
        (verdict(), To.SITE),
        (verdict("upstream-down", Hop.UPSTREAM, response(), INSIDE), To.HOST),
        (verdict("cdn-outage", Hop.EDGE), To.CDN),
        (verdict("cdn-cannot-reach-origin", Hop.EDGE), To.SITE),
        (verdict("cdn-cannot-reach-origin", Hop.EDGE, response(), INSIDE), To.HOST),
        (verdict("waf-block", Hop.EDGE), To.SITE),
        (verdict("isp-block", Hop.NETWORK, side=Side.PATH), To.NETWORK),
        (verdict("dnssec-bogus", Hop.ZONE), To.SITE),
        (verdict(causes=(), hop=None, side=None), To.SITE),
    ],
)
def test_whoever_can_mend_it_gets_the_ticket(found, to):
    """The cause decides, and whether the writer runs the site."""
    chosen = recipient_for(found)
    assert chosen is not None
    assert chosen.to is to


@pytest.mark.parametrize(
    "found",
    [
        verdict(outcome=Outcome.HEALTHY, side=None, hop=None, causes=()),
        verdict("client-clock", Hop.DEVICE, side=Side.VISITOR),
    ],
)
def test_where_nobody_else_can_mend_it_there_is_nobody_to_write_to(found):
    """A healthy page and a fault of the own device need no ticket."""
    assert recipient_for(found) is None


def contact(**value):
    """A contact as it is observed."""
    told = {"kind": "security", "via": "security.txt", "whose": "site", **value}
    return Observation(Hop.ZONE, "contact", told, "https://shop.example/", AT, "o9")


def test_a_known_contact_is_used():
    """A mail address comes before a page with a form."""
    found = verdict(
        "upstream-down", Hop.UPSTREAM, response(),
        contact(address="https://shop.example/contact"),
        contact(address="registrar@r.example", whose="registrar"),
        contact(address="https://status.shop.example/", kind="status-page"),
        contact(address="old@shop.example", via="page", expired=True),
        contact(address="mailto:help@shop.example"),
    )  # fmt: skip
    assert contact_of(found, To.SITE).mail == "help@shop.example"
    assert contact_of(verdict("upstream-down", Hop.UPSTREAM, contact(address="https://a.example/c")),
                      To.SITE).page == "https://a.example/c"  # fmt: skip


@pytest.mark.parametrize(
    "hostile",
    [
        "a@b.example?bcc=victim@c.example", "a@b.example,victim@c.example",
        "a@b.example\nBcc: v@c.example",
        "a@b.example%0d%0abcc:v@c.example", '"a b"@c.example', "a@b.example&subject=x", "[masked]",
        "javascript:alert(1)", 'https://x.example/" onclick=', "a@b",
    ],
)  # fmt: skip
def test_a_contact_cannot_smuggle_anything_in(known, hostile):
    """What is no plain address is no contact."""
    found = verdict("upstream-down", Hop.UPSTREAM, response(), contact(address=hostile))
    assert contact_of(found, To.SITE).mail == ""
    assert contact_of(found, To.SITE).page == ""
    assert "victim" not in written(known, found, form=mailto)


# --- what it holds


def test_it_says_all_that_support_asks_for(known):
    """Subject, time in UTC and local, maker, ids, sureness, tests with results, evidence."""
    headers = (("CF-Ray", "8a1b2c3d4e5f6071-FRA"), ("X-Request-Id", "f00-17"))
    said = Observation(
        Hop.BROWSER, "denied",
        {"fact": "mobile-works", "says": "the page works with mobile data"}, "answer", AT, "o7",
    )  # fmt: skip
    found = verdict("upstream-down", Hop.UPSTREAM, response(headers=headers), INSIDE, said)
    text = written(known, found, zone=PARIS)
    for part in (
        "# shop.example/: 502 Bad Gateway",
        "2026-11-23 09:14:02 UTC = 2026-11-23 10:14:02 UTC+01:00",
        "nginx 1.24.0 (98 %)",
        "Cloudflare Ray ID: `8a1b2c3d4e5f6071-FRA",
        "request id: `f00-17",
        "83 %: nothing listens: the application is stopped",
        "Which of these it is cannot be told from here",
        "The page was asked for at every address of the site",
        "`https://shop.example/ answers 502 Bad Gateway (HTTP/1.1)`",
        "Asked: the page works with mobile data\n  - `no`",
        "nginx: /var/log/x",
        "[connection:192.0.2.1:443]",
        "What would tell most:",
    ):
        assert part in text, part


def test_a_sure_verdict_is_told_as_sure_and_an_unsure_one_is_not(known):
    """Nobody is told for certain what is not known for certain."""
    assert "It probably lies with the site" in written(known, verdict())
    sure = written(known, verdict(determined=True))
    assert "It lies with the site, not with the visitor." in sure
    assert "clear enough to act on" in sure
    assert "not ended" in written(known, verdict(complete=False))


def test_time_runs_from_the_first_failure_to_the_last():
    """Logs tell since when, an answer now tells until when; what works tells nothing."""
    early = Observation(
        Hop.LINK, "connect-refused",
        {"count": 3, "last": "2026-11-23T08:00:00+00:00", "what": "page"}, "nginx:/x:1",
        AT - timedelta(hours=3), "o2",
    )  # fmt: skip
    fine = response(200, id_="o3")
    found = verdict(
        "upstream-down", Hop.UPSTREAM, early, response(), replace(fine, at=AT - timedelta(days=1))
    )
    assert since(found) == (AT - timedelta(hours=3), AT)
    assert since(verdict(observations=(replace(response(), at=None),))) is None
    assert both_times(AT, UTC) == "2026-11-23 09:14:02 UTC"


def test_tests_that_were_spared_are_not_called_tried():
    """Only what was made is told; one of ours that has no title yet is told by its name."""
    found = verdict(made=(Made("page", 0.1), Made("neighbours", None), Made("new_test", 0.2)))
    titles = [step.title for step in tried(found, Words())]
    assert not any("Other pages" in title for title in titles)
    assert "new test" in titles


def test_evidence_is_in_the_order_of_time_and_not_all_alike(known):
    """Ten of the same kind do not push out the one that tells most."""
    old = {"path": "/etc/x", "minutes": 7}
    same = [
        Observation(Hop.GATEWAY, "file-changed", old, "stat:/etc/x", None, f"c{n}")
        for n in range(30)
    ]
    early = Observation(
        Hop.LINK, "connect-refused", {}, "nginx:/x:1", AT - timedelta(hours=1), "e1"
    )
    ids = tuple(o.id for o in (*same, early))
    found = verdict("upstream-down", Hop.UPSTREAM, *same, response(id_="p1"), early,
                    causes=(RankedCause("upstream-down", Hop.UPSTREAM, 0.9, ids),))  # fmt: skip
    names = [o.name for o in telling(found)]
    assert names[:2] == ["connect-refused", "http-response"]
    assert names.count("file-changed") == 4


def test_reloads_are_counted():
    """Answers to reloading stand under reloading, each once with its number."""
    again = [response(s, what="again", id_=f"o{n}") for n, s in enumerate((502, 200, 502), 2)]
    step = next(
        s for s in tried(verdict("upstream-down", Hop.UPSTREAM, *again), Words())
        if "reloaded" in s.title
    )  # fmt: skip
    assert step.results[0].endswith("(× 2)")
    assert len(step.results) == 2


def test_every_probe_of_a_check_has_its_place():
    """Each step names probes that exist and results that they give, or that follow from them."""
    steps = tomllib.loads(DATA.joinpath("tried.toml").read_text())["step"]
    there = probes()
    words = vocabulary().observations
    derived = {name for name, word in words.items() if word.derived}
    for step in steps:
        gives = {word for name in step["probes"] for word in there[name].GIVES}
        assert set(step["results"]) <= {str(word) for word in gives} | derived, step["title"]


def test_what_other_places_see_tells_for_whom(known):
    """Once other places were asked, nothing is guessed."""
    seen = Observation(
        Hop.NETWORK, "vantage-answer",
        {"where": "Paris", "url": "https://shop.example/", "status": 502}, "globalping", AT, "o5",
    )  # fmt: skip
    text = written(known, verdict("upstream-down", Hop.UPSTREAM, response(), seen))
    assert "one place only" not in text
    assert "Paris" in text.partition("For whom")[2].partition("What it is")[0]
    assert "Other places were asked" in text


def test_a_contact_survives_the_json():
    """It was published to be written to."""
    found = verdict("upstream-down", Hop.UPSTREAM, response(), contact(address="help@shop.example"))
    assert contact_of(verdict_of(verdict_json(found)), To.SITE).mail == "help@shop.example"


# --- ids of requests


def test_ids_in_headers_are_found_whatever_their_case():
    """The ids of answers that failed come first."""
    found = verdict(
        "upstream-down", Hop.UPSTREAM, response(200, (("X-AMZ-CF-ID", "good=="),)),
        response(504, (("x-azure-ref", "bad"),), id_="o2"),
    )  # fmt: skip
    assert [(i.title, i.value) for i in request_ids(found)] == [
        ("Azure Front Door reference", "bad"),
        ("CloudFront request id", "good=="),
    ]


@pytest.mark.parametrize(
    "mark", tomllib.loads(DATA.joinpath("request_ids.toml").read_text())["text"],
    ids=lambda mark: mark["title"],
)  # fmt: skip
def test_ids_in_pages_are_found(mark):
    """Each pattern takes its own sample and not the other."""
    hit = re.search(mark["pattern"], mark["match"])
    assert hit
    assert re.search(mark["pattern"], mark["other"]) is None
    found = verdict(observations=(response(body=mark["match"]),))
    assert [i.title for i in request_ids(found)] == [mark["title"]]


def test_an_endless_id_is_cut():
    """A header of any length becomes a line."""
    found = verdict(observations=(response(headers=(("cf-ray", "x" * 100_000),)),))
    assert len(request_ids(found)[0].value) <= 200


# --- harm


HOSTILE = (
    "``` \n# h1\n[x](javascript:alert(1)) <script>@all #1 \x1b[31m `` ![i](http://t.example/p)"
)


def test_markdown_cannot_be_injected(known):
    """What is quoted stays inside code: no heading, link, image, mention or tag of its own."""
    bad = verdict(
        "upstream-down", Hop.UPSTREAM,
        response(reason=HOSTILE, headers=(("x-request-id", HOSTILE),), protocol=HOSTILE),
        subject="https://shop.example/" + HOSTILE, emitter=Emitter("nginx", HOSTILE, (), 0.9),
    )  # fmt: skip
    text = written(known, bad)
    head, _, evidence = text.partition("## Evidence\n\n")
    fence = evidence.split("\n")[0].removesuffix("text")
    assert set(fence) == {"`"}
    assert evidence.count(fence) == 2
    bare = re.sub(
        r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", re.sub(r"\\[\\`*_\[\]<>#|~@!&]", "", head)
    )
    for part in ("javascript:", "<script", "](", "@all", "`"):
        assert part not in re.sub(r"^# .*$", "", bare, flags=re.MULTILINE), part
    assert len(re.findall(r"^#+ ", text, re.MULTILINE)) == 1 + len(
        re.findall(r"^## ", text, re.MULTILINE)
    )
    assert "\x1b" not in text


def test_a_mail_has_one_subject_and_one_body(known):
    """Nothing that is quoted becomes a further field of the mail."""
    bad = "https://shop.example/?a=1&bcc=v@x.example%0d%0aBcc:v@x.example\r\nCc: v@x.example"
    link = written(known, verdict(subject=bad), form=mailto)
    assert link.startswith("mailto:?subject=")
    fields = parse_qs(urlsplit(link).query, strict_parsing=True)
    assert sorted(fields) == ["body", "subject"]
    assert "\n" not in fields["subject"][0]
    assert "\r" not in fields["subject"][0]
    assert link.isascii()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_link_is_short_enough_for_mail_programs(known, lang):
    """Longer letters lose their last sections, and say that there is more."""
    many = [response(id_=f"o{n}", url=f"https://shop.example/{n}") for n in range(60)]
    found = verdict("upstream-down", Hop.UPSTREAM, *many)
    link = written(known, found, lang=lang, form=mailto)
    assert len(link) <= MAILTO_LIMIT
    body = parse_qs(urlsplit(link).query)["body"][0]
    assert "shop.example" in body
    assert Words(lang).say("More evidence is at hand; ask for it.") in body
    assert "\r\n" in unquote(link)


def test_secrets_are_masked_everywhere(known):
    """Tokens of the URL, of headers and of log lines do not leave."""
    secret = "sk_live_0123456789abcdef"
    leak = Observation(
        Hop.UPSTREAM, "app-exception",
        {"detail": f"password={secret} Authorization: Bearer {secret}"},
        f"log:/srv/app?token={secret}:3", AT, "o2",
    )  # fmt: skip
    found = verdict(
        "upstream-crash", Hop.UPSTREAM,
        response(headers=(("x-request-id", secret), ("Set-Cookie", f"a={secret}"))), leak,
        subject=f"https://shop.example/?token={secret}",
        causes=(RankedCause("upstream-crash", Hop.UPSTREAM, 0.9, ("o2",)),),
    )  # fmt: skip
    for form in (markdown, plain_text, mailto):
        text = written(known, found, form=form)
        assert secret not in text
        assert secret not in unquote(text)


def test_a_mail_wraps_its_lines(known):
    """No line but of the record is longer than a mail's."""
    text = written(known, verdict(), form=plain_text).partition("Evidence\n")[0]
    assert max(map(len, text.splitlines())) <= 76


# --- a verdict from its JSON


def test_a_verdict_survives_its_json(known):
    """The ticket from a saved verdict is the ticket of that verdict."""
    found = verdict("upstream-down", Hop.UPSTREAM, response(), INSIDE)
    again = verdict_of(verdict_json(found))
    assert written(known, again) == written(known, found)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"schema": "other/1"}', '{"schema": "badgateway.verdict/1"}', "[" * 100_000,
     '{"schema": "badgateway.verdict/1", "outcome": "great"}'],
)  # fmt: skip
def test_what_is_no_verdict_is_refused(text):
    """With a sentence that says what would be one."""
    with pytest.raises(RecordError, match="--json"):
        verdict_of(text)


def test_a_hostile_verdict_is_taken_for_what_it_is_worth(known):
    """Unknown words and wrong kinds are left out; the ticket is still written."""
    item = {"id": "o1", "hop": "moon", "name": "http-response", "value": 3, "at": 7}
    text = json.dumps({
        "schema": "badgateway.verdict/1", "outcome": "gateway-error", "subject": ["x"],
        "status": "502", "side": "dark", "hop": None, "emitter": {"name": "<b>", "probability": 9},
        "causes": [{"cause": "<script>", "probability": 1}, 4, {"cause": "upstream-down",
                   "probability": -4, "because": [1, {}], "hop": "moon"}],
        "observations": [item, {**item, "hop": "gateway"}, "x"], "made": [{"test": None}],
        "next": [{"test": "x", "who": "king"}], "steps": 4, "complete": "no",
    })  # fmt: skip
    found = verdict_of(text)
    assert [c.cause for c in found.causes] == ["upstream-down"]
    assert len(found.observations) == 1
    for form in (markdown, plain_text, mailto):
        assert "<script>" not in written(known, found, form=form)


# --- the command


def test_the_command_writes_a_ticket_from_a_saved_verdict(tmp_path, capsys):
    """`ticket --from FILE --to host` prints it and ends with 1, for there is a fault."""
    path = tmp_path / "verdict.json"
    path.write_text(verdict_json(verdict()))
    assert main(["ticket", "--from", str(path), "--to", "host"]) == 1
    assert capsys.readouterr().out.startswith("# shop.example/: 502 Bad Gateway")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ticket"], "--from FILE"),
        (["ticket", "https://a.example/", "--from", "x"], "--from FILE"),
        (["ticket", "--from", "/nowhere/x"], "No such file"),
        (["ticket", "--from", "x", "--to", "king"], "king"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(words, says, capsys):
    """Exit status 2, one line."""
    assert main(words) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_no_ticket_where_nothing_is_broken(tmp_path, capsys):
    """It says so, and how to write one anyway."""
    path = tmp_path / "verdict.json"
    path.write_text(verdict_json(verdict(outcome=Outcome.HEALTHY, side=None, hop=None, causes=())))
    assert main(["ticket", "--from", str(path)]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "--to site" in shown.err
