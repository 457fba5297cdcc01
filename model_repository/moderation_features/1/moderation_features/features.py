"""What a line looks like to the head: hashed n-grams of several ways to read it.

| channel | reads | n-grams of |
|---|---|---|
| 0 | characters, letters without spaces | 1 to 3, of letters 3 to 5 |
| 1 | words of letters | the word, its consonants, its letters in any order; two words |
| 2 | sounds: syllables without tones, alike ones the same | 1 to 3 |
| 3 | first letters of syllables | 3 to 5 |
| 4 | the part of each character that says its sound, beside others or their characters | 2 to 3 |
| 5 | two and three neighbors in any order | 2, 3 |
"""

import re

import numpy as np
import numpy.typing as npt

from moderation_features.canonical import Canonical, Ints, Plain, is_digit, is_hanzi, is_letter
from moderation_features.joins import Joins
from moderation_features.ngrams import (
    Found,
    arrange,
    bucket,
    chosen,
    crossed,
    in_any_order,
    pairs,
    rows,
    within,
)
from moderation_features.rules import rules
from moderation_features.words import Word, Words

Floats = npt.NDArray[np.float32]

_PINYIN_LINE = 0.8
"""Share of the letters of a line without Chinese that may be pinyin, from which on they are read as such."""
_LETTERS = re.compile("[a-z]+")
_RETROFLEX = np.isin(np.arange(128), [ord(letter) for letter in "zcs"])


class Features:
    """Turns lines into buckets, by the tables of `exporters/moderation/tables.py`."""

    def __init__(self, tables: dict[str, npt.NDArray[np.generic]]) -> None:
        self._canonical = Canonical(tables)
        self._joins = Joins(tables)
        self._syllable = np.asarray(tables["syllable"], np.int32)
        self._initial = np.asarray(tables["initial"], np.int32)
        self._sounding = np.asarray(tables["sounding"], np.int32)
        names = [str(name) for name in tables["typed_names"]]
        numbers = np.asarray(tables["typed_numbers"]).tolist()
        costs = np.asarray(tables["typed_costs"]).tolist()
        self._words = Words(dict(zip(names, zip(numbers, costs, strict=True), strict=True)))

    def plain(self, lines: list[str]) -> Plain:
        """The plain characters of lines."""
        return self._joins(self.unjoined(lines))

    def unjoined(self, lines: list[str]) -> Plain:
        """The same, characters that were written apart still apart."""
        return self._canonical.plain(*self._canonical.read(lines))

    def __call__(self, lines: list[str]) -> Ints:
        """The buckets int32 [lines,windows,n] of lines, 0 where there are fewer."""
        return self._features(self.plain(lines), len(lines))

    def with_rules(self, lines: list[str]) -> tuple[Ints, Floats]:
        """The buckets, and what rules say: float32 [lines,2]."""
        codes, line = self._canonical.read(lines)
        ends = np.cumsum(np.bincount(line, minlength=len(lines)))
        text = codes.astype("<u4").tobytes().decode("utf-32-le", "replace")
        read = [text[begin:end] for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)]
        plain = self._joins(self._canonical.plain(codes, line))
        return self._features(plain, len(lines)), rules(read, codes, line)

    def _features(self, plain: Plain, count: int) -> Ints:
        found = [*_characters(plain), *self._read(plain), *self._shapes(plain)]
        return arrange(found, plain.line, count)

    def _read(self, plain: Plain) -> list[Found]:
        """Channels 1 to 3: words, sounds and first letters."""
        hanzi = np.flatnonzero(is_hanzi(plain.codes) | is_digit(plain.codes))
        place, syllable, initial = (
            hanzi,
            self._syllable[plain.codes[hanzi]],
            self._initial[plain.codes[hanzi]],
        )
        letters = is_letter(plain.codes)
        if not letters.any():
            return [*_sounds(plain, place, syllable), *_first_letters(plain, place, initial)]
        words = self._words_of(plain, letters)
        typed = [unit for start, word, chinese in words for unit in _units(start, word, chinese)]
        added = np.array(typed, np.int32).reshape(-1, 3)
        place = np.concatenate((place, added[:, 0]))
        order = np.argsort(place, kind="stable")
        place = place[order]
        syllable = np.concatenate((syllable, added[:, 1]))[order]
        initial = np.concatenate((initial, added[:, 2]))[order]
        return [
            *_words(plain, words),
            *_sounds(plain, place, syllable),
            *_first_letters(plain, place, initial),
        ]

    def _words_of(self, plain: Plain, letters: npt.NDArray[np.bool_]) -> list[tuple[int, Word, bool]]:
        """Words of letters: where they begin, and whether they are part of something Chinese."""
        text = np.where(letters, plain.codes, 32).astype("<u4")
        # A space before every word, so that one expression finds them all.
        spread = np.insert(text, np.flatnonzero(letters & ~plain.glued), 32).tobytes().decode("utf-32-le")
        known = self._words
        found = [
            (match.start() - before - 1, known[match.group()])
            for before, match in enumerate(_LETTERS.finditer(spread))
        ]
        line = plain.line[np.array([start for start, _ in found], np.int64)]
        count = int(plain.line[-1]) + 1
        lengths = np.array([word.length for _, word in found])
        every = np.bincount(line, lengths, minlength=count)
        pinyin = np.bincount(line, lengths * np.array([word.is_pinyin for _, word in found]), minlength=count)
        chinese = (np.bincount(plain.line[is_hanzi(plain.codes)], minlength=count) > 0) | (
            pinyin >= _PINYIN_LINE * every
        )
        return [
            (start, word, inside) for (start, word), inside in zip(found, chinese[line].tolist(), strict=True)
        ]

    def _shapes(self, plain: Plain) -> list[Found]:
        """Channels 4 and 5."""
        hanzi = np.flatnonzero(is_hanzi(plain.codes)).astype(np.int32)
        codes, line = plain.codes[hanzi], plain.line[hanzi]
        two, three = within(line, 2), within(line, 3)
        sounding = self._sounding[codes]
        _, by_two, by_three = rows(sounding, 3)
        return [
            chosen(by_two, two, line, hanzi, 4),
            chosen(crossed(codes, sounding), two, line, hanzi, 4),
            chosen(crossed(sounding, codes), two, line, hanzi, 4),
            chosen(by_three, three, line, hanzi, 4),
            chosen(in_any_order(codes, 2), two, line, hanzi, 5),
            chosen(in_any_order(codes, 3), three, line, hanzi, 5),
        ]


