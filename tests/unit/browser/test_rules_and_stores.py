"""Rules of extensions, LevelDB and Snappy, each alone."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.browser.leveldb import LevelDBError, read_leveldb, unsnapped
from badgateway.browser.profile import Extension
from badgateway.browser.protobuf import fields, number_field, text_field
from badgateway.browser.rules import blocks, url_fits
from badgateway.model.target import target_of

SHOP = target_of("https://www.shop.example/sale?x=1")


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("||shop.example^", True),
        ("||www.shop.example", True),
        ("||hop.example", False),
        ("||example/sale", True),
        ("|https://www.", True),
        ("|http://www.", False),
        ("sale?x=1|", True),
        ("sale|", False),
        ("shop*sale", True),
        ("sale*shop", False),
        ("sale?x=1^", True),
        ("shop^example", False),
        ("*", True),
        ("", True),
    ],
)
def test_a_url_filter_fits_as_documented(pattern, fits):
    """Anchors of domain, begin and end, wildcard and separator."""
    assert url_fits(pattern, SHOP.url) is fits


def test_a_filter_made_to_be_slow_is_not():
    """Many wildcards on a long URL take as many steps as both are long."""
    assert not url_fits("*a" * 400 + "b", "a" * 4_000)


def rule(kind, priority=1, **condition):
    return {"priority": priority, "action": {"type": kind}, "condition": condition}


PAGE = ["main_frame"]
BLOCK = rule("block", urlFilter="||shop.example", resourceTypes=PAGE)


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        ([BLOCK], True),
        ([rule("redirect", requestDomains=["shop.example"], resourceTypes=PAGE)], True),
        ([rule("block", urlFilter="||shop.example")], False),
        ([rule("block", urlFilter="||shop.example", resourceTypes=["script"])], False),
        ([BLOCK, rule("allow", urlFilter="sale", resourceTypes=PAGE)], False),
        ([BLOCK, rule("allow", 0, urlFilter="sale", resourceTypes=PAGE)], True),
        ([rule("block", excludedRequestDomains=["shop.example"], resourceTypes=PAGE)], False),
        ([rule("block", requestMethods=["post"], resourceTypes=PAGE)], False),
        ([rule("block", regexFilter="(a+)+$", resourceTypes=PAGE)], False),
        ([rule("block", domainType="thirdParty", resourceTypes=PAGE)], False),
        (["nonsense", {"action": 3}, None], False),
        ({"not": "a list"}, False),
    ],
)
def test_rules_decide_as_the_browser_does(tmp_path, rules, blocked):
    """The highest priority wins, allowing before blocking; parts of pages do not count."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x/rules.json").write_text(json.dumps(rules))
    extension = Extension("x", "X", "1", ("declarativeNetRequest",), ())
    assert blocks(extension, tmp_path, SHOP) is blocked


def batch(sequence, *entries):
    data = struct.pack("<QI", sequence, len(entries))
    for key, value in entries:
        data += bytes([value is not None, len(key)]) + key
        data += b"" if value is None else bytes([len(value)]) + value
    return struct.pack("<IHB", 0, len(data), 1) + data


def test_the_newest_value_counts_and_a_deleted_one_is_gone(tmp_path):
    """Over several files, whatever their order."""
    (tmp_path / "000002.log").write_bytes(batch(5, (b"a", b"new"), (b"b", None)))
    (tmp_path / "000009.log").write_bytes(batch(1, (b"a", b"old"), (b"b", b"was"), (b"c", b"is")))
    assert read_leveldb(tmp_path) == {b"a": b"new", b"c": b"is"}


def test_a_record_goes_on_over_blocks(tmp_path):
    """A batch that is cut into its first and its last part is whole again."""
    whole = batch(1, (b"key", b"value"))[7:]
    parts = [(2, whole[:9]), (4, whole[9:])]
    data = b"".join(struct.pack("<IHB", 0, len(part), kind) + part for kind, part in parts)
    (tmp_path / "000001.log").write_bytes(data)
    assert read_leveldb(tmp_path) == {b"key": b"value"}


def test_snappy_copies_from_what_it_has_written():
    """A literal, a copy of it that repeats itself, and one from far back with two bytes."""
    assert unsnapped(b"\x0c" + b"\x08abc" + b"\x15\x03") == b"abcabcabcabc"
    assert unsnapped(b"\x06" + b"\x08abc" + b"\x0a\x03\x00") == b"abcabc"


def test_snappy_that_lies_is_refused():
    """A copy from before the beginning, and a size that nobody has."""
    with pytest.raises(LevelDBError):
        unsnapped(b"\x06\x08abc\x15\x09")
    with pytest.raises(LevelDBError):
        unsnapped(b"\xff\xff\xff\xff\x0f")


@given(st.binary(max_size=200))
def test_no_bytes_break_protobuf(data):
    """What is damaged ends the message."""
    assert all(isinstance(number, int) for number, _ in fields(data))
    assert isinstance(text_field(data, 2), str)
    assert isinstance(number_field(data, 1), int)
