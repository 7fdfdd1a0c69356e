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
_LEAST_KEY = np.uint64(1)
"""0 is no key: it marks a place that is free."""
_SMALLEST_TABLE = 1 << 12
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
        if len(literal) < 4:
            # Single bytes lie where they may lie: fetching one takes a fifth of a word's time.
            for offset, character in enumerate(literal):
                good &= self.bytes[at + offset if offset else at] == character
            return
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
    hashed = hashed ^ word
    # Folded first: a product spreads upwards only, so what differs in the last bytes of two words
    # could be made up for by the next ones.
    return (hashed ^ (hashed >> _HALF)) * _STEP


class Distinct:
    """Counts of distinct texts, by a hash of 64 bits; each text is cut out only once.

    Hashes stand in an open table, each at the place that its first bits name or behind it, so a
    text that is known costs one look-up and no sorting.
    """

    def __init__(self) -> None:
        self._keys: Words = np.zeros(_SMALLEST_TABLE, np.uint64)
        self._counts: Places = np.zeros(_SMALLEST_TABLE, np.int64)
        self._numbers: Places = np.zeros(_SMALLEST_TABLE, np.int64)
        self._names: list[str] = []

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
        keys = np.maximum(keys, _LEAST_KEY)
        places = self._places(keys)
        missing = np.flatnonzero(self._keys[places] == 0)
        if missing.size:
            new, first = np.unique(keys[missing], return_index=True)
            self._grow(len(new))
            numbers = len(self._names) + np.arange(len(new))
            self._insert(new, np.zeros(len(new), np.int64), numbers)
            begins, ends = begin[missing[first]].tolist(), end[missing[first]].tolist()
            self._names += [window.text(b, e) for b, e in zip(begins, ends, strict=True)]
            places = self._places(keys)
        np.add.at(self._counts, places, 1)

    def _places(self, keys: Words) -> Places:
        """Where each hash stands, or the free place where it would."""
        bits = np.uint64(64 - (len(self._keys).bit_length() - 1))
        places = (keys >> bits).astype(np.int64)
        held = self._keys[places]
        rest = np.flatnonzero((held != keys) & (held != 0))
        while rest.size:
            places[rest] = (places[rest] + 1) & (len(self._keys) - 1)
            held = self._keys[places[rest]]
            rest = rest[(held != keys[rest]) & (held != 0)]
        return places

    def _insert(self, keys: Words, counts: Places, numbers: Places) -> None:
        """Put in hashes that are not there yet, all different."""
        while len(keys):
            places = self._places(keys)
            self._keys[places] = keys
            # Of several that want one place, one has got it.
            here = self._keys[places] == keys
            self._counts[places[here]] = counts[here]
            self._numbers[places[here]] = numbers[here]
            keys, counts, numbers = keys[~here], counts[~here], numbers[~here]

    def _grow(self, more: int) -> None:
        """Make room for `more` hashes, so that half of the table stays free."""
        size = len(self._keys)
        while 2 * (len(self._names) + more) > size:
            size *= 2
        if size > len(self._keys):
            full = np.flatnonzero(self._keys)
            known = self._keys[full], self._counts[full], self._numbers[full]
            self._keys = np.zeros(size, np.uint64)
            self._counts, self._numbers = np.zeros(size, np.int64), np.zeros(size, np.int64)
            self._insert(*known)

    def counts(self) -> Iterator[tuple[str, int]]:
        """Each text with its count."""
        full = np.flatnonzero(self._keys)
        numbers, counts = self._numbers[full].tolist(), self._counts[full].tolist()
        return ((self._names[n], count) for n, count in zip(numbers, counts, strict=True))
