"""What a person reads, and what a program reads."""

import io
import json
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation
from badgateway.model.verdict import (
    Emitter,
    NextTest,
    Outcome,
    RankedCause,
    Risk,
    Step,
    Verdict,
    Who,
)
from badgateway.report.json import plain, verdict_json
from badgateway.report.safe import safe, width
from badgateway.report.terminal import Detail, console, report
from badgateway.report.words import Words

VERDICT = Verdict(
    subject="https://shop.example/",
    outcome=Outcome.GATEWAY_ERROR,
    status=502,
    variant="bad-gateway",
    emitter=Emitter("nginx", "1.24.0", ("cloudflare",), 0.98, ("nginx/body",)),
    side=Side.SITE,
    hop=Hop.UPSTREAM,
    causes=(RankedCause("upstream-down", Hop.UPSTREAM, 0.6, ("o1",), ("o2",)),),
    observations=(
        Observation(
            Hop.NETWORK,
            "connected",
            {"address": "192.0.2.1", "port": 443, "seconds": 0.01},
            "tcp:192.0.2.1:443",
            datetime(2026, 11, 23, 9, 14, 2, tzinfo=UTC),
            "o1",
        ),
    ),
    next=(NextTest("listening-sockets", Who.OWNER, "would tell"),),
    steps=(
        Step("reload", Who.VISITOR, "Reload after a minute", Risk.NONE),
        Step("start", Who.OWNER, "Start it", Risk.REVERSIBLE, "systemctl start x", "curl x"),
        Step("restart", Who.OWNER, "Restart it", Risk.DISRUPTIVE, "systemctl restart x"),
    ),
    elapsed_s=1.8,
)
CONTRACT = Path(__file__).parents[3] / "shared" / "contract" / "verdict.md"


def printed(verdict, known, columns=80, **env) -> str:
    """The report as it stands in a pipe of that width."""
    out = io.StringIO()
    target = console(out)
    target.width = columns
    report(verdict, known, Words(), target)
    return out.getvalue()


# --- safe


@given(st.text(max_size=600), st.integers(1, 500))
def test_nothing_harmful_passes(text, limit):
    """No control, bidirectional or private character passes, and the length is kept."""
    shown = safe(text + "\x1b[0m\u202e\ud800\u2066\x9b", limit)
    assert len(shown) <= limit
    for character in shown:
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            *("LRE", "RLE", "LRO", "RLO", "PDF"),
            *("LRI", "RLI", "FSI", "PDI"),
        )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\nb\nc\td", "a b c d"),
        ("a\rb", "a\\x0db"),
        ("\u202eabc", "\\u202eabc"),
        ("\U000e0041", "\\ue0041"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("grüße 例え ✓", "grüße 例え ✓"),
    ],
)
def test_harm_is_shown_as_text(text, shown):
    """What could command a terminal is shown by its number; everything else stays."""
    assert safe(text) == shown


def test_what_is_too_long_ends_in_an_ellipsis():
    """A cut is seen."""
    assert safe("a" * 500, 10) == "a" * 9 + "…"
    assert safe("a" * 10, 10) == "a" * 10


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("例え", 4), ("e\u0301", 1), ("", 0)])
def test_width_is_what_a_terminal_takes(text, columns):
    """Wide signs take two columns, accents none."""
    assert width(text) == columns


# --- words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 ms"), (0.0004, "0.4 ms"), (0.05, "50 ms"), (1.25, "1.2 s"), (61, "61.0 s")],
)
def test_times_have_units(seconds, said):
    """Milliseconds below a second, seconds above."""
    assert Words().seconds(seconds) == said


def test_a_value_cannot_command_the_sentence():
    """Braces in a hostile value stay braces."""
    value = {"address": "{port.__class__}", "port": "{0}"}
    said = Words().observed(Observation(Hop.NETWORK, "connected", value))
    assert "{port.__class__} port {0}" in said


def test_an_unknown_word_is_said_all_the_same():
    """An observation of a later version is shown with its value."""
    said = Words().observed(Observation(Hop.NETWORK, "from-the-future", {"a": 1}))
    assert said == "from-the-future: a 1"


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("status", [None, 0, 200, 502, 999])
def test_every_outcome_has_a_headline(outcome, status):
    """One line for each, without a hole in it."""
    said = Words().headline(Verdict("x", outcome, status=status))
    assert said.strip()
    assert "None" not in said
    assert "{" not in said


