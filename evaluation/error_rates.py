"""Word and character error rates, on texts brought to one form so that only what was heard counts."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Protocol

from rapidfuzz.distance import Levenshtein

_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_TITLES = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint"}
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_BY_CHARACTER = ("zh", "yue", "ja", "th", "lo", "my")
"""Whisper's codes of languages that are written without spaces between words: their rate is of characters."""


def tokens(text: str, language: str, *, one_script: bool = True) -> list[str]:
    """The words of a text, or its characters where words are not separated by spaces.

    Case, punctuation and width do not count; English numbers to ten and titles are spelt out; Chinese
    digits are written as characters and, where `one_script`, traditional characters as simplified ones.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if language in _BY_CHARACTER:
        if language in ("zh", "yue"):
            folded = (_simplify(folded) if one_script else folded).translate(_DIGITS)
        return [character for character in folded if unicodedata.category(character)[0] in "LMN"]
    heard = (character for character in folded if character not in "'’")
    words = "".join(
        character if unicodedata.category(character)[0] in "LMN" else " " for character in heard
    ).split()
    return [_spell(word) for word in words] if language == "en" else words


def error_rate(pairs: Iterable[tuple[str, str]], language: str, *, one_script: bool = True) -> float:
    """Edits per token of the references, over all ``(reference, hypothesis)`` pairs together; may exceed 1.

    Raises:
        ValueError: the references hold no words.
    """
    edits = total = 0
    for reference, hypothesis in pairs:
        wanted = tokens(reference, language, one_script=one_script)
        edits += Levenshtein.distance(wanted, tokens(hypothesis, language, one_script=one_script))
        total += len(wanted)
    if total == 0:
        raise ValueError("an error rate needs references with words in them")
    return edits / total


def _spell(word: str) -> str:
    if word.isdecimal() and int(word) < len(_NUMBERS):
        return _NUMBERS[int(word)]
    return _TITLES.get(word, word)


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _simplifier() -> _Converter:
    """OpenCC from traditional to simplified: loaded, dictionaries and all, for Chinese only."""
    converter: _Converter = import_module("opencc").OpenCC("t2s")
    return converter


def _simplify(text: str) -> str:
    return _simplifier().convert(text)
