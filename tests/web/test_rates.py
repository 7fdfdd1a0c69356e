"""How often an address may ask."""

from hypothesis import given
from hypothesis import strategies as st

from badgateway.web import rates
from badgateway.web.rates import Rates


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self):
        return self.now


def test_a_bucket_fills_up_evenly():
    """Three a minute: the fourth waits 20 s, and has one then."""
    clock = Clock()
    limit = Rates(3, clock)
    assert [limit.wait("192.0.2.1") for _ in range(3)] == [0, 0, 0]
    assert limit.wait("192.0.2.1") == 20
    clock.now = 20
    assert limit.wait("192.0.2.1") == 0
    assert limit.wait("192.0.2.1") > 0


def test_a_customer_of_ipv6_counts_once_whatever_address_he_takes():
    """A /64 is one home; a mapped address is its IPv4 one."""
    limit = Rates(1, Clock())
    assert limit.wait("2001:db8::1") == 0
    assert limit.wait("2001:db8::2") > 0
    assert limit.wait("2001:db8:0:1::1") == 0
    assert limit.wait("192.0.2.9") == 0
    assert limit.wait("::ffff:192.0.2.9") > 0


def test_addresses_are_forgotten_rather_than_kept_without_end(monkeypatch):
    """However many come, memory stays bounded."""
    monkeypatch.setattr(rates, "MOST_ADDRESSES", 10)
    limit = Rates(1, Clock())
    for number in range(100):
        limit.wait(f"192.0.2.{number}")
    assert len(limit._left) == 10


@given(st.lists(st.floats(0, 30), max_size=60))
def test_no_minute_holds_more_than_twice_what_is_granted(pauses):
    """A full bucket and what flows in within a minute is the most that passes."""
    clock, passed = Clock(), []
    limit = Rates(5, clock)
    for pause in pauses:
        clock.now += pause
        if limit.wait("192.0.2.1") == 0:
            passed.append(clock.now)
    for start in passed:
        assert sum(start <= at < start + 60 for at in passed) <= 10
