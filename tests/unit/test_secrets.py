"""No secret that stands in configuration or logs comes out again, in whichever form."""

from io import StringIO

import pytest
from planted import FORMS, PLANTED, S

from badgateway.investigate.explain import explain_materials
from badgateway.knowledge.base import knowledge
from badgateway.model.material import material_of
from badgateway.model.secret import masked, without_people
from badgateway.report.json import verdict_json
from badgateway.report.terminal import Detail, console, report
from badgateway.report.words import Words


def shown(text):
    """All that somebody can get to see of a text: the report with its reasons, and the JSON."""
    verdict = explain_materials([material_of("x", text)])
    out = StringIO()
    report(verdict, knowledge(), Words("en"), console(out), Detail.WHY)
    return out.getvalue().replace("\n", ""), verdict_json(verdict)


PAIRS = [
    (kind, form)
    for number, kind in enumerate(PLANTED)
    for place, form in enumerate(FORMS)
    if place == 0 or (place + number) % 3 == 0
]
"""Every kind alone and in one or two of the dialects."""


@pytest.mark.parametrize(("kind", "form"), PAIRS)
def test_a_secret_comes_out_nowhere(kind, form):
    """Neither whole nor in part, in the report or the JSON."""
    for output in shown(FORMS[form].replace("{}", PLANTED[kind])):
        assert S[:8].lower() not in output.lower()


def test_all_of_them_at_once():
    """In one large file, where excerpts are cut anywhere."""
    for output in shown("\n".join(PLANTED.values()) * 3):
        assert S[:8].lower() not in output.lower()


def test_what_tells_is_kept():
    """Names, addresses of upstreams and ordinary words stay."""
    text = 'upstream: "http://10.0.0.2:8000/a?page=2", host: "shop.example", password_reset sent'
    assert masked(text) == text


HOSTILE = ("password=", "eyJ", "a@", "http://a:", "-----BEGIN PRIVATE KEY-----", "Cookie: ")


@pytest.mark.parametrize("part", [*HOSTILE, "$2y$10$", "--token ", "<password>", "name: a\n", "-"])
def test_masking_takes_time_in_proportion(part):
    """A hostile megabyte is masked at once: every repetition in the expressions is bounded."""
    assert masked(part * (1_000_000 // len(part)))


def test_addresses_of_people_can_be_told_apart_and_not_found():
    """In a bundle the last part of a visitor's address is replaced, always by the same."""
    text = (
        'client: 203.0.113.7, upstream: "http://10.0.0.2:8000/", client: 203.0.113.9, '
        "client: 2001:db8:1:2:3:4:5:6 and 203.0.113.7"
    )
    found = without_people(text, keep={"10.0.0.2"})
    assert "10.0.0.2:8000" in found
    assert "203.0.113.7" not in found
    assert "2001:db8:1:2:3" not in found
    words = [word.strip(",") for word in found.split() if word.startswith("203.0.113.")]
    assert len(words) == 3
    assert words[0] == words[2] != words[1]