def _units(start: int, word: Word, chinese: bool) -> list[tuple[int, int, int]]:
    """What of a word is said in Chinese: place, number of the syllable (0: unknown) and first letter."""
    if chinese and word.syllables:
        return [(start + begin, number, first) for number, first, begin in word.syllables]
    if word.initials or (chinese and word.length == 1):
        return [(start + offset, 0, letter) for offset, letter in enumerate(word.letters)]
    return []


def _characters(plain: Plain) -> list[Found]:
    letter = is_letter(plain.codes) | is_digit(plain.codes)
    place = np.arange(len(plain.codes), dtype=np.int32)
    before = np.concatenate(([0], np.cumsum(letter)))
    found = []
    for length, hashed in enumerate(rows(plain.codes, 5), 1):
        latin = before[length:] - before[: len(before) - length] if len(hashed) else before[:0]
        kinds = latin == length if length > 3 else (latin < length) | (length == 3)
        found.append(chosen(hashed, within(plain.line, length) & kinds, plain.line, place, 0))
    return found


def _words(plain: Plain, words: list[tuple[int, Word, bool]]) -> list[Found]:
    hashes = np.array([word.hashes for _, word, _ in words], np.uint32)
    place = np.array([start for start, _, _ in words], np.int32)
    line = plain.line[place]
    single = [Found(bucket(hashes[:, kind], 1), line, place) for kind in range(3)]
    return [*single, chosen(pairs(hashes[:, 0]), within(line, 2), line, place, 1)]


def _sounds(plain: Plain, place: npt.NDArray[np.int64], syllable: Ints) -> list[Found]:
    known = syllable > 0
    at = place[known].astype(np.int32)
    line = plain.line[at]
    return [
        chosen(hashed, within(line, length), line, at, 2)
        for length, hashed in enumerate(rows(syllable[known], 3), 1)
    ]


def _first_letters(plain: Plain, place: npt.NDArray[np.int64], initial: Ints) -> list[Found]:
    kept = initial > 0
    # "zh", "ch" and "sh" are z, c and s, whoever wrote them out.
    kept[1:] &= ~((initial[1:] == ord("h")) & _RETROFLEX[initial[:-1]])
    at = place[kept].astype(np.int32)
    line = plain.line[at]
    lengths = list(enumerate(rows(initial[kept], 5), 1))[2:]
    return [chosen(hashed, within(line, length), line, at, 3) for length, hashed in lengths]
