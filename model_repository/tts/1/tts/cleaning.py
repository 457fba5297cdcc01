"""What a text is made of: characters in one form, scripts that can be spoken, and signs that are no speech."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

from tts.spans import Text

LONGEST_TEXT = 4096
"""Bytes of UTF-8 that one request may have; longer ones are sent as several."""
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff〇々"
FIRST_MARK, LAST_MARK = "\ue000", "\uf8ff"
"""Private characters: each stands for phonemes that were given, or for a pause."""

_EQUAL = {
    "‘": "'", "’": "'", "ʼ": "'", "＇": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "「": '"',
    "」": '"', "『": '"', "』": '"', "《": '"', "》": '"', "〈": '"', "〉": '"', "【": "(", "】": ")", "〔": "(", "〕": ")",
    "‐": "-", "‑": "-", "‒": "–", "―": "—", "﹣": "-", "－": "-", "〜": "～", "﹑": "、", "．": ".", "｡": "。", "､": "、",
    "⋯": "…", "⁄": "/", "∶": ":", "•": "、", "·": " ", "・": " ", "\t": " ", "\u3000": " ", "\xa0": " ", "÷": "÷",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "π": "pi", "σ": "sigma",
    "φ": "phi", "ω": "omega", "Ω": "ohm", "Δ": "delta", "Σ": "sigma",
}  # fmt: skip
_KEPT_SIGNS = set("%％‰$€£¥￥₩₹+=×÷°℃℉㎡²³#&@~～^<>|−±µμ")


class Unspeakable(ValueError):  # noqa: N818 - says what is wrong, as refusals do
    """A text that cannot be said, and why."""


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def cleaned(text: Text) -> Text:
    """Full-width letters as plain ones, traditional characters as simplified ones, no emoji or control characters.

    Raises:
        Unspeakable: letters of a script that is neither Chinese nor English.
    """
    characters: list[str] = []
    spans = []
    for character, span in zip(text.characters, text.spans, strict=True):
        said = _character(character)
        characters.append(said)
        spans += [span] * len(said)
    result = "".join(characters)
    simplified = _simplifier().convert(result)
    return Text(simplified if len(simplified) == len(result) else result, tuple(spans))


def _character(character: str) -> str:  # noqa: PLR0911 - a kind of character each
    """What stands for one character of a text: usually itself, or nothing."""
    if (
        FIRST_MARK <= character <= LAST_MARK
        or character == "\n"
        or (character.isascii() and character.isprintable())
    ):
        return character
    if character in _EQUAL or character in _KEPT_SIGNS:
        return _EQUAL.get(character, character)
    if character in _GREEK or character.lower() in _GREEK:
        return f" {_GREEK.get(character) or _GREEK[character.lower()]} "
    if re.match(rf"[{HAN}，。！？；：、…—～（）]", character):
        return {"（": "(", "）": ")"}.get(character, character)
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    if plain and all(c.isascii() and c.isprintable() for c in plain):
        return plain
    kind = unicodedata.category(character)
    if kind[0] == "L" and not unicodedata.name(character, "").startswith("MODIFIER"):
        script = unicodedata.name(character, "unnamed").split()[0].capitalize()
        raise Unspeakable(
            f"text has {character!r} ({script}): tts speaks Chinese and English; leave it out, or say how it "
            "sounds in the lexicon or by <sub alias=...>"
        )
    if kind[0] == "N" and (value := unicodedata.numeric(character, -1)) == int(value) >= 0:
        return f"{int(value)}"
    if kind in ("Zl", "Zp"):
        return "\n"
    if kind == "Zs":
        return " "
    return "," if kind[0] == "P" else ""
