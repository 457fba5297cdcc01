"""What was meant, whatever characters it was written in: a batch of lines as one array of plain characters.

Nothing of it is ever shown: it is what the features are made of.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

SPACE = 0x20
_JOINER = 0x200D
_SELECTOR = 0xFE0F
_TONES = 0x1F3FB, 0x1F3FF
_FLAG = 0x1F1E6
"""Regional indicator A: two of these are a flag."""

# Signs and digits for letters. A sign is one where letters are on both sides, or where it begins or ends a
# word as in "@ss" and "a$$"; what asks or exclaims is not.
_LEET = np.zeros(128, np.int32)
for _signs, _letters in (
    ("@4", "aa"),
    ("8", "b"),
    ("3", "e"),
    ("69", "gg"),
    ("1!|", "iii"),
    ("0", "o"),
    ("$5", "ss"),
    ("7+", "tt"),
    ("2", "z"),
):
    for _sign, _letter in zip(_signs, _letters, strict=True):
        _LEET[ord(_sign)] = ord(_letter)
_GLUE = np.zeros(128, np.bool_)
_GLUE[[ord(_sign) for _sign in "._-*~|'`^\\"]] = True


@dataclass(frozen=True)
class Plain:
    """Letters, digits and characters of a batch, one line after the other; what separated them is gone."""

    codes: Ints
    line: Ints
    glued: Mask
    """Whether it goes on with the word of letters that the one before belongs to."""
    spaced: Mask
    """Whether something that separates stood before it."""

    def keep(self, mask: Mask) -> "Plain":
        """Those of `mask` only."""
        return Plain(self.codes[mask], self.line[mask], self.glued[mask], self.spaced[mask])


def is_letter(codes: Ints) -> Mask:
    """a to z."""
    return (codes >= 97) & (codes <= 122)


def is_digit(codes: Ints) -> Mask:
    """0 to 9."""
    return (codes >= 48) & (codes <= 57)


def is_hanzi(codes: Ints) -> Mask:
    """Chinese characters, those of Japanese among them."""
    return ((codes >= 0x3400) & (codes <= 0x9FFF)) | (codes >= 0x20000)


class Canonical:
    """Tables of `exporters/moderation/tables.py`, applied to batches."""

    def __init__(self, tables: dict[str, npt.NDArray[np.generic]]) -> None:
        self._plain = np.asarray(tables["plain"], np.int32)
        self._expanded = np.asarray(tables["expanded"], np.int32)
        self._lengths = (self._expanded != 0).sum(1).astype(np.int32)
        self._flags = {(int(a), int(b)): int(row) for a, b, row in np.asarray(tables["flags"], np.int32)}

        self._quiet = np.zeros(len(self._plain) + 1, np.bool_)
        self._quiet[np.asarray(tables["quiet"], np.int32)] = True
        pairs = np.asarray(tables["joined"], np.int64)
        self._joined = np.sort(pairs[:, 0] << 20 | pairs[:, 1])

    def read(self, lines: list[str]) -> tuple[Ints, Ints]:
        """Lines in plain characters, with what separates them, one after the other; and the line of each."""
        codes = np.frombuffer("".join(lines).encode("utf-32-le", "surrogatepass"), np.int32)
        line = np.repeat(np.arange(len(lines), dtype=np.int32), [len(text) for text in lines])
        return self._map(codes, line)

    def plain(self, codes: Ints, line: Ints) -> Plain:
        """Of what was read the letters, digits and characters."""
        codes, line = _thrice(codes, line)
        return _words(_leet(codes, line), line)

    def _map(self, codes: Ints, line: Ints) -> tuple[Ints, Ints]:
        """Map every code point, and drop those that become nothing."""
        plain = self._plain[np.minimum(codes, len(self._plain) - 1)]
        if np.any(shown := self._quiet[np.minimum(codes, len(self._plain))]):
            beside = is_hanzi(codes)
            plain[shown & ~_before(beside, line) & ~_after(beside, line)] = SPACE
        if np.any(codes == _JOINER):
            plain[self._pictures(codes, line)] = SPACE
        flags = np.flatnonzero((codes >= _FLAG) & (codes < _FLAG + 26))
        taken = -1
        for first, second in zip(flags[:-1].tolist(), flags[1:].tolist(), strict=True):
            if second == first + 1 and first > taken and line[first] == line[second]:
                taken = second
                around = [at for at in (first - 1, second + 1) if 0 <= at < len(codes)]
                row = None
                if any(line[at] == line[first] and is_hanzi(codes[at : at + 1])[0] for at in around):
                    row = self._flags.get((int(codes[first]) - _FLAG, int(codes[second]) - _FLAG))
                plain[[first, second]] = (row, 0) if row is not None else (SPACE, 0)
        if np.any(several := plain < 0):
            rows = -1 - plain[several]
            counts = np.ones(len(plain), np.int32)
            counts[several] = self._lengths[rows]
            starts = np.cumsum(counts) - counts
            index = np.repeat(np.arange(len(plain)), counts)
            within = np.arange(len(index)) - starts[index]
            full, line = plain[index], line[index]
            inside = full < 0
            full[inside] = self._expanded[-1 - full[inside], within[inside]]
            plain = full
        kept = plain > 0
        return plain[kept], line[kept]

    def _pictures(self, codes: Ints, line: Ints) -> npt.NDArray[np.int64]:
        """The places of emoji that a joiner makes one picture of: a family is no row of words."""
        kept = np.flatnonzero((codes != _SELECTOR) & ((codes < _TONES[0]) | (codes > _TONES[1])))
        joiner = np.flatnonzero(codes[kept] == _JOINER)
        joiner = joiner[(joiner > 0) & (joiner < len(kept) - 1)]
        before, after = kept[joiner - 1], kept[joiner + 1]
        pair = codes[before].astype(np.int64) << 20 | codes[after]
        right = np.isin(pair, self._joined) & (line[before] == line[after])
        return np.concatenate((before[right], after[right]))


def _before(mask: Mask, line: Ints) -> Mask:
    """Whether the place before, of the same line, is in `mask`."""
    shifted = np.zeros_like(mask)
    shifted[1:] = mask[:-1] & (line[1:] == line[:-1])
    return shifted


def _after(mask: Mask, line: Ints) -> Mask:
    """Whether the place after, of the same line, is in `mask`."""
    shifted = np.zeros_like(mask)
    shifted[:-1] = mask[1:] & (line[1:] == line[:-1])
    return shifted


def _thrice(codes: Ints, line: Ints) -> tuple[Ints, Ints]:
    """Of a character repeated three times or more keep two."""
    again = np.zeros(len(codes), np.bool_)
    again[2:] = (codes[2:] == codes[1:-1]) & (codes[2:] == codes[:-2]) & (line[2:] == line[:-2])
    return codes[~again], line[~again]


def _leet(codes: Ints, line: Ints) -> Ints:
    """Letters for the signs and digits that stand for them inside words."""
    ascii_codes = np.minimum(codes, 127)
    letter, digit = is_letter(codes), is_digit(codes)
    like = (_LEET[ascii_codes] > 0) & ~letter & (codes < 128)
    wordlike = letter | like
    before, after = _before(letter, line), _after(letter, line)
    between = _before(wordlike, line) & _after(wordlike, line) & (before | after)
    sign = np.isin(codes, [ord("@"), ord("$")])
    # "a$$" and "as5": at the end of a word of two letters; "@ss", "5hit", but not "@name" or "3 pm".
    ends = sign & before | (codes == ord("$")) & _before(_before(letter, line) & sign, line)
    begins = (codes == ord("$")) & after
    change = like & (between | ends | begins) & ~(digit & ~(before & after) & ~between)
    return np.where(change, _LEET[ascii_codes], codes)


def _words(codes: Ints, line: Ints) -> Plain:
    """Drop what separates, and tell which letters are one word."""
    letter = is_letter(codes)
    kept = (
        letter
        | is_digit(codes)
        | is_hanzi(codes)
        | (codes >= 0xC0) & (codes != 0x3000) & _other_letters(codes)
    )
    index = np.flatnonzero(kept)
    previous = np.concatenate(([-1], index))[:-1]
    inside = np.zeros(len(index), np.bool_)
    inside[1:] = line[index[1:]] == line[index[:-1]]
    spaced = (index - previous > 1) | ~inside
    glue = np.zeros(len(codes), np.bool_)
    glue[codes < 128] = _GLUE[codes[codes < 128]]
    loose = np.cumsum(~(glue | kept))
    loose_between = np.where(inside, loose[index] - loose[np.maximum(previous, 0)], 1)
    latin = letter[index]
    both = np.zeros(len(index), np.bool_)
    both[1:] = latin[1:] & latin[:-1]
    glued = both & inside & (loose_between == 0)
    return Plain(codes[index], line[index], _spelled(glued, both & inside), spaced)


def _other_letters(codes: Ints) -> Mask:
    """Letters of other scripts, which are as good as any; symbols and punctuation are not."""
    return (
        ((codes >= 0xC0) & (codes < 0x2000))
        | ((codes >= 0x3040) & (codes < 0x3100))
        | ((codes >= 0xAC00) & (codes < 0xD7B0))
    )


def _spelled(glued: Mask, neighbors: Mask) -> Mask:
    """Join three or more letters that stand alone, one after the other: "f u c k"."""
    alone = ~glued & np.append(~glued[1:], True)
    run = np.zeros(len(glued), np.bool_)
    run[1:] = alone[1:] & alone[:-1] & neighbors[1:]
    middle = run & np.append(run[1:], False)
    joined = middle.copy()
    joined[1:] |= middle[:-1] & run[1:]
    whole: Mask = glued | joined
    return whole
