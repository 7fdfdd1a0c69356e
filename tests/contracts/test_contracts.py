"""What every extension promises: found by walking the folders, so that a new file is held to it."""

import ast
import inspect
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from badgateway.inference.classify import classify
from badgateway.inference.identify import identify
from badgateway.knowledge.base import knowledge
from badgateway.knowledge.cause import cause_of
from badgateway.knowledge.emitter import emitter_of
from badgateway.knowledge.files import parse, units
from badgateway.knowledge.page import Page
from badgateway.knowledge.step import step_of
from badgateway.knowledge.variant import variant_of
from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation
from badgateway.model.response import response_from_text
from badgateway.model.verdict import Who
from badgateway.model.vocabulary import vocabulary
from badgateway.probes import Cost, probes
from badgateway.readers import readers

WORDS = vocabulary()
PUBLIC_CAUSES = Path(__file__).parents[3] / "shared" / "contract" / "causes.toml"
LOADERS = {
    "emitters": emitter_of,
    "variants": variant_of,
    "causes": cause_of,
    "steps": step_of,
}
UNITS = [
    pytest.param(kind, name, path, text, id=path)
    for kind in LOADERS
    for name, path, text in units(kind)
]


def of(kind: str):
    """The units of one kind, each a parameter."""
    return [pytest.param(*unit.values[1:], id=unit.id) for unit in UNITS if unit.values[0] == kind]


def table_of(path: str, text: str) -> dict:
    """What stands in a knowledge file."""
    return dict(parse(path, text).data)


# --- probes


@pytest.mark.parametrize("probe", probes().values(), ids=probes().keys())
class TestProbe:
    """Every module of the folder `probes`."""

    def test_it_says_what_it_is(self, probe):
        """Its docstring is its documentation, and so are those of its two functions."""
        assert probe.__doc__.strip()
        assert probe.wanted.__doc__
        assert probe.run.__doc__

    def test_it_has_the_shape_of_a_probe(self, probe):
        """AFTER, GIVES, COST, wanted and run, with the same parameters everywhere."""
        assert isinstance(probe.COST, Cost)
        assert probe.COST.seconds > 0
        assert probe.AFTER
        assert probe.GIVES
        assert list(inspect.signature(probe.wanted).parameters) == ["about", "context"]
        assert list(inspect.signature(probe.run).parameters) == ["about", "context"]
        assert inspect.isasyncgenfunction(probe.run)

    def test_it_speaks_the_vocabulary(self, probe):
        """What it waits for and what it gives are words of observations.toml."""
        assert {*map(str, probe.AFTER), *map(str, probe.GIVES)} <= set(WORDS.observations)

    def test_somebody_gives_what_it_waits_for(self, probe):
        """A probe that waits for what nobody states never runs."""
        given = {"asked"}.union(*(map(str, other.GIVES) for other in probes().values()))
        assert set(map(str, probe.AFTER)) <= given

    def test_its_words_are_those_that_it_declares(self, probe):
        """Each word that it states by name is one that it declares."""
        tree = ast.parse(inspect.getsource(probe))
        said = {
            call.args[1].value
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            and getattr(call.func, "id", "") == "seen"
            and isinstance(call.args[1], ast.Constant)
        }
        assert said <= set(map(str, probe.GIVES))


# --- readers


SAMPLES = {
    "page": "<html><h1>502 Bad Gateway</h1></html>",
    "http_exchange": "HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n\r\n<h1>502 Bad Gateway</h1>",
    "har": '{"log": {"entries": [{"request": {"url": "http://a/"}, "response": {"status": 502}}]}}',
}


def test_every_reader_has_a_sample_here():
    """A new reader brings a sample of its dialect to this file."""
    assert set(SAMPLES) >= set(readers())


