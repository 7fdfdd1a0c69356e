"""The figures are what their names say, and the tables and records hold what was said."""

import pytest

from badgateway.lab.fault import fault_of
from badgateway.lab.grade import called_broken, figures, grade, grade_owner
from badgateway.lab.record import record
from badgateway.lab.score import NOTHING, confusion, lines, page

LOOK = {"hop": "client", "run": ["true"], "shows": ["x"]}


def fault(name="f", cause="client-hosts-file", **more):
    return fault_of(
        name,
        {
            "title": "t",
            "url": "https://nginx.example.com/",
            "look": [LOOK],
            "truth": {"cause": cause} if cause else {},
            **more,
        },
    )


def answer(cause=None, hop="device", side="visitor", probability=0.9, seconds=1.0, **more):
    causes = [{"cause": cause, "hop": hop, "probability": probability}] if cause else []
    verdict = {
        "outcome": "unreachable", "status": None, "side": side, "hop": None,
        "determined": False, "causes": causes, **more,
    }  # fmt: skip
    return {"verdict": verdict, "seconds": seconds}


def test_the_right_cause_is_right_in_every_respect():
    """Side and hop are right, nothing is sure and wrong, Brier is the square of what is missing."""
    got = grade(fault(), answer("client-hosts-file", determined=True))
    assert (got.side, got.hop, got.sure, got.sure_and_wrong) == (True, True, True, False)
    assert got.brier == pytest.approx(0.01)


def test_another_cause_that_is_called_determined_is_sure_and_wrong():
    """Being sure of another cause counts, and the true one that is missing costs 1."""
    got = grade(fault(), answer("gateway-down", "gateway", "site", determined=True))
    assert (got.side, got.hop, got.sure_and_wrong) == (False, False, True)
    assert got.brier == pytest.approx(0.81 + 1)


def test_a_hop_that_may_be_named_from_outside_is_right():
    """`hops` of the fault's file are as good as the true one."""
    one = fault(visitor={"hops": ["device", "resolver"]})
    assert grade(one, answer("resolver-stale", "resolver")).hop


def test_no_verdict_is_wrong():
    """A product that printed nothing gets no point, and called the site broken."""
    got = grade(fault(), {"verdict": None, "seconds": 3.0})
    assert (got.side, got.hop, got.sure, got.broken) == (False, False, False, True)


@pytest.mark.parametrize(
    ("verdict", "broken"),
    [
        ({"outcome": "healthy", "status": 200}, False),
        ({"outcome": "other-error", "status": 404}, False),
        ({"outcome": "other-error", "status": 200}, True),
        ({"outcome": "unreachable", "status": None}, True),
        ({"outcome": "gateway-error", "status": 502}, True),
        ({"outcome": "healthy", "status": 200, "determined": True}, True),
        ({}, True),
    ],
)
def test_what_counts_as_called_broken(verdict, broken):
    """A page that really is a 404 may be called so; a good one may not be called anything."""
    assert called_broken(verdict) is broken


def test_errors_of_the_lab_count_nowhere_and_skipped_ones_are_counted():
    """Shares are of what ran."""
    known = {name: fault(name) for name in ("a", "b", "c")} | {"h": fault("h", cause=None)}
    results = [
        {"fault": "a", "visitor": answer("client-hosts-file", seconds=1.0)},
        {"fault": "b", "error": "it is not in force"},
        {"fault": "c", "skipped": "no tun"},
        {"fault": "h", "visitor": answer(outcome="healthy", status=200, side=None, seconds=3.0)},
    ]
    found = figures(known, results)
    assert (found.faults, found.skipped) == (2, 1)
    assert (found.visitor_side, found.visitor_hop) == (1.0, 1.0)
    assert (found.healthy_called_broken, found.sure, found.sure_and_wrong) == (0.0, 0.0, 0.0)
    assert (found.owner_cause, found.owner_top3) == (None, None)
    assert (found.median_s, found.p95_s) == (1.0, 3.0)
    assert list(found.line()) == [
        "faults", "skipped", "visitor_side", "visitor_hop", "owner_cause", "owner_top3", "sure",
        "sure_and_wrong", "healthy_called_broken", "brier", "median_s", "p95_s", "tests",
    ]  # fmt: skip


