"""When a site is asked again: what it asks for is kept, and without that the pauses grow."""

import random
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.model.response import Response
from badgateway.watch.pace import (
    FIRST,
    LONGEST,
    MOST,
    Because,
    Pace,
    named_by_page,
    retry_after,
)

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


def answer(*headers, body="", status=503):
    return Response(status, headers=headers, body=body)


@given(st.integers(0, 10**11))
def test_seconds_are_kept_as_they_are(seconds):
    """Retry-After with a number means so many seconds."""
    assert retry_after(answer(("Retry-After", f" {seconds} ")), NOW) == seconds


@given(st.integers(-(10**8), 10**8), st.integers(-(10**6), 10**6))
def test_a_date_is_measured_by_the_clock_of_the_answer(ahead, skew):
    """A date is compared with the answer's own Date; ours does not matter, past means now."""
    theirs = NOW + timedelta(seconds=skew)
    until = theirs + timedelta(seconds=ahead)
    told = answer(
        ("Retry-After", format_datetime(until, usegmt=True)),
        ("Date", format_datetime(theirs, usegmt=True)),
    )
    assert retry_after(told, NOW) == max(0, ahead)


@pytest.mark.parametrize(
    "date",
    [
        "Wed, 25 Nov 2026 12:01:30 GMT",
        "Wednesday, 25-Nov-26 12:01:30 GMT",
        "Wed Nov 25 12:01:30 2026",
    ],
)
def test_all_three_forms_of_a_date_are_read(date):
    """RFC 9110 5.6.7 names three; without a Date header our own clock is what there is."""
    assert retry_after(answer(("Retry-After", date)), NOW) == 90


@given(st.text(max_size=80))
def test_whatever_stands_there_is_a_time_or_nothing(value):
    """Hostile values raise nothing and give no negative time."""
    found = retry_after(answer(("Retry-After", value), ("Date", value)), NOW)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    "value", ["", "-5", "1.5", "soon", "１２", "1e9", "0x10", "Wed, 99 Foo 2026"]
)
def test_what_is_no_time_asks_for_nothing(value):
    """Only a whole number or a date is a time."""
    assert retry_after(answer(("Retry-After", value)), NOW) is None


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ("<p>The server encountered a temporary error. Please try again in 30 seconds.</p>", 30),
        ("<b>502.</b> <ins>That’s an error.</ins><p>Please try again in 30\nseconds.", 30),
        ("We'll be back in 5 minutes!", 300),
        ("Please wait 10 sec and reload", 10),
        ("This page reloads every 15s.", 15),
        ("Try again after about 2 hours", 7_200),
        ("Veuillez réessayer dans 2 minutes", 120),
        ('<meta http-equiv="refresh" content="20">', 20),
        ("<META content='45;url=/' HTTP-EQUIV=Refresh>", 45),
    ],
)
def test_a_time_that_the_page_names_is_read(body, seconds):
    """Words and refresh elements of real pages."""
    assert named_by_page(answer(body=body)) == seconds


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Bad Gateway",
        "Try again later.",
        "The upstream timed out after 30 seconds.",
        "You are 1 of 500 people waiting",
        "Error 502. Try again. Request 17 s3cr3t",
        "we were back 5 minutes ago",
        '<meta http-equiv="refresh" content="0; url=/login">',
        '<meta name="viewport" content="20">',
        "<script>setTimeout(retry, 5000) // try again in 5 seconds</script>",
    ],
)
def test_other_numbers_are_no_time_to_wait(body):
    """A number in a page is a time to wait only where the page says so."""
    assert named_by_page(answer(body=body)) is None


def test_a_page_made_to_be_slow_is_read_in_time():
    """Looking for a time is linear in the page, whatever stands in it."""
    for piece in (
        "try again in ",
        "<meta http-equiv=refresh content=",
        "back 1",
        "again ",
        "<meta ",
    ):
        body = (piece * 65_536)[:65_536]
        started = time.process_time()
        named_by_page(answer(body=body))
        assert time.process_time() - started < 1, piece


def test_a_refresh_header_counts_as_well():
    """Refresh is what the element of the page imitates."""
    assert named_by_page(answer(("Refresh", "12; url=/"))) == 12


@given(st.integers(0, 100_000), st.integers(0, 2**32))
def test_what_the_site_asks_is_never_undercut(asked, chance):
    """Later than asked by at most a tenth, never earlier, and never more often than ours."""
    pause = Pace(chance=random.Random(chance)).after_bad(answer(("Retry-After", str(asked))), NOW)
    granted = min(MOST, max(FIRST, asked))
    assert granted <= pause.seconds <= granted * 1.1
    assert (pause.because, pause.asked) == (Because.RETRY_AFTER, asked)


def test_the_header_speaks_before_the_page():
    """Where both name a time, the header is meant for programs."""
    told = answer(("Retry-After", "7"), body="try again in 30 seconds")
    assert Pace().after_bad(told, NOW).because is Because.RETRY_AFTER


@given(st.integers(0, 2**32))
def test_pauses_of_our_own_grow_to_a_limit_and_differ(chance):
    """Without a wish of the site pauses double up to a minute; none is shorter than the first."""
    pace = Pace(chance=random.Random(chance))
    pauses = [pace.after_bad(None, NOW).seconds for _ in range(12)]
    assert all(FIRST <= pause <= LONGEST for pause in pauses)
    assert all(pause >= LONGEST / 2 for pause in pauses[5:])
    assert len(set(pauses[5:])) > 1


def test_a_good_answer_is_soon_followed_by_the_next():
    """One good answer begins the pauses anew: the next ones show whether it stays good."""
    pace = Pace()
    for _ in range(6):
        pace.after_bad(None, NOW)
    assert FIRST <= pace.after_good().seconds <= FIRST * 1.2
    assert pace.after_bad(None, NOW).seconds <= FIRST