@pytest.mark.parametrize(("name", "reader"), readers().items(), ids=readers().keys())
class TestReader:
    """Every module of the folder `readers`."""

    def test_it_says_what_it_is(self, name, reader):
        """Its docstring is its documentation."""
        assert reader.__doc__.strip()
        assert reader.fits.__doc__
        assert reader.read.__doc__

    def test_it_knows_its_own(self, name, reader):
        """Its own sample fits it best, and the others' fit them better."""
        for other, sample in SAMPLES.items():
            fits = {key: known.fits(sample) for key, known in readers().items()}
            assert all(0 <= fit <= 1 for fit in fits.values())
            assert (max(fits, key=fits.get) == name) is (other == name)

    def test_it_states_words_of_the_vocabulary(self, name, reader):
        """What it reads are observations with known words, each with its source."""
        read = list(reader.read(SAMPLES[name], "sample"))
        assert read
        for observation in read:
            assert isinstance(observation, Observation)
            assert observation.name in WORDS.observations
            assert "sample" in observation.source

    def test_nothing_is_no_sample(self, name, reader):
        """An empty text fits no reader."""
        assert reader.fits("") == 0


# --- knowledge


@pytest.mark.parametrize(("kind", "name", "path", "text"), UNITS)
def test_every_file_proves_itself(kind, name, path, text):
    """Each knowledge file loads from its own text, samples and all."""
    assert LOADERS[kind](name, parse(path, text))


@pytest.mark.parametrize(("kind", "name", "path", "text"), UNITS)
def test_every_file_names_its_source(kind, name, path, text):
    """What is known is written somewhere, and the file says where."""
    assert len(table_of(path, text)["source"]) > 5


@pytest.mark.parametrize(("kind", "name", "path", "text"), UNITS)
def test_every_file_has_a_name_like_the_others(kind, name, path, text):
    """Names are small letters, digits and hyphens."""
    assert name.replace("-", "").isalnum()
    assert name == name.lower()


@pytest.mark.parametrize(("name", "path", "text"), [*of("emitters"), *of("variants")])
def test_every_file_has_both_kinds_of_samples(name, path, text):
    """A sample that matches and one that does not."""
    assert {sample["matches"] for sample in table_of(path, text)["sample"]} == {True, False}


@pytest.mark.parametrize(("name", "path", "text"), of("causes"))
def test_every_cause_with_signs_has_both_kinds_of_samples(name, path, text):
    """A file with signs shows one observation that is a sign and one that is none."""
    table = table_of(path, text)
    kinds = {sample["matches"] for sample in table.get("sample", [])}
    assert kinds == {True, False} if "sign" in table else not kinds


@pytest.mark.parametrize(("name", "path", "text"), of("emitters"))
def test_a_page_of_a_product_is_known_as_its_own(known, name, path, text):
    """Each page that a product made is identified as that product's and as no other's."""
    for sample in table_of(path, text)["sample"]:
        if not sample["matches"] or sample.get("passed"):
            continue
        response = response_from_text(sample["text"])
        who = identify(Page.of(response), known.emitters)
        assert who.emitter is not None, sample["text"][:80]
        assert who.emitter.name == name or name in known.emitters[who.emitter.name].over, (
            f"{who.emitter.name} claims it: {sample['text'][:80]}"
        )
        assert classify(response, known.emitters, known.variants).outcome


@pytest.mark.parametrize(("name", "path", "text"), of("emitters"))
def test_what_a_product_is_over_is_another_product(known, name, path, text):
    """Products that repeat each other's pages do not do so in a circle."""
    above, todo = set(), [name]
    while todo:
        over = known.emitters[todo.pop()].over
        assert name not in over
        todo += [other for other in over if other not in above]
        above.update(over)


@pytest.mark.parametrize(("name", "path", "text"), of("emitters"))
def test_every_mark_of_a_product_has_a_name_of_its_own(name, path, text):
    """A mark that told can be found by its id."""
    table = table_of(path, text)
    for kind in ("made", "passed"):
        ids = [mark["id"] for mark in table.get(kind, [])]
        assert len(set(ids)) == len(ids)


def every_meaning():
    """(where it stands, the meaning) of all that is known."""
    known = knowledge()
    for name, emitter in known.emitters.items():
        for number, meaning in enumerate(emitter.meanings):
            yield pytest.param(meaning, id=f"{name}-{number}")
    for number, meaning in enumerate(known.unsigned):
        yield pytest.param(meaning, id=f"unsigned-{number}")
    for name, meaning in known.proxy_status.items():
        yield pytest.param(meaning, id=f"proxy-status-{name}")


