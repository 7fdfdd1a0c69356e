"""From observations to probabilities: what must hold whatever the observations are."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from badgateway.inference.weigh import FACTORS, telling, weigh
from badgateway.knowledge.base import knowledge
from badgateway.knowledge.cause import Range, Strength
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

KNOWN = knowledge()
EXAMPLES = {
    "^unix:": "unix:/run/app.sock",
}


def _example(clue):
    value = {}
    for key, wanted in clue.where.items():
        if isinstance(wanted, Range):
            value[key] = wanted.least if wanted.least > -1e9 else wanted.most
        elif isinstance(wanted, tuple):
            value[key] = wanted[0]
        else:
            return None
    return Observation(Hop.HOST, clue.observation, value)


CLUES = [
    (name, clue, found)
    for name, cause in KNOWN.causes.items()
    for clue in cause.clues
    if (found := _example(clue)) is not None
]
anything = st.lists(st.sampled_from([found for _, _, found in CLUES]), max_size=12)
outside = st.dictionaries(st.sampled_from(sorted(KNOWN.causes)), st.floats(0, 0.2), max_size=5)


def probabilities(observations, shares=None):
    found = weigh(Evidence(observations), KNOWN, shares)
    return {one.cause: one.probability for one in found}


@given(anything, outside)
def test_probabilities_are_probabilities(observations, shares):
    found = probabilities(observations, shares)
    assert all(0 <= share <= 1 for share in found.values())
    assert sum(found.values()) <= 1 + 1e-9


@given(anything, outside, st.randoms(use_true_random=False))
def test_order_changes_nothing(observations, shares, random):
    shuffled = list(observations)
    random.shuffle(shuffled)
    assert probabilities(shuffled, shares) == pytest.approx(probabilities(observations, shares))


@given(anything, outside)
def test_what_speaks_of_no_cause_changes_nothing(observations, shares):
    more = [*observations, Observation(Hop.GATEWAY, "server-started", {"by": "nginx"})]
    assert probabilities(more, shares) == pytest.approx(probabilities(observations, shares))


@given(anything, outside, st.sampled_from([c for c in CLUES if FACTORS[c[1].strength] > 1]))
def test_evidence_for_a_cause_alone_never_lowers_it(observations, shares, one):
    """Its own cause rises against all for which it does not speak.

    Where it speaks more strongly for another, that one may explain it beside any third: two faults.
    """
    name, clue, found = one
    said = [c.strength for _, c in KNOWN.clues[found.name] if c.fits(found)]
    assume(FACTORS[clue.strength] == max(FACTORS[strength] for strength in said))
    speaks_for = {cause for cause, clue in KNOWN.clues[found.name] if clue.fits(found)}
    lent = {c for c, brings in KNOWN.consequences.items() if speaks_for & set(brings)}
    before, after = (
        probabilities(observations, shares),
        probabilities([*observations, found], shares),
    )
    for other in set(before) - speaks_for - lent:
        if before[other] > 1e-12 and after[other] > 1e-12:
            assert after[name] / after[other] >= before[name] / before[other] * (1 - 1e-9)


def test_a_root_wins_over_what_it_brings_about_only_with_a_word_of_its_own():
    refused = Observation(Hop.LINK, "database-refused", {})
    full = Observation(Hop.HOST, "disk-full", {"path": "/var"})
    assert weigh(Evidence([refused]), KNOWN)[0].cause == "database-down"
    ranked = weigh(Evidence([refused, full]), KNOWN)
    assert ranked[0].cause == "disk-full"
    assert {"o1", "o2"} <= set(ranked[0].because)


def test_the_strengths_are_ordered():
    order = [Strength.EXCLUDES, Strength.AGAINST, Strength.WEAK, Strength.TYPICAL]
    order += [Strength.STRONG, Strength.PROOF]
    factors = [FACTORS[strength] for strength in order]
    assert factors == sorted(factors)
    assert FACTORS[Strength.AGAINST] < 1 < FACTORS[Strength.WEAK]


def test_what_nobody_wrote_down_keeps_its_share():
    assert sum(probabilities([]).values()) < 0.9


def of(*pairs):
    return Evidence([Observation(Hop.LINK, name, value) for name, value in pairs])


def test_a_chain_of_consequences_is_followed_to_its_root():
    """A stale pid file keeps the application down: the root is first, and shows its links."""
    seen = of(("pidfile-stale", {"path": "/run/a.pid"}), ("no-listener", {}))
    first = weigh(seen, KNOWN)[0]
    assert first.cause == "stale-pid-file"
    assert "upstream-down" in first.links


def test_two_faults_at_once_are_both_named():
    """Two unrelated things that are as good as proved: the second stands beside the first."""
    seen = of(
        ("disk-full", {"path": "/var"}), ("upstream-certificate-rejected", {"detail": "expired"})
    )
    first, second = weigh(seen, KNOWN)[:2]
    assert first.beside == second.cause
    assert {first.cause, second.cause} == {"disk-full", "tls-verify-upstream"}


def test_one_fault_has_nothing_beside_it():
    """A single story needs no second fault."""
    assert weigh(of(("disk-full", {"path": "/var"})), KNOWN)[0].beside is None


def test_a_denial_speaks_against_and_never_excludes():
    """Who says no may be wrong."""
    fact = {"fact": "during-deploy", "says": "it was deployed"}
    before = probabilities([])["deploy-restart-window"]
    after = probabilities([Observation(Hop.GATEWAY, "denied", fact)])["deploy-restart-window"]
    assert before / 20 < after < before


def test_several_words_of_one_aspect_count_once():
    """The gateway's complaint and our own knock at the same door are one fact."""
    line = ("upstream-refused", {"upstream": "10.0.0.2:80"})
    knock = ("upstream-asked", {"upstream": "10.0.0.2:80", "result": "refused"})
    alone, both = (weigh(of(*seen), KNOWN) for seen in ([line], [line, knock]))
    share = {one.cause: one.probability for one in alone}["upstream-down"]
    assert {one.cause: one.probability for one in both}["upstream-down"] < 2 * share


def test_what_speaks_against_the_first_suspect_is_weighed(known):
    """A database that answers here makes a database that is down less probable, at once."""
    answers = Observation(Hop.LINK, "database-asked", {"result": "answers", "local": False})
    assert telling([answers], known, ["database-down", "disk-full"])
    assert not telling([answers], known, ["disk-full", "database-down"])


def test_what_lies_where_no_request_came_is_no_reason(known):
    """A worker that was ended does not keep a visitor from connecting."""
    line = Observation(Hop.UPSTREAM, "worker-timed-out", {"by": "gunicorn"})
    before = {one.cause: one.probability for one in weigh([line], known)}
    after = {
        one.cause: one.probability
        for one in weigh([line], known, beyond=("worker-timeout-killed",))
    }
    assert before["worker-timeout-killed"] > 0.8
    assert after["worker-timeout-killed"] < 0.5
