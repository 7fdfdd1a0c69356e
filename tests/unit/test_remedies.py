"""From a verdict to what each person does."""

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgateway.knowledge.files import parse
from badgateway.knowledge.step import step_of
from badgateway.model.hop import Hop, Side
from badgateway.model.verdict import Emitter, Outcome, RankedCause, Verdict, Who
from badgateway.remedies import CAUSES, EACH, steps_for


class Known:
    """Knowledge that holds these steps only."""

    def __init__(self, **steps: str) -> None:
        self.steps = {
            name: step_of(
                name,
                parse(f"{name}.toml", 'text = "Do {url}"\nrank = 1\nsource = "x"\n' + more),
            )
            for name, more in steps.items()
        }


def verdict(
    subject="https://shop.example/",
    outcome=Outcome.GATEWAY_ERROR,
    causes=("upstream-down",),
    **more,
):
    """A verdict with these causes."""
    ranked = tuple(RankedCause(cause, Hop.UPSTREAM, 0.3) for cause in causes)
    return Verdict(subject, outcome, causes=ranked, **more)


def chosen(known, made) -> list[str]:
    """The ids of the steps."""
    return [step.id for step in steps_for(made, known)]


def test_a_healthy_site_needs_no_steps():
    """Nothing is to be done where nothing is broken."""
    known = Known(a="")
    for outcome in (Outcome.HEALTHY, Outcome.NONE):
        assert chosen(known, verdict(outcome=outcome)) == []
    assert chosen(known, verdict()) == ["a"]


def test_steps_fit_cause_outcome_maker_and_side():
    """A step is shown only where everything that it names is so."""
    known = Known(
        cause='causes = ["upstream-down"]',
        other_cause='causes = ["disk-full"]',
        outcome='outcomes = ["gateway-error"]',
        other_outcome='outcomes = ["unreachable"]',
        maker='emitters = ["nginx"]',
        relay='emitters = ["cloudflare"]',
        other_maker='emitters = ["apache"]',
        side='sides = ["site"]',
        other_side='sides = ["visitor"]',
    )
    made = verdict(emitter=Emitter("nginx", None, ("cloudflare",), 1.0), side=Side.SITE)
    fitting = {name for name in known.steps if name in chosen(Known(**{name: ""}), made)}
    assert fitting == set(known.steps)
    shown = set()
    for name, file in known.steps.items():
        only = Known()
        only.steps = {name: file}
        shown.update(chosen(only, made))
    assert shown == {"cause", "outcome", "maker", "relay", "side"}


def test_the_visitor_comes_first_and_each_gets_a_few():
    """So many steps for each person and no more, the visitor's first."""
    steps = {f"v{n}": "" for n in range(9)} | {f"o{n}": 'who = "owner"' for n in range(9)}
    steps_chosen = steps_for(verdict(), Known(**steps))
    assert [step.who for step in steps_chosen] == [Who.VISITOR] * EACH + [Who.OWNER] * EACH


def test_steps_for_the_first_cause_come_first():
    """The likelier cause is dealt with first, then the rank decides."""
    known = Known(second='causes = ["disk-full"]', first='causes = ["upstream-down"]', general="")
    known.steps["general"] = step_of("general", parse("x", 'text = "x"\nrank = 9\nsource = "x"'))
    order = chosen(known, verdict(causes=("upstream-down", "disk-full")))
    assert order == ["first", "general", "second"]


def test_unlikely_causes_get_no_steps():
    """What stands far down the list is left to later tests."""
    causes = ["upstream-down", "upstream-crash", "disk-full", "database-down"]
    known = Known(last=f'causes = ["{causes[CAUSES]}"]')
    assert chosen(known, verdict(causes=causes)) == []


HOSTILE = [
    "https://a.example/$(touch x)",
    "https://a.example/`id`",
    "https://a.example/'; rm -rf ~; '",
    'https://a.example/"$(id)"',
    "https://a.example/\nid\n",
    "https://$(id)/{host}",
    "https://'$(id)'/{host}/{url}",
    "https://a.example/&|;<>*?~!#\\",
    "http://[",
    "https://{host}/{url}",
    "$(id)",
    "-rf",
]


def words_of(subject: str) -> list[str]:
    """What a shell makes of the command for that subject."""
    known = Known(a='command = "run {url} then {host} end"\nverify = "run {url} end"')
    (step,) = steps_for(verdict(subject), known)
    assert shlex.split(step.verify)[:1] == ["run"]
    return shlex.split(step.command)


@given(st.text(max_size=40).map("https://".__add__))
@example("https://a.example/$(touch x)")
def test_a_hostile_url_never_leaves_its_quotes(subject):
    """Whatever a URL holds, it is one word of the command, and that word is the URL itself."""
    words = words_of(subject)
    assert len(words) == 5
    assert words[1] == subject
    assert (words[0], words[2], words[4]) == ("run", "then", "end")


@pytest.mark.parametrize("subject", HOSTILE)
def test_known_ways_out_of_quotes_stay_inside(subject):
    """Commands, quotes, line ends and our own braces in a URL stay text."""
    words = words_of(subject)
    assert len(words) == 5
    assert words[1] in (subject, "URL")


def test_without_a_url_a_command_says_what_to_put_there():
    """Where a file was explained there is no URL; the command says so in capitals."""
    assert words_of("error.html") == ["run", "URL", "then", "HOST", "end"]
