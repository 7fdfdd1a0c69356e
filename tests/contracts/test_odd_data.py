"""Any value at any place of a knowledge file is taken or refused by name and line."""

import copy
import json
import re

import pytest

from badgateway.knowledge.compile import LOADERS
from badgateway.knowledge.files import KnowledgeError, parse

MARK = {
    "id": "a",
    "in": "text",
    "contains": ["made by a"],
    "matches": "by (?P<version>a)",
    "status": [502],
    "without": ["via"],
    "empty": False,
    "kind": "page",
    "strength": "strong",
    "source": "made up",
}
MEANING = {
    "status": [502],
    "mark": "a",
    "variant": "bad-gateway",
    "says": "It failed.",
    "hop": "link",
    "causes": {"upstream-down": 0.5},
    "source": "made up",
}
YES = {"matches": True, "text": "made by a", "source": "made up"}
NO = {"matches": False, "text": "another", "source": "made up"}
GOOD = {
    "emitters": {
        "title": "A",
        "hop": "gateway",
        "over": [],
        "about": "A product.",
        "source": "made up",
        "made": [MARK],
        "passed": [{"id": "p", "in": "header:x-a", "matches": "."}],
        "meaning": [MEANING],
        "sample": [{**YES, "version": "a", "passed": False}, NO],
    },
    "variants": {
        "title": "A",
        "concerns": "site",
        "rank": 1,
        "means": "It failed.",
        "source": "made up",
        "made": [MARK],
        "sample": [YES, NO],
    },
    "causes": {
        "means": "It is down.",
        "decides": {"test": "look", "who": "owner", "why": "it tells"},
        "source": "made up",
        "sign": [
            {"observation": "way-broken", "where": {"failure": ["answer-none"]}, "share": 0.5}
        ],
        "sample": [
            {"matches": True, "observation": "way-broken", "value": {"failure": "answer-none"}},
            {"matches": False, "observation": "way-broken", "value": {"failure": "no-route"}},
        ],
    },
    "steps": {
        "who": "owner",
        "text": "Start it",
        "command": "systemctl start x",
        "risk": "reversible",
        "verify": "curl {url}",
        "rank": 1,
        "causes": ["upstream-down"],
        "outcomes": ["gateway-error"],
        "emitters": ["nginx"],
        "sides": ["site"],
        "source": "made up",
    },
}
ODD = {
    "true": True,
    "zero": 0,
    "less than nothing": -1,
    "a half": 0.5,
    "nan": float("nan"),
    "infinite": float("inf"),
    "no text": "",
    "a text": "odd",
    "an open bracket": "(",
    "no list": [],
    "a list of texts": ["odd"],
    "a list of numbers": [1],
    "a list of lists": [["odd"]],
    "no table": {},
    "a table": {"odd": 1},
    "a list of tables": [{"odd": 1}],
}


def toml(value: object) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return {"nan": "nan", "inf": "inf"}.get(str(value), str(value))
    return json.dumps(value)


def file_of(data: dict) -> str:
    """A knowledge file: lists of tables as [[tables]], everything else as key = value."""
    tables = {k: v for k, v in data.items() if isinstance(v, list) and v and isinstance(v[0], dict)}
    lines = [f"{key} = {toml(value)}" for key, value in data.items() if key not in tables]
    for key, items in tables.items():
        for item in items:
            lines += [
                "",
                f"[[{key}]]",
                *(f"{name} = {toml(value)}" for name, value in item.items()),
            ]
    return "\n".join(lines) + "\n"


def places(data: dict):
    """Each key of a file, of its tables, and of the tables in those."""
    for key, value in data.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *rest) for rest in places(value))
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from ((key, 0, *rest) for rest in places(value[0]))


def load(kind: str, data: dict):
    """Load a file of that kind."""
    return LOADERS[kind]("upstream-down", parse(f"{kind}/odd.toml", file_of(data)))


SHOWN = r"$|[a-z]+/odd\.toml:[1-9][0-9]*: \S"
"""No complaint at all, or one with file, line and reason."""


def complaint(kind: str, data: dict) -> str:
    """What the author of a file reads; empty where it loads."""
    try:
        load(kind, data)
    except KnowledgeError as refused:
        return str(refused)
    return ""


PLACES = [
    pytest.param(kind, place, id=f"{kind}: {'.'.join(map(str, place))}")
    for kind, data in GOOD.items()
    for place in places(data)
]


@pytest.mark.parametrize("kind", GOOD)
def test_the_good_file_is_good(kind):
    """What the other tests spoil is taken as it stands."""
    assert load(kind, GOOD[kind])


@pytest.mark.parametrize(("kind", "place"), PLACES)
def test_an_odd_value_is_taken_or_refused_with_its_line(kind, place):
    """Whatever stands at a place, the file loads, or its author reads file, line and reason."""
    for odd in ODD.values():
        data = copy.deepcopy(GOOD[kind])
        where = data
        for step in place[:-1]:
            where = where[step]
        where[place[-1]] = odd
        assert re.match(SHOWN, complaint(kind, data))


@pytest.mark.parametrize(("kind", "place"), PLACES)
def test_a_missing_value_is_taken_or_refused_with_its_line(kind, place):
    """Whatever is left out, the file loads, or its author reads file, line and reason."""
    data = copy.deepcopy(GOOD[kind])
    where = data
    for step in place[:-1]:
        where = where[step]
    del where[place[-1]]
    assert re.match(SHOWN, complaint(kind, data))


@pytest.mark.parametrize(
    ("kind", "spoilt"),
    [
        ("emitters", {"meaning": [{**MEANING, "causes": {"upstream-down": True}}]}),
        ("emitters", {"meaning": [{**MEANING, "causes": {"upstream-down": float("nan")}}]}),
        ("emitters", {"meaning": [{**MEANING, "causes": {"upstream-down": "much"}}]}),
        ("emitters", {"meaning": [{**MEANING, "causes": {"upstream-down": 0}}]}),
        ("emitters", {"made": [{**MARK, "in": "header:X-A"}]}),
        ("emitters", {"made": [MARK, MARK, {**MARK, "matches": "("}]}),
        ("variants", {"made": []}),
        ("causes", {"decides": {"test": "a", "who": "nobody", "why": "b"}}),
        ("causes", {"decides": {"test": 5, "who": "owner", "why": "b"}}),
        ("causes", {"source": ""}),
        ("steps", {"text": ""}),
        ("steps", {"rank": True}),
        ("steps", {"causes": "no-such-cause"}),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_what_makes_no_sense_is_refused(kind, spoilt):
    """Values of the right kind that make no sense are refused as well."""
    with pytest.raises(KnowledgeError, match=rf"^{kind}/odd\.toml:[1-9]"):
        load(kind, {**GOOD[kind], **spoilt})
