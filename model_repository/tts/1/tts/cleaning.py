"""What a text is made of: characters in one form, scripts that can be spoken, and signs that are no speech."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

from tts import signs
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
_KEPT_SIGNS = signs.KEPT | set("$€£¥￥₩₹°℃℉㎡²³~～^|−µμ–—")
_STROKES = "\u0338\u20d2"
"""What makes a sign the opposite of itself."""
_STRUCK = re.compile(f".[{_STROKES}]")
_GROUPS = re.compile(r"(?<!\d)\d+(?:[–—]\d+){2,}")
"""A telephone number or a date, whose dashes are hyphens."""
_OF_TWO = re.compile(rf"!={{1,2}}(?=\s?(?:{signs.OPERAND}))|(?<![<>=])[<>]=(?=\s?(?:{signs.OPERAND}))|\+/-")
_COMPARED = re.compile(
    rf"((?<=[^\W_])[<>](?={signs.OPERAND})|(?<=[\w)%°]\s)[<>](?=\s(?:{signs.OPERAND}))|(?<![\w<>=-])(?!<3(?![\w.,%]))[<>](?=\d))|[<>]"
)
"""An arrow's, a heart's or a tag's are not in the group."""


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
    text = text.sub(_STRUCK, lambda match: unicodedata.normalize("NFC", match[0]))
    text = text.sub(_OF_TWO, lambda match: {"!": "≠", "<": "≤", ">": "≥"}.get(match[0][0], "±"))
    for character, span in zip(text.characters, text.spans, strict=True):
        said = _character(character)
        characters.append(said)
        spans += [span] * len(said)
    result = "".join(characters)
    simplified = _simplifier().convert(result)
    ready = Text(simplified if len(simplified) == len(result) else result, tuple(spans))
    ready = ready.sub(_GROUPS, lambda match: re.sub("[–—]", "-", match[0]))
    return ready.sub(_COMPARED, lambda match: None if match[1] else " ")


def _character(character: str) -> str:  # noqa: PLR0911 - a kind of character each
    """What stands for one character of a text: usually itself, or nothing."""
    if (
        FIRST_MARK <= character <= LAST_MARK
        or character == "\n"
        or (character.isascii() and character.isprintable())
    ):
        return character
    if (sign := signs.usual(_EQUAL.get(character, character))) != character or sign in _KEPT_SIGNS:
        return sign
    if character in _GREEK or character.lower() in _GREEK:
        return f" {_GREEK.get(character) or _GREEK[character.lower()]} "
    if re.match(rf"[{HAN}，。！？；：、…—～（）]", character):
        return {"（": "(", "）": ")"}.get(character, character)
    parts = unicodedata.normalize("NFKD", character)
    plain = "".join(c for c in parts if not unicodedata.combining(c))
    kind = unicodedata.category(character)
    if any(stroke in parts for stroke in _STROKES):
        return " "
    if plain in _KEPT_SIGNS or (plain and all(c.isascii() and c.isprintable() for c in plain)):
        return plain
    if re.fullmatch(r"\d+⁄\d+", plain):
        return f" {plain.replace('⁄', '/')} "
    if kind == "Pd":
        return _dash(unicodedata.name(character, ""))
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
    if kind in ("Zs", "Sm"):
        return " "
    return "," if kind[0] == "P" else ""


def _dash(name: str) -> str:
    """What stands for a dash of this name: a hyphen, or one that may be between the ends of a range."""
    if "HYPHEN" in name:
        return "-"
    return "—" if "EM DASH" in name or "BAR" in name else "–"
