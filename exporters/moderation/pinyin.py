"""How characters sound: syllables without tones, and what speakers and input methods take for the same."""

import json
import unicodedata
from pathlib import Path

INITIALS = (
    "zh",
    "ch",
    "sh",
    "b",
    "p",
    "m",
    "f",
    "d",
    "t",
    "n",
    "l",
    "g",
    "k",
    "h",
    "j",
    "q",
    "x",
    "r",
    "z",
    "c",
    "s",
    "y",
    "w",
)
"""Beginnings of syllables as they are written, longest first."""

# What dialects do not tell apart, and writers of homophones therefore put for each other.
FUZZY_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "l": "n"}
FUZZY_FINALS = {"ang": "an", "eng": "en", "ing": "in", "iang": "ian", "uang": "uan"}


def plain(syllable: str) -> str:
    """A syllable as it is typed: "lǜ" -> "lv", "hé" -> "he"."""
    letters = unicodedata.normalize("NFD", syllable.lower().replace("ü", "v").replace("ê", "e"))
    typed = letters.replace("u\u0308", "v")
    return "".join(letter for letter in typed if letter in "abcdefghijklmnopqrstuvwxyz")


def split(syllable: str) -> tuple[str, str]:
    """The beginning and the rest: "zhuang" -> ("zh", "uang"), "an" -> ("", "an")."""
    for initial in INITIALS:
        if syllable.startswith(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


def fuzzy(syllable: str) -> str:
    """What sounds alike becomes the same: "zhang" and "zan" are "zan"."""
    initial, final = split(syllable)
    return FUZZY_INITIALS.get(initial, initial) + FUZZY_FINALS.get(final, final)


def readings(path: Path) -> dict[int, str]:
    """The most usual reading of every character in pypinyin's table, as it is typed."""
    table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    typed = {int(code): plain(said.split(",")[0]) for code, said in table.items()}
    return {code: syllable for code, syllable in typed.items() if syllable}
