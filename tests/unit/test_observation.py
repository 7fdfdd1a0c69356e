"""Observations: frozen statements, and the set that gives them their ids."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation, frozen, seen


def observation(name: str = "connected", **value: object) -> Observation:
    """An observation with this value."""
    return Observation(Hop.NETWORK, name, value)


def test_a_value_cannot_be_changed_afterwards():
    """Lists become tuples and tables read-only, all the way down."""
    given_value = {"list": [1, {"a": [2]}]}
    made = Observation(Hop.NETWORK, "connected", given_value)
    given_value["list"].append(3)
    assert made.value["list"][1]["a"] == (2,)
    assert len(made.value["list"]) == 2
    with pytest.raises(TypeError):
        made.value["list"][1]["a"] = 1
    with pytest.raises(TypeError):
        made.value["new"] = 1


def test_an_observation_cannot_be_changed():
    """No field of an observation can be set."""
    with pytest.raises(AttributeError):
        observation().name = "other"


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), [b""], {"a": {"b": datetime.now}}])
def test_only_plain_data_is_kept(value):
    """What JSON cannot say cannot be observed."""
    with pytest.raises(TypeError):
        frozen(value)


def test_text_of_what_is_missing_is_empty():
    """A missing or null value reads as no text, others as their text."""
    made = observation(null=None, number=5, text="a")
    assert [made.text(key) for key in ("missing", "null", "number", "text")] == ["", "", "5", "a"]


def test_a_truth_value_is_no_number():
    """Numbers are numbers; truth values and texts are none."""
    made = observation(yes=True, number=5, half=0.5, text="5")
    assert [made.number(key) for key in ("yes", "number", "half", "text", "missing")] == [
        *(None, 5, 0.5),
        *(None, None),
    ]


def test_items_of_what_is_no_list_are_none():
    """A list reads as its items, anything else as none."""
    made = observation(list=[1, 2], text="ab")
    assert (made.items("list"), made.items("text"), made.items("missing")) == ((1, 2), (), ())


def test_what_is_seen_now_carries_its_time():
    """An observation that is made live says when, with a zone."""
    before = datetime.now(UTC)
    at = seen(Hop.NETWORK, "connected", "tcp:192.0.2.1:443", port=443).at
    assert before <= at <= datetime.now(UTC)


def test_ids_count_up():
    """The first observation is o1, the next o2."""
    evidence = Evidence([observation(), observation()])
    assert [o.id for o in evidence] == ["o1", "o2"]


def test_an_id_that_is_there_is_kept():
    """Recorded observations keep their ids when they are judged again."""
    first = Evidence([observation(), observation()])
    again = Evidence(reversed(list(first)))
    assert [o.id for o in again] == ["o2", "o1"]


def test_ids_stay_unique_beside_recorded_ones():
    """A new observation beside recorded ones never takes an id that is taken."""
    recorded = list(Evidence([observation(), observation()]))[1:]
    evidence = Evidence(recorded)
    evidence.add(observation())
    ids = [o.id for o in evidence]
    assert len(set(ids)) == len(ids)


def test_named_keeps_the_order_of_the_names():
    """Observations come by the order of the names asked for, then by arrival."""
    evidence = Evidence([observation("b", n=1), observation("a", n=2), observation("b", n=3)])
    assert [o.value["n"] for o in evidence.named("a", "b")] == [2, 1, 3]
    assert evidence.first("b", "a").value["n"] == 1
    assert evidence.first("missing") is None
    assert len(evidence) == 3


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), PLAIN, max_size=3))
def test_freezing_twice_changes_nothing(value):
    """A value that is frozen already stays what it is."""
    assert frozen(frozen(value)) == frozen(value)