# --- terminal


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_the_report_fits_its_terminal(known, columns):
    """Nothing but a command or a URL is wider than the terminal."""
    lines = printed(VERDICT, known, columns).splitlines()
    assert [line for line in lines if width(line.rstrip()) > columns] == []
    assert VERDICT.subject in lines[0]


@pytest.mark.parametrize("columns", [40, 80])
def test_the_chain_is_drawn_whole(known, columns):
    """In one row where there is room, else one hop a line: no hop is lost."""
    text = printed(VERDICT, known, columns)
    for hop in ("you", "DNS", "network", "gateway", "application"):
        assert hop in text
    assert ("──" in text) is (columns == 80)


def test_the_report_says_who_what_and_why(known):
    """Maker, relay, cause, steps of both people, evidence and the time it took."""
    text = printed(VERDICT, known)
    for said in (
        "nginx 1.24.0",
        "Cloudflare",
        "60 %",
        "Reload after a minute",
        "systemctl start x",
    ):
        assert said in text
    assert "can be undone" in text
    assert "visitors may notice" in text
    assert "1.8 s in all" in text


def test_a_pipe_gets_no_colours(known):
    """Without a terminal there is no escape sequence at all."""
    assert "\x1b" not in printed(VERDICT, known)


def test_no_color_is_honoured(known, monkeypatch):
    """NO_COLOR takes the colours away from a terminal too."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def coloured() -> bool:
        out = Terminal()
        report(VERDICT, known, Words(), console(out))
        return bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", out.getvalue()))

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured()


def test_the_evidence_can_be_left_out(known):
    """--brief leaves the evidence out and nothing else."""
    out = io.StringIO()
    report(VERDICT, known, Words(), console(out), Detail.BRIEF)
    assert "accepts connections" not in out.getvalue()
    assert "systemctl start x" in out.getvalue()


def test_a_time_that_ran_out_is_said(known):
    """An incomplete run is never shown as a complete one."""
    assert "had not ended" in printed(replace(VERDICT, complete=False), known)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_verdict_can_be_shown(known, outcome):
    """The least that a verdict can hold is shown without a hole."""
    text = printed(Verdict("https://a.example/", outcome), known, 40)
    assert "None" not in text
    assert "{" not in text


# --- JSON


def test_json_is_one_line_of_ascii():
    """One object on one line that no terminal can be harmed by."""
    hostile = replace(VERDICT, subject="\x1b[31m\u202e\ud800ü")
    text = verdict_json(hostile)
    assert text.isascii()
    assert "\n" not in text
    assert "\x1b" not in text
    assert json.loads(text)["subject"] == hostile.subject


def keys_of(value, where=""):
    """Every key in a JSON value, as paths; lists count as their first item."""
    if isinstance(value, list):
        return keys_of(value[0], where) if value else set()
    if not isinstance(value, dict) or where.endswith(".value"):
        return set()
    return {f"{where}.{key}" for key in value}.union(
        *(keys_of(item, f"{where}.{key}") for key, item in value.items())
    )


def test_json_has_every_key_of_the_contract():
    """Every key of the public contract's example stands in the verdict, at the same place."""
    if not CONTRACT.exists():
        pytest.skip("the contract lies outside the checkout and is not here")
    example = json.loads(re.search(r"```json\n(.*?)```", CONTRACT.read_text(), re.DOTALL)[1])
    mine = json.loads(verdict_json(VERDICT))
    assert keys_of(example) - keys_of(mine) == set()
    assert mine["schema"] == example["schema"]


def test_json_uses_the_contracts_words():
    """Enumerations are their words, and times are in UTC."""
    mine = json.loads(verdict_json(VERDICT))
    assert (mine["outcome"], mine["side"]) == ("gateway-error", "site")
    assert mine["observations"][0]["at"].endswith("Z")
    assert mine["steps"][1]["risk"] == "reversible"


def test_a_time_of_another_zone_is_told_in_utc():
    """A time with a zone is the same moment in UTC."""
    at = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert plain(at) == "2025-12-31T23:00:00.000Z"


def test_a_long_text_is_cut_in_json():
    """A page of 200 kB does not fill the verdict, and the cut is seen."""
    cut = plain("a" * 200_000)
    assert len(cut) < 20_000
    assert cut.endswith("…")


@pytest.mark.parametrize("value", [b"bytes", {1}, object()])
def test_json_refuses_what_is_no_data(value):
    """What cannot be said in JSON is a bug of ours and is not hidden."""
    with pytest.raises(TypeError):
        plain(value)
