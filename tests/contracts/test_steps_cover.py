"""Every cause leaves nobody alone: whoever can act about it has something to do."""

import pytest

from badgateway.knowledge.base import knowledge
from badgateway.model.hop import Side
from badgateway.model.verdict import Who
from badgateway.model.vocabulary import vocabulary


@pytest.mark.parametrize("cause", vocabulary().causes)
def test_whoever_can_act_has_a_step(cause):
    """Causes of the site have a step of the owner's, all others one of the visitor's."""
    side = vocabulary().sides[vocabulary().causes[cause].hop]
    acts = Who.OWNER if side is Side.SITE else Who.VISITOR
    steps = knowledge().steps.values()
    assert any(cause in file.causes and file.step.who is acts for file in steps)


@pytest.mark.parametrize("cause", vocabulary().causes)
def test_the_other_one_is_not_left_alone(cause):
    """The visitor of a broken site, too, is told something: for this cause, or for any."""
    steps = knowledge().steps.values()
    assert any(
        file.step.who is Who.VISITOR and (cause in file.causes or not file.causes) for file in steps
    )
