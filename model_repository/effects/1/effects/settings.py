"""What a room asks for: the JSON of `settings`, checked, with a sentence for everything that is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

STRENGTHS = ("blur", "replace", "smooth", "brighten", "sticker_strength", "anonymize")
STICKERS = ("glasses", "crown", "cat", "hearts")
FORMATS = ("same", "jpeg", "png", "webp", "ppm")
THRESHOLD = 0.34
"""Euclidean distance of unit embeddings. Stricter than for naming people: a face shown by mistake is worse
than one that is covered. In the project's photos one person's lie within 0.33, two people's from 0.35 on."""


class SettingsError(ValueError):
    """Settings cannot be taken; the message names the value and what would be right."""


@dataclass(frozen=True)
class Settings:
    """The effects of one frame; strengths lie in [0, 1], and 0 leaves the picture alone.

    blur: of the background. replace: the background, by the room's picture. smooth, brighten: skin of faces.
    sticker: a name of STICKERS, or none. anonymize: faces farther than `threshold` from every enrolled one.
    format: of the picture that comes back. quality: 1 to 100, JPEG and WebP.
    """

    blur: float = 0.0
    replace: float = 0.0
    smooth: float = 0.0
    brighten: float = 0.0
    sticker: str = ""
    sticker_strength: float = 1.0
    anonymize: float = 0.0
    threshold: float = THRESHOLD
    format: str = "same"
    quality: int = 90

    @property
    def changes_background(self) -> bool:
        """Whether the matte is needed."""
        return self.blur > 0 or self.replace > 0

    @property
    def touches_skin(self) -> bool:
        """Whether skin is smoothed or brightened."""
        return self.smooth > 0 or self.brighten > 0

    @property
    def draws_sticker(self) -> bool:
        """Whether a sticker is drawn."""
        return bool(self.sticker) and self.sticker_strength > 0

    @property
    def needs_meshes(self) -> bool:
        """Whether the 468 points of each face are needed."""
        return self.touches_skin or self.draws_sticker

    @property
    def changes_picture(self) -> bool:
        """Whether there is anything to do but to encode the picture again."""
        return self.changes_background or self.needs_meshes or self.anonymize > 0


LONGEST = 4096
"""Bytes of settings; all keys take a tenth. They are read where every room waits."""


def parse(text: bytes | str) -> Settings:
    """Settings out of a JSON object, in which every key may be missing. Raises SettingsError."""
    if len(text) > LONGEST:
        raise SettingsError(f"settings are {len(text)} bytes long; at most {LONGEST} are read")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:  # bytes that are not UTF-8, brackets without end
        raise SettingsError(
            f'settings are not JSON ({error}); send an object, such as {{"blur": 0.8}}'
        ) from error
    if not isinstance(given, dict):
        raise SettingsError(f'settings are {_shown(given)}; send a JSON object, such as {{"blur": 0.8}}')
    known = [field.name for field in fields(Settings)]
    for key in given:
        if key not in known:
            raise SettingsError(f"settings have {_shown(key)}; known are {', '.join(known)}")
    for key in STRENGTHS:
        if key in given:
            given[key] = _number(key, given[key], 0.0, 1.0)
    if "threshold" in given:
        given["threshold"] = _number("threshold", given["threshold"], 0.0, 2.0)
    if "quality" in given:
        given["quality"] = _whole("quality", given["quality"], 1, 100)
    if "format" in given:
        given["format"] = _choice("format", given["format"], FORMATS)
    if given.get("sticker", "") in ("", None):
        given["sticker"] = ""  # null is JSON for "none"
    else:
        given["sticker"] = _choice("sticker", given["sticker"], STICKERS)
    return Settings(**given)


def _number(key: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SettingsError(f"{key} is {_shown(value)}; it must be a number from {low:g} to {high:g}")
    return float(value)


def _whole(key: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"{key} is {_shown(value)}; it must be a whole number from {low} to {high}")
    return value


def _choice(key: str, value: object, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise SettingsError(f"{key} is {_shown(value)}; it must be one of {', '.join(known)}")
    return value


def _shown(value: object) -> str:
    """As JSON has it, cut where it is long; halves of surrogate pairs, which break messages, as escapes."""
    text = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
