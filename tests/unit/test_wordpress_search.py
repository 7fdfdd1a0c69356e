"""Finding bad parts among many by leaving sets of them out."""

from itertools import combinations
from random import Random

import pytest

from badgateway.repair.wordpress.search import Finding, Search


def searched(count, bad, active=None, hints=(), told=()):
    """(number of tests, finding) of a search in which exactly the parts in `bad` are bad."""
    search = Search((f"p{n}" for n in range(count)), hints)
    for off, works in told:
        search.tell(off, works)
    tests = 0
    while (finding := search.found) is None:
        off = search.next()
        tests += 1
        assert tests < 200
        search.tell(off, bad <= off)
        if active is not None:
            search.only(active)
    return tests, finding


def parts(*numbers):
    """Parts by their numbers."""
    return frozenset(f"p{n}" for n in numbers)


@pytest.mark.parametrize("number", range(30))
def test_one_of_thirty_takes_at_most_six_tests(number):
    """Whichever it is."""
    tests, finding = searched(30, parts(number))
    assert finding == Finding(parts(number))
    assert tests <= 6


@pytest.mark.parametrize("start", range(7))
def test_two_of_thirty_take_at_most_twelve_tests(start):
    """A seventh of all pairs each; together all of them."""
    for pair in list(combinations(range(30), 2))[start::7]:
        tests, finding = searched(30, parts(*pair))
        assert finding == Finding(parts(*pair))
        assert tests <= 12, pair


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 31, 32, 64, 200])
def test_nothing_bad_and_nothing_to_leave_out_are_told_apart(count):
    """A page that works blames nobody; one that fails with all of them off blames none of them."""
    assert searched(count, parts())[1] == Finding(parts(), healthy=True)
    assert searched(count, frozenset({"elsewhere"}))[1] == Finding(parts())


@pytest.mark.parametrize("count", [30, 40, 150])
def test_any_number_is_found(count):
    """However many are bad, all of them and no others."""
    random = Random(count)
    for number in (1, 2, 3, 5, 9):
        bad = parts(*random.sample(range(count), number))
        assert searched(count, bad)[1] == Finding(bad)


def test_all_bad_are_found():
    """Each alone breaks the page."""
    assert searched(6, parts(*range(6)))[1] == Finding(parts(*range(6)))


def test_a_right_hint_saves_tests_and_a_wrong_one_only_costs_one():
    """What is suspected is tried first, and still has to be proven."""
    tests, finding = searched(30, parts(8), hints=["p8"])
    assert (tests, finding) == (2, Finding(parts(8)))
    tests, finding = searched(30, parts(8), hints=["p9", "no-such-part"])
    assert finding == Finding(parts(8))
    assert tests <= 7


def test_what_is_not_active_is_innocent():
    """Fewer parts, fewer tests."""
    tests, finding = searched(64, parts(5), active=parts(*range(8)))
    assert finding == Finding(parts(5))
    assert tests <= 5


def test_what_is_known_is_not_tested_again():
    """Results of an earlier search among fewer parts count."""
    told = [(parts(*range(30)), False)]
    tests, finding = searched(33, parts(32), told=told)
    assert finding == Finding(parts(32))
    assert tests <= 4
