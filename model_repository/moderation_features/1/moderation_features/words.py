"""Words of letters: what they are, and whether they are pinyin, written out or by initials."""

from dataclasses import dataclass
from zlib import crc32

LONGEST_RUN = 400
"""Letters in one piece that are looked at; nobody's word or line of pinyin is longer."""
_LONGEST_SYLLABLE = 6
_CACHED = 200_000
_VOWELS = frozenset("aeiouv")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, as numbers: what the features are made of.

    hashes: of the word, of its consonants, of its letters in any order between the first and the last.
    syllables: number and first letter of each, and where it begins; () where it can't be pinyin.
    initials: whether it may be the first letters of syllables.
    """

    letters: bytes
    hashes: tuple[int, int, int]
    syllables: tuple[tuple[int, int, int], ...]
    initials: bool

    @property
    def length(self) -> int:
        """How many letters it has."""
        return len(self.letters)

    @property
    def is_pinyin(self) -> bool:
        """Whether it may be, in whichever way."""
        return bool(self.syllables) or self.initials


class Words:
    """Looks words up, and keeps what it found."""

    def __init__(self, typed: dict[str, tuple[int, float]]) -> None:
        self._typed = typed
        self._known: dict[str, Word] = {}

    def __getitem__(self, text: str) -> Word:
        word = self._known.get(text)
        if word is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            word = self._known[text] = self._look(text)
        return word

    def _look(self, text: str) -> Word:
        consonants = text[0] + "".join(letter for letter in text[1:] if letter not in _VOWELS)
        shuffled = text[0] + "".join(sorted(text[1:-1])) + text[-1:]
        hashes = (crc32(text.encode()), crc32(consonants.encode(), 1), crc32(shuffled.encode(), 2))
        vowels = sum(letter in _VOWELS for letter in text)
        syllables = self._syllables(text) if len(text) <= LONGEST_RUN else ()
        return Word(text.encode(), hashes, syllables, not syllables and vowels <= 0.3 * len(text))

    def _syllables(self, text: str) -> tuple[tuple[int, int, int], ...]:
        """The likeliest way to read all of it as pinyin; () if there is none."""
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(text) + 1):
            ways = [
                (best[begin][0] + self._typed[text[begin:end]][1] + 1.0, begin)
                for begin in range(max(0, end - _LONGEST_SYLLABLE), end)
                if text[begin:end] in self._typed
            ]
            best.append(min(ways, default=(float("inf"), end)))
        if best[-1][0] == float("inf"):
            return ()
        found = []
        end = len(text)
        while end:
            begin = best[end][1]
            found.append((self._typed[text[begin:end]][0], ord(text[begin]), begin))
            end = begin
        return tuple(reversed(found))
