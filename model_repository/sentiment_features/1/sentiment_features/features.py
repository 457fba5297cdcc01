"""Features of lines, as places in a table: n-grams by their hash, words of the lexicon by their own.

All lines of a request are one array of characters, so that a line costs microseconds. A piece of text has the
hash of a polynomial modulo 2^64, which comes out of running sums whatever its length (Karp and Rabin 1987).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sentiment_features.reading import read

Hashes: TypeAlias = NDArray[np.uint64]
Places: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

LANGUAGES = ("und", "zh", "en")
"""Each line has one of these; places 0, 1 and 2 of the table."""
HASHED = 1 << 19
"""Places of n-grams, after those of the languages; then the lexicon, once for each of :data:`VARIANTS`."""
VARIANTS = ("plain", "denied", "heavy", "denied and heavy")
"""How a term of the lexicon stands in its line. Heavy: after a word of degree, or after "but"."""
PADDING, STEP, LONGEST = -1, 64, 4096
"""After a line's features, whose number is a multiple of STEP and at most LONGEST."""
LONGEST_TERM = 6
"""Characters of a Chinese term of the lexicon."""
_GRAMS = range(1, 5)
_WORD_GRAM = 4
_LONGEST_FACE = 24
"""Characters between spaces that may be one face, such as (╥﹏╥)."""
_NEGATED_FOR = 3
"""Words after a negation that it turns around, as in VADER (Hutto and Gilbert 2014)."""

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_DENIED = np.uint64(0xA24BAED4963EE407)
_WORD, _PAIR, _PART = 11, 13, 17
"""Kinds of hashes; n-grams of characters have their length."""
_SPACE, _HAN, _OTHER_WIDE, _LETTER, _SYMBOL, _DIGIT = range(6)
_VERBS = (
    "ca",
    "do",
    "does",
    "did",
    "is",
    "was",
    "are",
    "were",
    "wo",
    "would",
    "should",
    "could",
    "has",
    "have",
)
_DENIALS = (
    *("not", "no", "never", "none", "neither", "nor", "nobody", "nothing", "nowhere", "without", "hardly"),
    *("rarely", "seldom", "cannot", "ain't", "aint", "hadn't", "hadnt"),
    *(verb + ending for verb in _VERBS for ending in ("n't", "nt")),
)
_CHINESE_DENIALS = "不没无未"
_DENIES_FOR = 8
"""Characters from a denial to the beginning of what it denies: 不是特别好, 没有图片上那么好看."""
_DEGREES, _DEGREE_FOR = "很太超极巨贼真非特十更最忒", 3
"""What makes the next term heavier (the first character of each), and characters from it to the term."""
_TURNS = "但却惜"
"""Characters of 但是, 却 and 可惜: what follows is what is meant."""


def _kinds() -> NDArray[np.uint8]:
    """What each character of Unicode is."""
    found = np.full(0x110000, _SYMBOL, np.uint8)
    for first, last in ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x370, 0x58F), (0x5D0, 0xDFF)):
        found[first : last + 1] = _LETTER
    for first, last in ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)):
        found[first : last + 1] = _HAN
    for first, last in ((0x3041, 0x30FA), (0x1100, 0x11FF), (0xAC00, 0xD7A3), (0xE00, 0xEFF)):
        found[first : last + 1] = _OTHER_WIDE
    found[0x30:0x3A] = _DIGIT
    found[0x27] = _LETTER
    found[[0x0A, 0x20]] = _SPACE
    return found


_KINDS = _kinds()


class _Text:
    """Characters of several lines, and the hash of any piece of them."""

    def __init__(self, lines: Sequence[str]) -> None:
        joined = "\n".join([*lines, ""])
        self.codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        self.kinds = _KINDS[self.codes]
        self.line = np.cumsum(self.codes == 0x0A) - (self.codes == 0x0A)
        count = len(self.codes)
        powers = np.full(count, _BASE, np.uint64)
        back = np.full(count, _INVERSE, np.uint64)
        powers[:1] = back[:1] = 1
        self._back = np.cumprod(back)
        sums = np.cumsum(self.codes * np.cumprod(powers), dtype=np.uint64)
        self._sums = np.concatenate((np.zeros(1, np.uint64), sums))

    def hashed(self, starts: Places, ends: Places) -> Hashes:
        """Of the pieces between these places."""
        found: Hashes = (self._sums[ends] - self._sums[starts]) * self._back[starts]
        return found


def hashes_of(terms: Sequence[str]) -> Hashes:
    """Hashes [N] of whole texts, as they are in the lexicon; none has several lines."""
    text = _Text(terms)
    ends = np.flatnonzero(text.codes == 0x0A)
    return text.hashed(np.concatenate(([0], ends + 1))[:-1], ends)


_DENIAL_HASHES = hashes_of(_DENIALS)
_DENIAL_CODES, _DEGREE_CODES, _TURN_CODES = (
    np.array([ord(character) for character in characters], np.uint32)
    for characters in (_CHINESE_DENIALS, _DEGREES, _TURNS)
)
_VALUED = np.uint64(1)
_FILTER = np.uint64(43)


