"""Which language a sentence is in: it decides how its numbers are read."""

from __future__ import annotations

import re
from typing import Literal

from tts.cleaning import HAN
from tts.spans import Text

Language = Literal["zh", "en"]

_SENTENCE = re.compile(
    r"[。！？!?；;…\n]+[\"')]*|(?<=[a-z\d)'\"])(?<!\b[A-Z])(?<!Dr)(?<!Mr)(?<!Ms)(?<!Mrs)(?<!vs)(?<!No)(?<!Prof)(?<!e\.g)(?<!i\.e)\.+[\"')]*(?=\s|$)"
)
_HAN = re.compile(f"[{HAN}]")
_PLAIN_WORD = re.compile(r"(?<![A-Za-z])[A-Za-z]?[a-z]{1,20}(?![A-Za-z])")
"""A word, not a name with capitals inside or all in capitals."""
_UNITS = re.compile(r"(?<=\d)\s?[a-z]{1,3}(?![a-z])")


def sentences(text: Text) -> list[Text]:
    """The sentences of a text, each with the marks that end it."""
    return text.split(
        [match.end() for match in _SENTENCE.finditer(text.characters) if match.end() < len(text)]
    )


def language_of(text: str, default: Language) -> Language:
    """What a sentence is written in, by its characters and words; `default` where it has neither."""
    han = len(_HAN.findall(text))
    words = [word for word in _PLAIN_WORD.findall(_UNITS.sub(" ", text)) if word[0].islower()]
    latin = len(re.findall(r"[A-Za-z]{2,}", text))
    if not han and not latin:
        return default
    if not han:
        return "en"
    return "zh" if han >= len(words) else "en"
