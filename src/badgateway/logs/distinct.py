"""Distinct texts in a block of bytes, counted without making a text of each."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

_EACH = 0x0101010101010101
_HIGH = np.uint64(0x8080808080808080)
_ONES = np.uint64(_EACH)
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(8)] + [2**64 - 1], dtype=np.uint64)
_ZEROS = np.uint64(0x30 * _EACH)
_HIGH_HALVES = np.uint64(0xF0 * _EACH)
_SIXES = np.uint64(0x06 * _EACH)
_HALF = np.uint64(32)
# A hash must not be foreseen by who writes the lines: each run has its own.
_SEED = np.uint64(int(np.random.default_rng().integers(1, 2**63)) * 2 + 1)
_STEP = np.uint64(0xFF51AFD7ED558CCD)


class Window:
    """Bytes that can be read at any place, one or eight at a time.

    Args:
        data: the bytes, and behind them as many more as may be looked at from the last one.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.bytes = np.frombuffer(data, np.uint8)
        self.words: Words = np.ndarray((len(data) - 7,), "<u8", data, 0, (1,))

    def text(self, begin: int, end: int) -> str:
        """A piece as text."""
        return self.data[begin:end].decode("ascii", "replace")

    def check(self, at: Places, literal: bytes, good: Flags) -> None:
        """Take out of `good` where something else than `literal` stands."""
        for offset in range(0, len(literal), 8):
            part = literal[offset : offset + 8]
            word = self.words[at + offset if offset else at] & _MASKS[len(part)]
            good &= word == np.uint64(int.from_bytes(part, "little"))

    def check_digits(self, begin: Places, end: Places, good: Flags) -> None:
        """Take out of `good` where something else than digits stands, or nothing at all."""
        good &= end > begin
        for offset in range(0, int((end - begin)[good].max(initial=0)), 8):
            mask = _MASKS[np.clip(end - begin - offset, 0, 8)]
            word = (self.words[begin + offset] & mask) | (_ZEROS & ~mask)
            good &= ((word & _HIGH_HALVES) == _ZEROS) & ((word + _SIXES) & _HIGH_HALVES == _ZEROS)

    def find(self, at: Places, character: int, longest: int, good: Flags) -> Places:
        """Where `character` comes next, at most `longest` bytes on; else taken out of `good`."""
        end = at.copy()
        rest = np.arange(len(at))
        for offset in range(0, longest, 8):
            places = at[rest] + offset if offset else at
            zero = _zeros(self.words[places], character)
            hit = zero != 0
            if offset == 0 and hit.all():
                return at + _first(zero)
            found = rest[hit]
            end[found] = places[hit] + _first(zero[hit])
            rest = rest[~hit]
            if not rest.size:
                return end
        good[rest] = False
        return end


def masked_word(word: Words, length: "Places | int") -> Words:
    """The first `length` bytes of each word, the rest 0."""
    mask: Words = _MASKS[np.clip(length, 0, 8)]
    return word & mask


def _zeros(word: Words, character: int) -> Words:
    """The high bit of the first byte that is `character` (and perhaps of later ones)."""
    differs = word ^ np.uint64(character * _EACH)
    return (differs - _ONES) & ~differs & _HIGH


def _first(zero: Words) -> Places:
    """The number of the first byte whose high bit is set."""
    lowest = zero & (~zero + np.uint64(1))
    return (np.bitwise_count(lowest - np.uint64(1)) >> 3).astype(np.int64)


def mixed(hashed: Words, word: Words) -> Words:
    """A hash with one more word in it."""
    hashed = (hashed ^ word) * _STEP
    return hashed ^ (hashed >> _HALF)


class Distinct:
    """Counts of distinct texts, by a hash of 64 bits; each text is cut out only once."""

    def __init__(self) -> None:
        self._known: Words = np.zeros(0, np.uint64)
        self._counts: Places = np.zeros(0, np.int64)
        self._names: list[str] = []
        self._order: Places = np.zeros(0, np.int64)

    @staticmethod
    def keys(window: Window, begin: Places, end: Places) -> Words:
        """The hash of each text."""
        length = end - begin
        hashed = mixed(length.astype(np.uint64) * _SEED, masked_word(window.words[begin], length))
        offset = 8
        rest = np.flatnonzero(length > offset)
        while rest.size:
            left = length[rest] - offset
            word = masked_word(window.words[begin[rest] + offset], left)
            hashed[rest] = mixed(hashed[rest], word)
            offset += 8
            rest = rest[left > 8]
        return hashed * _SEED

    @staticmethod
    def keys_until(
        window: Window, begin: Places, stops: bytes, longest: int, good: Flags
    ) -> tuple[Words, Places]:
        """The hash of each text up to the first of two characters, and where that stands."""
        hashed = np.full(len(begin), _SEED, np.uint64)
        end = begin.copy()
        rest = np.arange(len(begin))
        for offset in range(0, longest, 8):
            word = window.words[begin[rest] + offset]
            stop = _zeros(word, stops[0]) | _zeros(word, stops[1])
            ended = stop != 0
            length = np.where(ended, _first(stop), 8)
            hashed[rest] = mixed(hashed[rest], masked_word(word, length))
            end[rest] = begin[rest] + offset + length
            rest = rest[~ended]
            if not rest.size:
                break
        good[rest] = False
        return mixed(hashed, (end - begin).astype(np.uint64)) * _SEED, end

    def add(self, window: Window, keys: Words, begin: Places, end: Places) -> None:
        """Count texts by their hashes; new ones are cut out of the window."""
        if not len(keys):
            return
        order = np.argsort(keys)
        ordered = keys[order]
        starts = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
        found, first = ordered[starts], order[starts]
        counts = np.diff(starts, append=len(keys))
        place = np.searchsorted(self._known, found)
        place[place == len(self._known)] = 0
        known = self._known[place] == found if len(self._known) else np.zeros(len(found), np.bool_)
        self._counts[self._order[place[known]]] += counts[known]
        new = np.flatnonzero(~known)
        if not new.size:
            return
        begins, ends = begin[first[new]].tolist(), end[first[new]].tolist()
        number = len(self._names) + np.arange(len(new))
        self._names += [window.text(b, e) for b, e in zip(begins, ends, strict=True)]
        self._counts = np.concatenate((self._counts, counts[new]))
        where = np.searchsorted(self._known, found[new])
        self._known = np.insert(self._known, where, found[new])
        self._order = np.insert(self._order, where, number)

    def counts(self) -> Iterator[tuple[str, int]]:
        """Each text with its count."""
        return zip(self._names, self._counts.tolist(), strict=True)
