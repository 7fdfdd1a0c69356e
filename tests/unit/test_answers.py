"""People as instruments: questions are asked while they are worth it, and answers count."""

import pytest

from badgateway.inference.judge import judge_material
from badgateway.investigate.answers import Answer, answered, questions
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.verdict import Who

EVERYONE = frozenset(Who)


def verdict(known, *observations):
    return judge_material(Evidence(observations), "made", known)


@pytest.fixture
def doubtful(known):
    refused = Observation(Hop.LINK, "upstream-refused", {"by": "nginx", "upstream": "10.0.0.2:80"})
    return verdict(known, refused)


def test_a_doubtful_verdict_asks(known, doubtful):
    """There is something to ask the owner whose gateway is refused."""
    assert questions(doubtful, known, frozenset({Who.OWNER}))
    assert all(test.who is Who.OWNER for test in questions(doubtful, known, frozenset({Who.OWNER})))


def test_a_clear_verdict_asks_nothing(known):
    """Nobody is bothered once it is clear."""
    line = {"path": "/var", "count": 1}
    found = verdict(known, Observation(Hop.HOST, "disk-full", line))
    assert found.determined
    assert questions(found, known, EVERYONE) == []


@pytest.mark.parametrize("answer", list(Answer))
def test_nothing_is_asked_twice(known, doubtful, answer):
    """Yes, no and don't know all settle that the question was asked."""
    first = questions(doubtful, known, EVERYONE)[0]
    after = answered(doubtful, first, answer, known)
    facts = [test.question.fact for test in questions(after, known, EVERYONE)]
    assert first.question.fact not in facts


def test_yes_raises_and_no_lowers_what_the_question_is_about(known, doubtful):
    """An answer moves the causes whose fact it states or denies."""
    test = known.diagnostics["recent-deploy"]

    def share(found):
        return next(
            (c.probability for c in found.causes if c.cause == "deploy-restart-window"), 0.0
        )

    yes, no = (answered(doubtful, test, a, known) for a in (Answer.YES, Answer.NO))
    assert share(yes) > share(doubtful) > share(no)


def test_not_knowing_changes_no_probability(known, doubtful):
    """The answer is kept as an observation, and weighs nothing."""
    after = answered(doubtful, known.diagnostics["recent-deploy"], Answer.UNKNOWN, known)
    assert after.causes == doubtful.causes
    assert after.observations[-1].name == "unanswered"


def test_a_test_without_a_question_cannot_be_answered(known, doubtful):
    """A bug of a caller is told at once."""
    with pytest.raises(ValueError, match="has no question"):
        answered(doubtful, known.diagnostics["audit-log"], Answer.YES, known)
