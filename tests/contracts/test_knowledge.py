"""What every knowledge file must be. The loader proves the samples; here stands the rest."""

import shlex
import tomllib
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from badgateway.cli.arguments import parse as parse_call
from badgateway.inference.identify import identify
from badgateway.knowledge.base import knowledge
from badgateway.knowledge.compile import LOADERS
from badgateway.knowledge.files import parse, units
from badgateway.knowledge.page import Page
from badgateway.model.hop import Side
from badgateway.model.observation import Observation
from badgateway.model.response import response_from_text
from badgateway.model.verdict import Who
from badgateway.model.vocabulary import vocabulary
from badgateway.report.words import Words

KNOWN = knowledge()
EVERY_FILE = [
    pytest.param(kind, name, path, text, id=path)
    for kind in LOADERS
    for name, path, text in units(kind)
]
SINGULAR = {"variants": KNOWN.variants, "causes": KNOWN.causes, "emitters": KNOWN.emitters}
CONTRACT = Path(__file__).resolve().parents[2].parent / "shared" / "contract" / "causes.toml"
VARIANTS = {
    *("bad-gateway", "branded-bad-gateway", "proxy-error", "thats-an-error", "temporary-error"),
    *("overloaded", "server-error", "invalid-response", "http-502", "unavailable"),
    *("gateway-timeout", "cloudflare-52x", "other"),
}


@pytest.mark.parametrize(("kind", "name", "path", "text"), EVERY_FILE)
def test_a_file_proves_itself(kind, name, path, text):
    """Parsed anew, not as compiled, a file loads: its samples and its words are right."""
    assert LOADERS[kind](name, parse(path, text)) is not None


@pytest.mark.parametrize(("kind", "name", "path", "text"), EVERY_FILE)
def test_a_file_names_its_source(kind, name, path, text):
    """What is known has a source."""
    found = tomllib.loads(text)
    for item in found["signature"] if kind == "signatures" else [found]:
        assert len(item["source"]) >= 8


@pytest.mark.parametrize("name", KNOWN.emitters)
def test_an_emitters_own_page_is_never_given_to_another(name):
    """Each page that an emitter's samples say it made is identified as this emitter's."""
    text = files("badgateway.knowledge").joinpath(f"emitters/{name}.toml").read_text("utf-8")
    for number, sample in enumerate(tomllib.loads(text)["sample"], 1):
        if not sample["matches"] or sample.get("passed"):
            continue
        found = identify(Page.of(response_from_text(sample["text"])), KNOWN.emitters).emitter
        assert found is not None, f"sample {number}"
        derived = name in KNOWN.emitters[found.name].over
        assert found.name == name or derived, f"sample {number} is taken for {found.name}"


def test_every_variant_of_the_contract_has_its_page():
    """The variants are exactly those that programs rely on."""
    assert set(KNOWN.variants) == VARIANTS
    for emitter in KNOWN.emitters.values():
        for meaning in emitter.meanings:
            assert meaning.variant in {*VARIANTS, ""}, emitter.name


def test_every_cause_is_explained():
    """Every word of `causes.toml` has its file, and no file is without its word."""
    assert set(KNOWN.causes) == set(vocabulary().causes)


@pytest.mark.parametrize("name", vocabulary().causes)
def test_every_cause_has_a_step(name):
    """Whoever has to act is told what to do."""
    side = vocabulary().sides[vocabulary().causes[name].hop]
    who = Who.OWNER if side is Side.SITE else Who.VISITOR
    assert any(name in file.causes and file.step.who is who for file in KNOWN.steps.values())


def test_steps_name_only_known_products():
    """A step for a product that nobody can name would never be shown."""
    for name, file in KNOWN.steps.items():
        assert file.emitters <= set(KNOWN.emitters), name


@pytest.mark.parametrize("name", vocabulary().observations)
def test_every_observation_can_be_said(name):
    """The sentence of an observation is a format, and can be said even when values are missing."""
    says = vocabulary().observations[name].says
    assert all(key is None or key.isidentifier() for _, key, _, _ in Formatter().parse(says))
    hop = next(iter(vocabulary().sides))
    assert Words().observed(Observation(hop, name))


def test_the_vocabulary_keeps_every_word_of_the_contract():
    """Hops and causes that other programs rely on keep their names, hops and sides."""
    if not CONTRACT.exists():
        pytest.skip("the contract does not lie beside this checkout")
    contract = tomllib.loads(CONTRACT.read_text("utf-8"))
    words = vocabulary()
    assert {name: hop["side"] for name, hop in contract["hops"].items()} == dict(words.sides)
    for name, cause in contract["causes"].items():
        assert words.causes[name].hop == cause["hop"]


@pytest.mark.parametrize("name", KNOWN.steps)
def test_a_step_asks_only_for_commands_that_exist(name):
    """A step that runs this program uses a command and options of this version."""
    step = KNOWN.steps[name].step
    for line in (step.command, step.verify):
        _, program, rest = (line or "").partition("badgateway ")
        if program:
            filled = rest.replace("{url}", "https://example.com/").replace("{host}", "example.com")
            assert parse_call(shlex.split(filled)).command
