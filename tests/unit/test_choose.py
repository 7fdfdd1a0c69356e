"""The next test: what is worth doing, and what is not."""

from badgateway.inference.choose import DETERMINED, chosen, could_change, information
from badgateway.knowledge.diagnostic import Diagnostic, Effort
from badgateway.model.verdict import Who


def a_test(name, *groups, effort=Effort.NONE, seconds=1.0, reliability=1.0):
    tells = tuple(frozenset(group) for group in groups)
    return Diagnostic(
        name, Who.OWNER, name, name, seconds, effort, tells, reliability, "", None, "made"
    )


HALVES = {"upstream-down": 0.5, "upstream-wrong-address": 0.5}


def test_telling_two_equal_causes_apart_is_one_bit():
    """The information of a fair coin."""
    assert round(information(a_test("sockets", ["upstream-down"]), HALVES), 6) == 1.0


def test_what_is_right_half_the_time_tells_half():
    """A test's reliability scales what it tells."""
    assert round(information(a_test("look", ["upstream-down"], reliability=0.5), HALVES), 6) == 0.5


def test_what_tells_nothing_about_the_causes_at_hand_is_not_chosen():
    """A test of the clock is useless where nothing speaks of the clock."""
    assert chosen([a_test("clock", ["client-clock"])], HALVES) == []


def test_what_would_change_nothing_is_not_chosen():
    """A cause that is clear stays clear, whatever a look at a rare one shows."""
    sure = {"upstream-down": 0.97, "disk-full": 0.01}
    assert not could_change(a_test("disk", ["disk-full"]), sure)
    assert chosen([a_test("disk", ["disk-full"])], sure) == []


def test_the_cheaper_of_two_equal_tests_comes_first():
    """What a person has to do costs more than what a machine does."""
    cheap = a_test("by-machine", ["upstream-down"])
    dear = a_test("by-hand", ["upstream-down"], effort=Effort.MINUTES)
    assert [choice.test.name for choice in chosen([dear, cheap], HALVES)] == [
        "by-machine",
        "by-hand",
    ]


def test_the_better_of_two_tests_of_equal_cost_comes_first():
    """More groups that are probable tell more."""
    thirds = {"upstream-down": 0.34, "upstream-wrong-address": 0.33, "link-firewall": 0.33}
    one = a_test("one", ["upstream-down"])
    all_of_them = a_test("all", ["upstream-down"], ["upstream-wrong-address"], ["link-firewall"])
    assert chosen([one, all_of_them], thirds)[0].test.name == "all"


def test_a_doubtful_cause_that_a_test_would_settle_is_worth_it():
    """Just below the threshold, a confirmation changes the verdict."""
    nearly = {"upstream-down": DETERMINED - 0.05, "upstream-crash": 0.2}
    assert chosen([a_test("sockets", ["upstream-down"])], nearly)


def test_every_test_that_a_cause_names_is_described(known):
    """What decides between causes stands in a file of `tests/`."""
    named = {file.decides.test for file in known.causes.values() if file.decides}
    assert named <= set(known.diagnostics)


def test_every_described_probe_exists(known):
    """A test that a probe makes names a probe that is there; each on demand has its test."""
    from badgateway.probes import probes

    there = probes()
    for test in known.diagnostics.values():
        if test.probe:
            assert there[test.probe].COST.on_demand, test.name
    described = {test.probe for test in known.diagnostics.values() if test.probe}
    assert described == {name for name, probe in there.items() if probe.COST.on_demand}


def test_every_question_can_be_answered_in_a_way_that_matters(known):
    """Its fact is a clue of some cause."""
    facts = {value for _, clue in known.clues["reported"] for value in clue.where.get("fact", ())}
    for test in known.diagnostics.values():
        if test.question is not None:
            assert test.question.fact in facts, test.name
