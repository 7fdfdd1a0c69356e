"""Observations back from JSON that anybody may have written."""

import functools
import json

import pytest

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.recorded import observation_of
from badgateway.report.json import plain

ITEM = {"name": "http-response", "hop": "gateway", "value": {"status": 502}}


def test_an_observation_survives_its_json():
    """All of it, its time and id included."""
    found = seen(Hop.GATEWAY, "http-response", "tcp:192.0.2.1:443", status=502, parts=["a", "b"])
    told = json.loads(json.dumps(plain(found)))
    again = observation_of({**told, "id": "o7"})
    assert isinstance(again, Observation)
    assert plain(again) == {**told, "id": "o7"}


@pytest.mark.parametrize(
    "item",
    ["x", None, [], {}, {**ITEM, "name": []}, {**ITEM, "name": "moon"}, {**ITEM, "hop": {}},
     {**ITEM, "hop": "moon"}],
)  # fmt: skip
def test_what_is_no_word_of_the_vocabulary_is_no_observation(item):
    """Whatever stands in the place of its name or its hop."""
    assert observation_of(item) is None


@pytest.mark.parametrize("depth", [17, 600, 5_000])
def test_particulars_that_are_nested_without_end_are_left_out(depth):
    """None of ours are, and whoever walks them would run out of stack."""
    nested = functools.reduce(lambda inner, _: [inner], range(depth), 502)
    found = observation_of({**ITEM, "value": {"status": nested}})
    assert found is not None
    assert found.value == {}
