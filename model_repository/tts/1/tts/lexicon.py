"""How the user says words: a JSON object from words to readings, which come before everything else."""

from __future__ import annotations

import json
import re

from tts.cleaning import Unspeakable
from tts.markup import Script
from tts.pinyin import pinyin_phonemes
from tts.spans import Text

MOST_ENTRIES = 256
LONGEST_ENTRY = 200
"""Characters of a word, and of a reading."""
LONGEST_LEXICON = 32 * 1024
"""Bytes."""
_PINYIN = re.compile(r"(?:[a-zü:]{1,7}[1-5](?:[\s']+|$))+", re.IGNORECASE)
_HAN = re.compile("[\u3400-\u9fff]")
_FROM_IPA = (
    ("t͡ʃ", "ʧ"), ("d͡ʒ", "ʤ"), ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("eɪ", "A"), ("aɪ", "I"), ("oʊ", "O"), ("əʊ", "O"), ("aʊ", "W"), ("ɔɪ", "Y"),
    ("ɝ", "ɜɹ"), ("ɚ", "əɹ"), ("r", "ɹ"), ("g", "ɡ"), ("'", "ˈ"), ("ʲ", ""), ("‿", ""), (".", ""), ("ɫ", "l"), ("t͡s", "ʦ"), ("t͡ɕ", "ʨ"), ("ɐ̯", "ə"),
)  # fmt: skip
PHONEMES = frozenset(
    "AIOQSTWYabcdefhijklmnopqrstuvwxyzæçðøŋœɐɑɒɔɕɖəɛɜɟɡɥɨɪɯɰɲɳɴɸɹɻɽɾʁʂʃʈʊʋʌʎʒʔʝʣʤʥʦʧʨᵊᵝᵻβθχɣɤꭧˈˌːʰʲ̃→↗↓↘ "
)
"""What Kokoro's vocabulary has but punctuation."""


def phonemes_of(ipa: str) -> str:
    """Kokoro's phonemes for a reading in IPA.

    Raises:
        Unspeakable: a sign is none that it knows.
    """
    said = ipa.strip().strip("/[]")
    for theirs, ours in _FROM_IPA:
        said = said.replace(theirs, ours)
    if unknown := sorted(set(said) - PHONEMES):
        raise Unspeakable(
            f"phonemes {ipa[:60]!r} have {unknown[0]!r}, which is none: expected IPA such as kəkˈɔːɹoʊ"
        )
    if not said.strip("ˈˌ ː"):
        raise Unspeakable(f"phonemes {ipa[:60]!r} are none: expected IPA such as kəkˈɔːɹoʊ")
    return said


def pinyin_of(pinyin: str) -> str:
    """Kokoro's phonemes for syllables such as "chong2 qing4".

    Raises:
        Unspeakable: one is no syllable.
    """
    try:
        return "".join(pinyin_phonemes(syllable) for syllable in re.split(r"[\s']+", pinyin.strip()))
    except ValueError as error:
        raise Unspeakable(f"pinyin {pinyin[:60]!r}: {error}") from None


class Lexicon:
    """Words and how they are said.

    Args:
        text: JSON, {"重庆": "chong2 qing4", "Kokoro": "/kəkˈɔɹO/", "GIF": "jiff"}: pinyin with figures for tones, IPA
            between slashes, or other words to say instead. Empty for none.

    Raises:
        Unspeakable: it is something else, or too long.
    """

    def __init__(self, text: str) -> None:
        self._readings: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        if not text.strip():
            return
        if len(text.encode()) > LONGEST_LEXICON:
            raise Unspeakable(f"lexicon has {len(text.encode())} bytes: at most {LONGEST_LEXICON}")
        try:
            entries = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unspeakable(f'lexicon is not JSON ({error}): expected {{"重庆": "chong2 qing4"}}') from None
        if not isinstance(entries, dict) or len(entries) > MOST_ENTRIES:
            raise Unspeakable(f"lexicon is no object of at most {MOST_ENTRIES} words and readings")
        for word, reading in entries.items():
            self._add(word, reading)
        words = sorted(self._readings, key=len, reverse=True)
        if words:
            self._pattern = re.compile("|".join(map(_whole, words)), re.IGNORECASE)

    def _add(self, word: str, reading: object) -> None:
        key = _straight(word).strip().lower()
        if not key or not isinstance(reading, str) or not reading.strip():
            raise Unspeakable(
                f"lexicon entry {word[:40]!r}: {str(reading)[:40]!r} is no reading: expected text"
            )
        if max(len(word), len(reading)) > LONGEST_ENTRY:
            raise Unspeakable(f"lexicon entry {word[:40]!r} has more than {LONGEST_ENTRY} characters")
        self._readings[key] = _straight(reading).strip()
        self.sound_of(key)  # refused now, not in the middle of a text

    def sound_of(self, key: str) -> tuple[str, bool]:
        """What is said for a word, and whether that is phonemes."""
        reading = self._readings[key]
        if len(reading) > 2 and reading[0] == reading[-1] == "/":
            return phonemes_of(reading), True
        if _PINYIN.fullmatch(reading) and (_HAN.search(key) or " " in reading):
            return pinyin_of(reading), True
        return reading, False

    def applied(self, text: Text, script: Script) -> Text:
        """A text with its words said as they are here."""
        if self._pattern is None:
            return text

        def said(match: re.Match[str]) -> str:
            sound, is_phonemes = self.sound_of(match[0].lower())
            return script.mark(sound) if is_phonemes else sound

        straight = Text(_straight(text.characters), text.spans)
        return straight.sub(self._pattern, said)


def _straight(text: str) -> str:
    """Curly apostrophes as straight ones, a character for a character."""
    return text.replace("’", "'").replace("‘", "'").replace("ʼ", "'")


def _whole(word: str) -> str:
    """A word of letters only where it is not part of a longer one."""
    pattern = re.escape(word)
    before = r"(?<![a-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = r"(?![a-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return before + pattern + after