def hidden(**more):
    """A fault that sits in the visitor's browser profile."""
    return fault(cause="client-browser-cache", visitor={"profile": "chromium/someone"}, **more)


def test_a_profile_that_was_not_given_leaves_a_healthy_site():
    """The site that answers is not to be called broken, and no side or hop is graded."""
    well = answer(outcome="healthy", status=200, side=None)
    known = {"a": hidden(name="a"), "b": hidden(name="b")}
    results = [
        {"fault": "a", "visitor": {**well, "profile": False}},
        {
            "fault": "b",
            "visitor": {**answer("upstream-down", "upstream", "site"), "profile": False},
        },
    ]
    found = figures(known, results)
    assert (found.faults, found.healthy_called_broken) == (2, 0.5)
    assert (found.visitor_side, found.visitor_hop, found.brier) == (None, None, None)
    assert confusion(known, results).counts["(healthy)", NOTHING] == 1


def test_a_profile_that_was_given_is_a_fault_like_any_other():
    """Then a verdict that finds nothing is wrong."""
    known = {"a": hidden(name="a"), "b": hidden(name="b")}
    right = answer("client-browser-cache", "browser", "visitor")
    well = answer(outcome="healthy", status=200, side=None)
    results = [
        {"fault": "a", "visitor": {**right, "profile": True}},
        {"fault": "b", "visitor": {**well, "profile": True}},
    ]
    found = figures(known, results)
    assert (found.visitor_side, found.visitor_hop) == (0.5, 0.5)
    assert found.healthy_called_broken is None


def test_being_sure_counts_on_both_sides():
    """Each side's verdict counts once; a healthy site is called broken if either side does."""
    known = {"a": fault("a", cause="upstream-down"), "h": fault("h", cause=None)}
    wrong = answer("link-firewall", "link", "site", determined=True)
    well = answer(outcome="healthy", status=200, side=None)
    results = [
        {"fault": "a", "visitor": answer("upstream-down", "upstream", "site"), "owner": wrong},
        {"fault": "h", "visitor": well, "owner": {**wrong, "seconds": 9.0}},
    ]
    found = figures(known, results)
    assert (found.sure, found.sure_and_wrong, found.healthy_called_broken) == (0.5, 0.5, 1.0)
    assert (found.owner_cause, found.owner_top3) == (0.0, 0.0)
    assert found.p95_s == 1.0


def test_the_owner_may_be_sure_of_what_cannot_be_told_from_outside():
    """`not_concluded` binds the visitor's side alone."""
    one = fault(cause="upstream-down", visitor={"not_concluded": ["upstream-down"]})
    said = answer("upstream-down", "upstream", "site", determined=True)
    assert grade(one, said).sure_and_wrong
    assert not grade_owner(one, said).sure_and_wrong


def test_the_score_tells_right_from_wrong_and_escapes(tmp_path):
    """One row a true cause; the page is whole and holds no raw markup from a result."""
    known = {"a": fault("a"), "b": fault("b"), "h": fault("h", cause=None)}
    results = [
        {"fault": "a", "visitor": answer("client-hosts-file")},
        {"fault": "b", "visitor": answer("<b>gateway-down</b>", "gateway", "site")},
        {"fault": "h", "visitor": answer()},
    ]
    table = confusion(known, results)
    assert table.counts["client-hosts-file", "client-hosts-file"] == 1
    assert table.counts["(healthy)", NOTHING] == 1
    assert any("1 of 2" in line for line in lines(table))
    html = page(known, results)
    assert "<b>gateway" not in html
    assert html.count("<td class=right") == 2


def test_what_inference_adds_is_not_recorded(tmp_path):
    """A replay must state its comparisons again."""
    verdict = {
        "subject": "s", "outcome": "healthy", "status": 200, "variant": None, "emitter": None,
        "side": None, "hop": None, "determined": False, "causes": [], "next": [], "steps": [],
        "observations": [{"source": "dns:1", "id": "o1"}, {"source": "compared:o1", "id": "o2"}],
    }  # fmt: skip
    assert record(tmp_path, {"fault": "a", "visitor": {"verdict": verdict}})
    text = (tmp_path / "a" / "observations.json").read_text()
    assert "dns:1" in text
    assert "compared" not in text
    assert not record(tmp_path, {"fault": "b", "visitor": {"verdict": None}})