def entries_of(terms: Sequence[str], valued: Sequence[bool]) -> Hashes:
    """What a lexicon holds of its terms: hashes, one bit up; the lowest bit says whether they have a valence.

    Those without one keep what is inside them from being found.
    """
    return hashes_of(terms) << _VALUED | np.array(valued, np.uint64)


@dataclass(frozen=True)
class Read:
    """What was found in lines.

    features: int32 [B,M], places in the table, -1 after a line's last. languages: int64 [B], of
    :data:`LANGUAGES`.
    """

    features: NDArray[np.int32]
    languages: Places


class Reader:
    """Reads lines with a lexicon: the sorted entries of its terms."""

    def __init__(self, lexicon: Hashes) -> None:
        self._lexicon = lexicon
        # Most of what is looked up is no term: one bit of few bytes says so.
        self._may_be = np.zeros(1 << (64 - int(_FILTER)), np.bool_)
        self._may_be[_filtered(lexicon)] = True

    def __call__(self, lines: Sequence[str]) -> Read:
        """The features of `lines`, as they were written."""
        text = _Text(read(lines))
        languages = _languages(text, len(lines))
        found: list[tuple[Places, Places]] = [(np.arange(len(lines)), languages)]
        words = self._words(text, found)
        self._grams(text, found, words)
        self._faces(text, found)
        return Read(_padded(found, len(lines)), languages)

    def _words(self, text: _Text, found: list[tuple[Places, Places]]) -> Mask:
        """Words of letters and digits: each, each with the one after it, and what the lexicon says of them.

        Returns:
            Which characters are in one.
        """
        inside: Mask = (text.kinds == _LETTER) | (text.kinds == _DIGIT)
        edges = np.diff(np.concatenate(([0], inside.view(np.int8), [0])))
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        if not len(starts):
            return inside
        hashes, lines = text.hashed(starts, ends), text.line[starts]
        denied = np.zeros(len(starts), np.bool_)
        denials = np.isin(hashes, _DENIAL_HASHES)
        for after in range(1, _NEGATED_FOR + 1):
            denied[after:] |= denials[:-after] & (lines[after:] == lines[:-after])
        found.append((lines, _place(hashes + _DENIED * denied, _WORD)))
        next_to = lines[1:] == lines[:-1]
        pairs = (hashes[:-1] * np.uint64(3) + hashes[1:])[next_to]
        found.append((lines[1:][next_to], _place(pairs, _PAIR)))
        self._look_up(found, lines, hashes, denied)
        return inside

    def _grams(self, text: _Text, found: list[tuple[Places, Places]], words: Mask) -> None:
        """N-grams of characters: those that are no part of a word, and of words those of four."""
        count = len(text.codes)
        spaces = np.concatenate(([0], np.cumsum(text.kinds == _SPACE)))
        others = np.concatenate(([0], np.cumsum(~words)))
        terms: list[tuple[int, Places, Places]] = []
        for size in range(1, LONGEST_TERM + 1):
            starts = np.arange(max(0, count - size + 1))
            whole = spaces[starts + size] == spaces[starts]
            mixed = whole & (others[starts + size] > others[starts])
            if size == _WORD_GRAM:
                inner = starts[whole & ~mixed]
                found.append((text.line[inner], _place(text.hashed(inner, inner + size), _PART)))
            starts = starts[mixed]
            hashes = text.hashed(starts, starts + size)
            if size in _GRAMS:
                found.append((text.line[starts], _place(hashes, size)))
            # A face is no term by parts of it; one character is an emoji.
            looked_up = starts if size == 1 else starts[kinds := text.kinds[starts] != _SYMBOL]
            found_at, terms_at = self._known(hashes if size == 1 else hashes[kinds])
            terms.append((size, looked_up[found_at], terms_at))
        self._in_context(text, terms, found)

    def _faces(self, text: _Text, found: list[tuple[Places, Places]]) -> None:
        """Faces of several characters: what stands between spaces, and what stands between letters."""
        for inside in (text.kinds != _SPACE, text.kinds == _SYMBOL):
            edges = np.diff(np.concatenate(([0], inside.view(np.int8), [0])))
            starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
            fits = (ends - starts > 1) & (ends - starts <= _LONGEST_FACE)
            if inside is not None and len(starts):
                symbols = np.concatenate(([0], np.cumsum(text.kinds == _SYMBOL)))
                fits &= symbols[ends] > symbols[starts]
            starts, ends = starts[fits], ends[fits]
            hashes = text.hashed(starts, ends)
            self._look_up(found, text.line[starts], hashes, np.zeros(len(starts), np.bool_))

    def _in_context(
        self,
        text: _Text,
        terms: Sequence[tuple[int, Places, Places]],
        found: list[tuple[Places, Places]],
    ) -> None:
        """Terms of Chinese and emoji, of several at one place the longest, and how each stands in its line.

        terms: by their size, shortest first: size, where they begin, their numbers in the lexicon.
        """
        count = len(text.codes)
        covered = np.zeros(count + 1, np.int64)
        kept: list[tuple[Places, Places, Places]] = []
        for size, begin, number in reversed(terms):
            free = covered[begin + size] == covered[begin]
            starts, numbers = begin[free], number[free]
            apart = np.diff(starts, append=count + size) >= size  # 也不错: not 也不, but 不错
            starts, numbers = starts[apart], numbers[apart]
            inside = np.zeros(count + 1, np.int64)
            inside[(starts[:, None] + np.arange(1, size + 1)).ravel()] = 1
            inside[1:] |= np.diff(covered)
            covered = np.cumsum(inside)
            kept.append((starts, starts + size, numbers))
        starts, ends, numbers = map(np.concatenate, zip(*kept, strict=True))
        denials = np.isin(text.codes, _DENIAL_CODES)
        free = np.diff(covered) == 0
        stops = (text.kinds == _SYMBOL) | (text.kinds == _SPACE)
        valued = (self._lexicon[numbers] & _VALUED).astype(np.bool_)
        starts, ends, numbers = starts[valued], ends[valued], numbers[valued]
        free[ends - 1] |= denials[ends - 1]  # 都没 says something, and denies what follows
        stops[ends - 1] = ~denials[ends - 1]
        stop = _latest(stops)
        denial = _latest(free & denials)[starts]
        degree = _latest(free & np.isin(text.codes, _DEGREE_CODES))[starts]
        turn = _latest(np.isin(text.codes, _TURN_CODES))[starts]
        line = _latest(text.codes == 0x0A)[starts]
        denied = (denial > stop[starts]) & (starts - denial <= _DENIES_FOR)
        heavy = (degree > stop[starts]) & (starts - degree <= _DEGREE_FOR) | (turn > line)
        found.append((text.line[starts], self._places(numbers, denied, heavy)))

    def _look_up(
        self, found: list[tuple[Places, Places]], lines: Places, hashes: Hashes, denied: Mask
    ) -> None:
        at, numbers = self._known(hashes)
        found.append((lines[at], self._places(numbers, denied[at], np.zeros(len(at), np.bool_))))

    def _known(self, hashes: Hashes) -> tuple[Places, Places]:
        """Which of the hashes are terms, and their numbers in the lexicon."""
        entries = hashes << _VALUED
        at = np.flatnonzero(self._may_be[_filtered(entries)])
        entries = entries[at]
        numbers = np.searchsorted(self._lexicon, entries)
        known = numbers < len(self._lexicon)
        known[known] = self._lexicon[numbers[known]] & ~_VALUED == entries[known]
        return at[known], numbers[known]

    def _places(self, numbers: Places, denied: Mask, heavy: Mask) -> Places:
        return len(LANGUAGES) + HASHED + numbers + len(self._lexicon) * (denied + 2 * heavy)


