"""Texts that are counted by a hash: none is taken for another, however alike they are."""

import random
from collections import Counter

import pytest

np = pytest.importorskip("numpy")

from badgateway.logs import distinct  # noqa: E402
from badgateway.logs.distinct import Distinct, Window  # noqa: E402


def placed(texts: list[str]):
    """The texts one behind the other, and where each stands."""
    data = "".join(texts).encode("ascii")
    ends = np.cumsum([len(text) for text in texts])
    begins = np.concatenate(([0], ends[:-1]))
    return Window(data + bytes(64)), begins, ends


def alike() -> list[str]:
    """Texts that differ in one or two characters, at places where words of eight bytes end."""
    stamps = [f"2026/11/01 {h:02}:{m:02}:{s}" for h in range(24) for m in range(60) for s in "05"]
    return [*stamps, *(stamp.replace("/01", " 01") for stamp in stamps)]


def test_texts_that_are_alike_have_hashes_of_their_own(monkeypatch):
    """A difference at the end of one word is not made up for by the next, whatever the seed."""
    texts, chance = alike(), random.Random(5)
    window, begin, end = placed(texts)
    for _ in range(100):
        seed = np.uint64(chance.randrange(2**62) * 2 + 1)
        monkeypatch.setattr(distinct, "_SEED", seed)
        assert len(set(Distinct.keys(window, begin, end).tolist())) == len(texts)


def test_every_text_is_counted_as_often_as_it_stands_there():
    """Through growth of the table, block by block, many new texts and many that are known."""
    chance, counted, truth = random.Random(3), Distinct(), Counter()
    for round_ in range(12):
        texts = [
            f"10.{chance.randrange(4 + round_)}.{int(chance.expovariate(1 / 900))}.7"
            for _ in range(4_000)
        ]
        window, begin, end = placed(texts)
        counted.add(window, Distinct.keys(window, begin, end), begin, end)
        truth.update(texts)
    assert len(truth) > 5_000
    assert dict(counted.counts()) == dict(truth)
