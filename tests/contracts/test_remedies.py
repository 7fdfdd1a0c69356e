"""Every remedy proves itself: its edits on its own samples, its values against what is hostile."""

import re

import pytest

from badgateway.knowledge.remedy import Do, load_handling, load_remedies
from badgateway.model.argument import ArgumentError
from badgateway.model.verdict import Outcome, Verdict
from badgateway.remedies.edit import EditError
from badgateway.remedies.facts import Facts
from badgateway.remedies.find import finders
from badgateway.remedies.plan import plan_of

REMEDIES = load_remedies()
EDITS = (Do.REPLACE, Do.POINT, Do.SET, Do.UNSET)


@pytest.mark.parametrize("name", REMEDIES)
def test_it_is_found_by_a_function_that_exists(name):
    """What a remedy finds its place with is a function of `remedies/find`."""
    assert REMEDIES[name].finds in finders()


@pytest.mark.parametrize("name", REMEDIES)
def test_it_proves_itself(name, monkeypatch):
    """Each sample becomes what it says and no other byte changes; a refused one changes nothing."""
    remedy = REMEDIES[name]
    edits = any(change.do in EDITS for change in remedy.changes)
    products = {change.by for change in remedy.changes if change.by}
    assert not edits or len(remedy.samples) > 1 or "wordpress" in products
    for sample in remedy.samples:
        binding = {"by": sample.by, "file": "/f", **sample.values}
        monkeypatch.setattr("badgateway.remedies.plan.find", lambda *_, b=binding: iter([b]))
        facts = Facts(Verdict("x", Outcome.GATEWAY_ERROR), lambda _, t=sample.before: t)
        try:
            plan = plan_of(remedy, "upstream-down", facts, {})
        except (ArgumentError, EditError):
            assert sample.after == ""
            continue
        assert plan is not None
        assert plan.changes[0].after == sample.after


def test_what_is_run_is_never_chosen_by_a_value():
    """The program of every command stands in its file, and no word of it is a shell's."""
    for remedy in REMEDIES.values():
        for change in remedy.changes:
            for words in (change.words, change.undo):
                assert not words or re.fullmatch(r"[a-z]+(-[a-z]+)*", words[0])
                assert not set(words) & {"sh", "bash", "-c", "eval"}


def test_every_product_is_tested_before_it_is_reloaded():
    """No server reads a configuration again that its own test has not passed."""
    for handling in load_handling().values():
        assert handling.test, handling.product
        assert handling.reload, handling.product
