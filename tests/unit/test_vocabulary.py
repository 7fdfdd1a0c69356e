"""The closed vocabulary and what it promises."""

from string import Formatter

import pytest

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation
from badgateway.model.vocabulary import side_of, vocabulary
from badgateway.report.words import Words

WORDS = vocabulary()


@pytest.mark.parametrize("hop", Hop)
def test_every_hop_has_a_side_and_a_title(hop):
    """Whose problem a fault is, is known for every hop."""
    assert side_of(hop) in Side
    assert WORDS.hop_titles[hop]


def test_sides_follow_the_chain():
    """The visitor's hops come first, then the way, then the site."""
    sides = [side_of(hop) for hop in Hop]
    assert sides == sorted(sides, key=list(Side).index)


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_is_an_observation(failure):
    """Each word for a failure can be observed."""
    assert failure.value in WORDS.observations


@pytest.mark.parametrize("word", WORDS.observations.values(), ids=lambda word: word.name)
def test_every_observation_is_a_sentence_even_without_values(word):
    """A sentence is said also where every value is missing, and holds no brace."""
    said = Words().observed(Observation(Hop.GATEWAY, word.name))
    assert said
    assert "{" not in said


@pytest.mark.parametrize("word", WORDS.observations.values(), ids=lambda word: word.name)
def test_every_observation_names_its_keys_plainly(word):
    """Keys in braces are plain names, so that no value can command the formatter."""
    for _, key, form, conversion in Formatter().parse(word.says):
        assert key is None or key.isidentifier()
        assert not form
        assert not conversion


@pytest.mark.parametrize("cause", WORDS.causes.values(), ids=lambda cause: cause.name)
def test_every_cause_has_a_title_in_plain_words(cause):
    """A title is a phrase: it begins small or with a name, and ends without a full stop."""
    assert cause.title.strip() == cause.title
    assert not cause.title.endswith(".")


@pytest.mark.parametrize("name", [*WORDS.causes, *WORDS.observations])
def test_every_word_is_written_alike(name):
    """Words are small letters, digits and hyphens."""
    assert name.replace("-", "").isalnum()
    assert name == name.lower()
    assert name.isascii()