@pytest.mark.parametrize("meaning", list(every_meaning()))
def test_every_meaning_is_whole(known, meaning):
    """It says something, its variant exists, and a cause's name is one of the vocabulary's."""
    assert meaning.says.endswith((".", "!", "?"))
    assert not meaning.variant or meaning.variant in known.variants
    assert {cause for cause, _ in meaning.causes} <= set(WORDS.causes)


@pytest.mark.parametrize("cause", WORDS.causes)
def test_every_cause_is_explained_and_can_be_acted_upon(known, cause):
    """Each cause has a file that says what it is, and a step for somebody."""
    assert known.causes[cause].means
    assert [name for name, file in known.steps.items() if cause in file.causes]


@pytest.mark.parametrize("cause", WORDS.causes)
def test_every_cause_of_the_site_has_a_step_for_its_owner(known, cause):
    """A fault of the site can be mended by its owner, one of the visitor's by the visitor."""
    who = Who.VISITOR if WORDS.sides[WORDS.causes[cause].hop] == "visitor" else Who.OWNER
    steps = [file for file in known.steps.values() if cause in file.causes]
    if WORDS.sides[WORDS.causes[cause].hop] == "path":
        assert steps
    else:
        assert [file for file in steps if file.step.who is who]


@pytest.mark.parametrize(("name", "path", "text"), of("steps"))
def test_a_step_names_only_what_exists(known, name, path, text):
    """Products, causes and placeholders of a step are known ones."""
    file = known.steps[name]
    assert file.emitters <= set(known.emitters)
    assert file.causes <= set(WORDS.causes)
    for said in filter(None, (file.step.text, file.step.command, file.step.verify)):
        for placeholder in ("{url}", "{host}"):
            assert f"'{placeholder}'" not in said, "the value is quoted already"
            assert f'"{placeholder}"' not in said, "the value is quoted already"


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_of_the_way_has_a_cause(known, failure):
    """For each way in which a visit can fail, something is known."""
    if failure in (Failure.UNKNOWN, Failure.OUT_OF_FILES):
        pytest.skip("a failure of this machine or of an unknown kind says nothing of a cause")
    if failure.value.startswith("name-"):
        observation = Observation(
            Hop.RESOLVER, "names-compared", {"system": "failed", "others": "failed"}
        )
    else:
        value = {"failure": failure.value, "problems": ["expired"], "mixed": False}
        observation = Observation(Hop.GATEWAY, "way-broken", {**value, "local_only": False})
    fitting = [
        cause.name
        for cause in known.causes.values()
        for sign in cause.signs
        if sign.fits(observation)
    ]
    assert fitting


# --- the public contract


def test_the_public_contract_is_kept():
    """Every hop and every cause of the public contract is known, at the same hop and side."""
    if not PUBLIC_CAUSES.exists():
        pytest.skip("the contract lies outside the checkout and is not here")
    public = tomllib.loads(PUBLIC_CAUSES.read_text("utf-8"))
    assert {name: hop["side"] for name, hop in public["hops"].items()} == {
        str(hop): str(side) for hop, side in WORDS.sides.items()
    }
    mine = {name: str(cause.hop) for name, cause in WORDS.causes.items()}
    assert {name: cause["hop"] for name, cause in public["causes"].items()}.items() <= mine.items()


def test_the_compiled_knowledge_is_what_the_files_say():
    """What ships compiled is made from exactly these files."""
    import json

    from badgateway.knowledge.files import fingerprint

    compiled = files("badgateway.knowledge").joinpath("compiled.json")
    if not compiled.is_file():
        pytest.skip("nothing is compiled in this checkout")
    known = json.loads(compiled.read_text("utf-8"))
    for kind in LOADERS:
        for _, path, text in units(kind):
            if path in known and known[path]["sha256"] == fingerprint(text):
                assert known[path]["data"] == table_of(path, text)