def _filtered(entries: Hashes) -> Hashes:
    found: Hashes = ((entries >> _VALUED) * _MIX) >> _FILTER
    return found


def _latest(marked: Mask) -> Places:
    """[N+1]: the last marked place before each; -1 where there is none."""
    last = np.where(marked, np.arange(len(marked)), -1)
    return np.concatenate(([-1], np.maximum.accumulate(last)))


def rows(terms: int) -> int:
    """Of the table, with so many terms in the lexicon."""
    return len(LANGUAGES) + HASHED + len(VARIANTS) * terms


def _place(hashes: Hashes, kind: int) -> Places:
    """Of n-grams in the table; kinds that must not be mistaken for each other have different numbers."""
    mixed = (hashes ^ (hashes >> np.uint64(31))) * _MIX + np.uint64(kind)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
    return len(LANGUAGES) + (mixed >> np.uint64(45)).astype(np.int64)


def _languages(text: _Text, count: int) -> Places:
    """By what is written: Chinese where a character stands against two words, which are of English then."""

    def of(kind: int) -> Places:
        return np.bincount(text.line[text.kinds == kind], minlength=count)[:count]

    letters = text.kinds == _LETTER
    first = letters & ~np.concatenate(([False], letters[:-1]))
    words = np.bincount(text.line[first], minlength=count)[:count]
    han, other = of(_HAN), of(_OTHER_WIDE)
    chinese = (han > other) & (2 * han >= words)
    english = ~chinese & (words > 0) & (words > other)
    return np.where(chinese, 1, np.where(english, 2, 0))


def _padded(found: Sequence[tuple[Places, Places]], count: int) -> NDArray[np.int32]:
    lines = np.concatenate([line for line, _ in found])
    places = np.concatenate([place for _, place in found])
    order = np.argsort(lines, kind="stable")
    lines, places = lines[order], places[order]
    counts = np.bincount(lines, minlength=count)
    column = np.arange(len(lines)) - np.repeat(np.cumsum(counts) - counts, counts)
    most = min(int(counts.max(initial=1)), LONGEST)
    padded = np.full((count, -(-most // STEP) * STEP), PADDING, np.int32)
    kept = column < LONGEST
    padded[lines[kept], column[kept]] = places[kept]
    return padded
