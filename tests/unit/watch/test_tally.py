"""Steady, now and then, or back: what a row of tries says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation
from badgateway.watch.attempt import Try
from badgateway.watch.tally import FEWEST, MOST_NEEDED, State, needed_in_a_row, tally

START = datetime(2026, 11, 25, tzinfo=UTC)


def tries(row):
    """Tries out of a word: G a good one, B a 502, N none at all."""
    return [
        Try(
            number=place + 1,
            at=START + timedelta(seconds=place),
            seconds=0.1,
            good=letter == "G",
            status={"G": 200, "B": 502, "N": None}[letter],
            failure="connect-refused" if letter == "N" else "",
            address="192.0.2.1",
            passed_over=(),
            served_by=(),
            edge="",
            response=None,
            observation=Observation(Hop.GATEWAY, "http-response"),
        )
        for place, letter in enumerate(row)
    ]


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ("", State.UNKNOWN),
        ("G", State.UNKNOWN),
        ("GGG", State.WORKS),
        ("B", State.DOWN),
        ("BBBB", State.DOWN),
        ("GGBB", State.DOWN),
        ("BBG", State.RETURNING),
        ("BBGG", State.RETURNING),
        ("BBGGG", State.BACK),
        ("GGGGGBGGG", State.BACK),
        ("BGB", State.INTERMITTENT),
        ("BGBGBG", State.INTERMITTENT),
        ("GBGB", State.INTERMITTENT),
        ("BGBGBGGG", State.INTERMITTENT),
        ("BGBGBGGGG", State.BACK),
    ],
)
def test_what_a_row_of_tries_says(row, state):
    """Rows as people meet them."""
    assert tally(tries(row)).state is state


def test_the_numbers_are_told():
    """How many, of which kinds, since when."""
    now = tally(tries("GBBNBGG"))
    assert (now.tries, now.good, now.in_a_row) == (7, 3, 2)
    assert now.symptoms == (("502", 3), ("connect-refused", 1))
    assert now.first_bad == START + timedelta(seconds=1)
    assert now.back_at == START + timedelta(seconds=5)


@given(st.text("GBN", max_size=60))
def test_a_site_is_settled_only_behind_good_answers(row):
    """Whatever came before, a page that works has given enough good answers in a row."""
    now = tally(tries(row))
    assert now.settled == (len(row) > 0 and now.in_a_row >= now.needed)
    assert now.good + sum(count for _, count in now.symptoms) == len(row)


@given(st.integers(0, 500), st.integers(1, 500))
def test_luck_is_not_taken_for_a_cure(good, bad):
    """The more often the page came before, the more good answers in a row it takes."""
    needed = needed_in_a_row(good, good + bad)
    assert FEWEST <= needed <= MOST_NEEDED
    if FEWEST < needed < MOST_NEEDED:
        assert (good / (good + bad)) ** needed <= 0.05
