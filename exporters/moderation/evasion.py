"""How people write so that filters don't see it: lines for training, in every kind, at any strength."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import opencc

from exporters.moderation import pinyin, shapes
from exporters.moderation.emoji import EMOJI
from exporters.moderation.tables import common_characters

_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e"
_COMBINING = "\u0301\u0300\u0308\u0336\u0335\u0338\u20dd\u0332\u0489\u034f"
_MARKS = list(" .·-_*~/|,，。、…+=^'`")
_LEET = {
    "a": "4@",
    "b": "8",
    "e": "3",
    "g": "69",
    "i": "1!",
    "l": "1|",
    "o": "0",
    "s": "5$",
    "t": "7+",
    "z": "2",
}
_LOOKS = {
    "a": "аαᴀáɑ", "b": "ЬВв", "c": "сϲ", "d": "ԁ", "e": "еɛé", "f": "ғ", "g": "ɡ", "h": "һн", "i": "іɪí", "j": "ј", "k": "кκ", "l": "ӏɩ",
    "m": "м", "n": "пո", "o": "оοօ", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "t": "тτ", "u": "υս", "v": "ѵν", "w": "ԝ", "x": "хχ", "y": "уү", "z": "ᴢ",
}  # fmt: skip


@dataclass(frozen=True)
class Evasion:
    """The kinds, by name: each takes a line, how much of it to change (0 to 1) and a source of chance."""

    kinds: Mapping[str, Callable[[str, float, random.Random], str]]

    def __call__(self, text: str, kind: str, strength: float, chance: random.Random) -> str:
        """A line written in one kind."""
        return self.kinds[kind](text, strength, chance)


def _hanzi(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _chosen(text: str, strength: float, chance: random.Random) -> list[bool]:
    """Which characters to change: pieces of one to four, about `strength` of all."""
    chosen = [False] * len(text)
    if strength >= 1:
        return [True] * len(text)
    place = 0
    while place < len(text):
        length = chance.randint(1, 4)
        if chance.random() < strength:
            chosen[place : place + length] = [True] * len(chosen[place : place + length])
        place += length
    return chosen


def _each(
    change: Callable[[str, random.Random], str], between: str = ""
) -> Callable[[str, float, random.Random], str]:
    def write(text: str, strength: float, chance: random.Random) -> str:
        chosen = _chosen(text, strength, chance)
        joined = chance.choice(["", between]) if between else ""
        written = []
        for index, character in enumerate(text):
            new = change(character, chance) if chosen[index] else character
            written.append(new + joined if new != character and chosen[index] else new)
        return "".join(written)

    return write


def _fullwidth(character: str, chance: random.Random) -> str:
    return chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character


def _zero_width(character: str, chance: random.Random) -> str:
    return character + chance.choice(_ZERO_WIDTH)


def _combining(character: str, chance: random.Random) -> str:
    return character + "".join(chance.choice(_COMBINING) for _ in range(chance.randint(1, 2)))


def _leet(character: str, chance: random.Random) -> str:
    return chance.choice(_LEET[character.lower()]) if character.lower() in _LEET else character


def _look_alike(character: str, chance: random.Random) -> str:
    return chance.choice(_LOOKS[character.lower()]) if character.lower() in _LOOKS else character


def _spaced(text: str, strength: float, chance: random.Random) -> str:
    mark = chance.choice([*_MARKS, " ", " ", "  "])
    chosen = _chosen(text, strength, chance)
    return "".join(character + (mark if chosen[index] else "") for index, character in enumerate(text))


def _swapped(text: str, strength: float, chance: random.Random) -> str:
    letters = list(text)
    place = 0
    while place < len(letters) - 1:
        a, b = letters[place], letters[place + 1]
        first = place == 0 or not letters[place - 1].isalpha()
        if (
            a.isalpha()
            and b.isalpha()
            and chance.random() < strength
            and not (a.isascii() and first and chance.random() < 0.7)
        ):
            letters[place], letters[place + 1] = b, a
            place += 1
        place += 1
    return "".join(letters)


def _masked(text: str, strength: float, chance: random.Random) -> str:
    """Vowels are stars, or doubled, or gone."""
    way = chance.choice(["star", "double", "gone"])
    written = []
    for character in text:
        if character in "aeiouAEIOU" and chance.random() < strength:
            written.append({"star": "*", "double": character * chance.randint(2, 4), "gone": ""}[way])
        else:
            written.append(character)
    return "".join(written)


def build(readings: Mapping[int, str], decompositions: shapes.Parts) -> Evasion:
    """All kinds; those for Chinese by tables of sounds and shapes."""
    common = common_characters()
    alike: dict[str, list[str]] = {}
    close: dict[str, list[str]] = {}
    families: dict[str, list[str]] = {}
    for code in common:
        if code in readings:
            alike.setdefault(readings[code], []).append(chr(code))
            close.setdefault(pinyin.fuzzy(readings[code]), []).append(chr(code))
        families.setdefault(shapes.sounding(chr(code), decompositions), []).append(chr(code))
    emoji: dict[str, list[str]] = {}
    for sign, word in EMOJI.items():
        emoji.setdefault(word, []).append(sign)
    traditional = opencc.OpenCC("s2t")

    def homophone(character: str, chance: random.Random) -> str:
        if not _hanzi(character) or ord(character) not in readings:
            return character
        said = readings[ord(character)]
        return chance.choice(
            alike.get(said, [character])
            if chance.random() < 0.8
            else close.get(pinyin.fuzzy(said), [character])
        )

    def in_full(character: str, chance: random.Random) -> str:
        return readings.get(ord(character), character) if _hanzi(character) else character

    def first_letter(character: str, chance: random.Random) -> str:
        return readings.get(ord(character), character)[0] if _hanzi(character) else character

    def apart(character: str, chance: random.Random) -> str:
        rows = sorted(shapes.written_apart(character, decompositions, depth=1)) if _hanzi(character) else []
        rows += sorted(shapes.written_apart(character, decompositions, depth=2)) if _hanzi(character) else []
        written = ["".join(row) for row in rows if all(map(_hanzi, row))]
        return chance.choice(written) if written else character

    def radical(character: str, chance: random.Random) -> str:
        if not _hanzi(character):
            return character
        kept = shapes.sounding(character, decompositions)
        others = families.get(kept, []) + families.get(character, [])
        if chance.random() < 0.3 or not others:
            return kept if _hanzi(kept) else character
        return chance.choice(others)

    def pictured(text: str, strength: float, chance: random.Random) -> str:
        for word in sorted(emoji, key=len, reverse=True):
            if word in text and chance.random() < max(strength, 0.3):
                text = text.replace(word, chance.choice(emoji[word]))
        return text

    def in_traditional(text: str, strength: float, chance: random.Random) -> str:
        return str(traditional.convert(text))

    return Evasion(
        {
            "fullwidth": _each(_fullwidth), "zero_width": _each(_zero_width), "combining": _each(_combining),
            "spaced": _spaced, "leet": _each(_leet), "look_alike": _each(_look_alike), "swapped": _swapped, "masked": _masked,
            "homophone": _each(homophone), "pinyin": _each(in_full, " "), "initials": _each(first_letter, " "),
            "split": _each(apart, " "), "radicals": _each(radical), "emoji": pictured, "traditional": in_traditional,
        }
    )  # fmt: skip


CHINESE = (
    "homophone",
    "pinyin",
    "initials",
    "split",
    "radicals",
    "emoji",
    "traditional",
    "swapped",
    "spaced",
    "zero_width",
    "combining",
    "fullwidth",
)
ENGLISH = ("leet", "look_alike", "swapped", "masked", "spaced", "zero_width", "combining", "fullwidth")
