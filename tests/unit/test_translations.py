"""The catalogues of translations."""

import io
import json
import re
import tomllib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from badgateway.inference.judge import judge_check
from badgateway.model.observation import Evidence
from badgateway.model.recorded import observation_of
from badgateway.model.vocabulary import vocabulary
from badgateway.remedies import steps_for
from badgateway.report.html import html_report
from badgateway.report.markdown import markdown_report
from badgateway.report.terminal import Detail, console, report
from badgateway.report.words import LANGUAGES, Words

LOCALE = files("badgateway").joinpath("locale")


def catalogue(language):
    """The catalogue as translators see it."""
    path = LOCALE.joinpath(language, "LC_MESSAGES", "badgateway.po")
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]


def places(text):
    """The names of the values that a sentence takes."""
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_a_translation_takes_the_values_of_its_sentence(language):
    """No translation names a value that is not there, or leaves one out."""
    for message in catalogue(language):
        if message.string:
            assert places(message.string) == places(message.id), message.id


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_every_sentence_is_translated(language):
    """Nothing that can be shown lacks its translation."""
    assert [message.id for message in catalogue(language) if not message.string] == []


def test_french_stands_as_french_is_set():
    """No line breaks before a sign that stands apart, nor inside guillemets."""
    loose = re.compile(r" [;:!?%](?= |$|\n)|« | »")
    found = [message.string for message in catalogue("fr") if loose.search(message.string)]
    assert found == []


def test_a_translation_is_used():
    """What is said in French is French, from the file that programs read."""
    title = vocabulary().causes["disk-full"].title
    assert Words("fr").say(title) == "le disque est plein"
    assert Words("en").say(title) == title


def test_ticket_data_is_in_the_catalogue():
    """What stands in the data files of tickets can be translated."""
    ids = {message.id for message in catalogue("fr")}
    table = tomllib.loads(files("badgateway.report.ticket").joinpath("tried.toml").read_text())
    assert {step["title"] for step in table["step"]} <= ids


def test_numbers_are_written_as_the_language_does():
    """French sets thousands apart by a narrow space and decimals by a comma."""
    english, french = Words("en"), Words("fr")
    assert (english.count(1234567), english.decimal(0.625, 2)) == ("1,234,567", "0.62")
    assert (french.count(1234567), french.decimal(0.625, 2)) == ("1\u202f234\u202f567", "0,62")


def test_a_sentence_within_a_string_is_in_the_catalogue():
    """Calls of `say` within f-strings are found as well: the log report's labels are French."""
    said = {message.id for message in catalogue("fr")}
    assert {"Time line", "time", "still going on"} <= said


CASES = sorted((Path(__file__).parents[1] / "cases").glob("*/observations.json"))[::8]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.parent.name)
def test_what_a_report_says_is_in_the_catalogue(case, known, monkeypatch):
    """No sentence is said that translators were never shown, in any format and any detail."""
    ids = {message.id for message in catalogue("fr")}
    strange = set()
    say = Words.say

    def heard(self, text, /, **values):
        if text not in ids and re.search(r"[a-z] [a-z]", text):
            strange.add(text)
        return say(self, text, **values)

    monkeypatch.setattr(Words, "say", heard)
    subject = json.loads((case.parent / "verdict.json").read_text())["subject"]
    seen = [observation_of(item) for item in json.loads(case.read_text())]
    verdict = judge_check(Evidence(seen), subject, known)
    verdict = replace(verdict, steps=steps_for(verdict, known))
    words = Words("fr")
    report(verdict, known, words, console(io.StringIO()), Detail.WHY, plan=True)
    html_report(verdict, known, words)
    markdown_report(verdict, known, words)
    assert strange == set()
