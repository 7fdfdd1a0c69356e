"""What extensions promise to each other, found by walking the folders."""

import ast
import inspect
import json
import re
import time
from importlib.resources import files

import pytest

from badgateway.inference.judge import judge_check
from badgateway.knowledge.base import knowledge
from badgateway.knowledge.compile import LOADERS
from badgateway.knowledge.files import fingerprint, parse, units
from badgateway.model.failure import Failure
from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Evidence, Observation
from badgateway.model.verdict import Outcome
from badgateway.model.vocabulary import vocabulary
from badgateway.probes import probes
from badgateway.readers import readers

KNOWN = knowledge()
PROBES = probes()
MEANINGS = [
    *(
        pytest.param(meaning, id=f"{name}-{number}")
        for name, emitter in KNOWN.emitters.items()
        for number, meaning in enumerate(emitter.meanings)
    ),
    *(pytest.param(meaning, id=f"unsigned-{n}") for n, meaning in enumerate(KNOWN.unsigned)),
    *(pytest.param(meaning, id=f"proxy-{name}") for name, meaning in KNOWN.proxy_status.items()),
]


@pytest.mark.parametrize("name", PROBES)
def test_somebody_gives_what_a_probe_waits_for(name):
    """A probe that waits for what nobody states would never run."""
    given = {"asked"}.union(*(map(str, other.GIVES) for other in PROBES.values()))
    assert set(map(str, PROBES[name].AFTER)) <= given


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_declares_what_it_states(name):
    """Each word that a probe states by name stands in its GIVES."""
    stated = {
        call.args[1].value
        for call in ast.walk(ast.parse(inspect.getsource(PROBES[name])))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "seen"
        and isinstance(call.args[1], ast.Constant)
    }
    assert stated <= set(map(str, PROBES[name].GIVES))


@pytest.mark.parametrize("name", readers())
def test_no_reader_takes_an_empty_text(name):
    """An empty text is nobody's dialect."""
    assert readers()[name].fits("") == 0


@pytest.mark.parametrize("name", KNOWN.emitters)
def test_products_do_not_repeat_each_other_in_a_circle(name):
    """A product is never `over` itself, directly or through others."""
    above: set[str] = set()
    todo = list(KNOWN.emitters[name].over)
    while todo:
        other = todo.pop()
        assert other != name
        if other not in above:
            above.add(other)
            todo += KNOWN.emitters[other].over


@pytest.mark.parametrize("meaning", MEANINGS)
def test_a_meaning_is_a_sentence_about_known_things(meaning):
    """What an answer means is said in a whole sentence, with shares that leave room for doubt."""
    assert meaning.says.endswith((".", "!", "?"))
    assert sum(share for _, share in meaning.causes) <= 1
    assert {cause for cause, _ in meaning.causes} <= set(vocabulary().causes)


@pytest.mark.parametrize("name", KNOWN.steps)
def test_a_step_does_not_quote_what_is_quoted_already(name):
    """A URL enters a command with its quotes; a second pair around it would undo the first."""
    step = KNOWN.steps[name].step
    for said in filter(None, (step.command, step.verify)):
        for placeholder in ("{url}", "{host}"):
            before, found, _ = said.partition(placeholder)
            assert not found or before.count("'") % 2 == 0, said
            assert not found or before.count('"') % 2 == 0, said


@pytest.mark.parametrize("failure", sorted(set(Failure) - {Failure.OUT_OF_REACH}))
def test_every_failure_of_the_way_leads_to_a_verdict(failure):
    """Whatever fails alone on the way, the site is unreachable and somebody's turn it is."""
    url = "https://shop.example.com/"
    about = {"url": url, "host": "shop.example.com", "address": "192.0.2.1", "by": "system"}
    asked = Observation(Hop.BROWSER, "asked", {"url": url})
    resolved = Observation(Hop.RESOLVER, "resolved", {**about, "place": 0})
    failed = Observation(Hop.GATEWAY, failure.value, {**about, "problems": ["expired"]})
    named = failure.value.startswith("name-")
    verdict = judge_check(
        Evidence([asked, failed] if named else [asked, resolved, failed]), url, KNOWN
    )
    assert verdict.outcome is Outcome.UNREACHABLE
    if failure not in (Failure.UNKNOWN, Failure.OUT_OF_FILES):
        assert verdict.causes
        assert verdict.side in Side


def test_what_was_not_looked_at_leads_to_no_verdict():
    """A connection that our own policy refuses says nothing about the site."""
    url = "https://shop.example.com/"
    asked = Observation(Hop.BROWSER, "asked", {"url": url})
    refused = Observation(Hop.RESOLVER, Failure.OUT_OF_REACH.value, {"url": url, "by": "system"})
    verdict = judge_check(Evidence([asked, refused]), url, KNOWN)
    assert (verdict.outcome, verdict.causes, verdict.empty) == (Outcome.NONE, (), True)


def test_the_compiled_knowledge_is_what_the_files_say():
    """What is loaded from the compiled file is what parsing the text would give."""
    compiled = files("badgateway.knowledge").joinpath("compiled.json")
    if not compiled.is_file():
        pytest.skip("nothing is compiled in this checkout")
    known = json.loads(compiled.read_text("utf-8"))
    for kind in LOADERS:
        for _, path, text in units(kind):
            if path in known and known[path]["sha256"] == fingerprint(text):
                assert known[path]["data"] == parse(path, text).data, path


@pytest.mark.parametrize("name", [*KNOWN.emitters, *KNOWN.variants])
def test_no_mark_is_slow_on_a_page_made_for_it(name):
    """A page made of a mark's own literals, again and again, is matched in time linear in it."""
    files_of = (KNOWN.emitters.get(name), KNOWN.variants.get(name))
    marks = [mark for file in filter(None, files_of) for mark in file.made]
    marks += getattr(KNOWN.emitters.get(name), "passed", ())
    for mark in marks:
        if mark.matches is None:
            continue
        pattern = re.compile(mark.matches, re.IGNORECASE)
        literals = " ".join(mark.contains) or "x"
        for piece in (literals, literals + " ", " ", "1.", "<"):
            page = literals + " " + (piece * 60_000)[:60_000]
            started = time.process_time()
            pattern.search(page)
            assert time.process_time() - started < 1, f"{mark.id} on {piece!r}"
