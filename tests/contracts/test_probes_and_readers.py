"""What every probe and every reader must be, now and later."""

import inspect
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.material import material_of
from badgateway.model.observation import Evidence, Observation
from badgateway.model.target import Wishes, target_of
from badgateway.model.vocabulary import vocabulary
from badgateway.probes import Context, Cost, probes
from badgateway.readers import readers, recognised

PROBES = probes()
READERS = readers()

KINDS = tomllib.loads((Path(__file__).parent / "kinds.toml").read_text("utf-8"))
"""Samples of each dialect; a new reader adds its own there."""
SAMPLES = [(kind, sample) for kind, samples in KINDS.items() for sample in samples]


def test_every_dialect_has_samples():
    """A reader without samples is not tested, samples without a reader test nothing."""
    assert set(KINDS) == set(READERS)


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_has_the_shape_of_one(name):
    """A probe documents itself and has what the runner asks for."""
    probe = PROBES[name]
    assert (inspect.getdoc(probe) or "").count("\n") >= 1, "the docstring is the documentation"
    assert isinstance(probe.COST, Cost)
    assert probe.COST.seconds > 0
    assert list(inspect.signature(probe.wanted).parameters) == ["about", "context"]
    assert list(inspect.signature(probe.run).parameters) == ["about", "context"]
    assert inspect.isasyncgenfunction(probe.run)


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_speaks_the_vocabulary(name):
    """Every observation that a probe waits for or gives is a word of `observations/*.toml`."""
    probe = PROBES[name]
    assert probe.AFTER, "a probe waits for something"
    assert probe.GIVES, "a probe gives something"
    assert {*probe.AFTER, *probe.GIVES} <= set(vocabulary().observations)


def test_only_name_servers_are_third_parties():
    """Unasked, nobody but public resolvers and the zone's name servers is told about the site."""
    told = [probe for probe in PROBES if PROBES[probe].COST.third_party]
    assert [name for name in told if not PROBES[name].COST.named] == [
        "public_resolution",
        "zone_servers",
    ]


@pytest.mark.parametrize("name", [name for name in PROBES if PROBES[name].COST.named])
def test_whom_the_person_did_not_name_is_not_asked(name):
    """A probe of vantages, exits, names or contacts wants nothing where the call asks for none."""
    context = Context(target_of("https://www.shop-site.com/"), Wishes(), Evidence(), 0.0)
    for word in PROBES[name].AFTER:
        value = {"url": context.target.url, "status": 502, "rcode": "SERVFAIL", "by": "system"}
        value |= {"host": "www.shop-site.com", "address": "192.0.2.1", "addresses": ["192.0.2.1"]}
        about = Observation(Hop.NETWORK, word, value)
        assert PROBES[name].wanted(about, context) is None


def test_the_probes_that_leave_the_site_are_known():
    """Contacts that have nothing to do with the site are made by these probes and no other."""
    assert [name for name, probe in PROBES.items() if probe.COST.elsewhere] == [
        "captive_portal",
        "connects_counted",
        "control",
    ]


def test_every_failure_is_a_word_of_the_vocabulary():
    """What a probe can meet can be stated."""
    assert {failure.value for failure in Failure} <= set(vocabulary().observations)


@pytest.mark.parametrize("name", READERS)
def test_a_reader_has_the_shape_of_one(name):
    """A reader documents itself, recognises its own and reads it."""
    reader = READERS[name]
    assert inspect.getdoc(reader)
    for sample in KINDS[name]:
        assert 0 < reader.fits(sample) <= 1
        for observation in reader.read(material_of("sample", sample)):
            assert observation.name in vocabulary().observations
            assert observation.source


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_each_sample_is_recognised_as_what_it_is(kind, sample):
    """No reader takes another one's sample: confusion is 0."""
    assert recognised(sample) == kind


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_what_a_reader_states_can_be_said(kind, sample):
    """Every value that the sentence of an observation names is there."""
    for observation in READERS[kind].read(material_of("sample", sample)):
        says = vocabulary().observations[observation.name].says
        keys = {field for _, field, _, _ in Formatter().parse(says) if field}
        assert keys <= set(observation.value), observation.name


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_no_reader_claims_more_than_it_says(kind, sample):
    """What a reader says to claim at most holds, so asking in that order loses nothing."""
    fits = {name: reader.fits(sample) for name, reader in readers().items()}
    for name, reader in readers().items():
        assert fits[name] <= getattr(reader, "AT_MOST", 1.0), name
    assert fits[recognised(sample)] == max(fits.values())
