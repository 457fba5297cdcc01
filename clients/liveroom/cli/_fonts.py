"""A font that has the characters of a name, out of those that the machine has."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from .._errors import InvalidInput

if TYPE_CHECKING:
    from PIL import ImageFont

    Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

FONTS = (
    "DejaVuSans-Bold.ttf",
    "LiberationSans-Bold.ttf",
    "Arial Bold.ttf",
    "arialbd.ttf",
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSerifCJK-Bold.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "DroidSansFallbackFull.ttf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "simsun.ttc",
)
"""File names that Pillow looks for where the system keeps fonts: Latin ones, then those with Chinese."""


class Fonts:
    """Fonts of one size, the first of them that can draw a text.

    Args:
        size: height of a line, in pixels.
        chosen: a font file, tried before `FONTS`; Pillow's own, which has little but ASCII, comes last.

    Raises:
        InvalidInput: `chosen` is not a font.
    """

    def __init__(self, size: int, chosen: str | None = None) -> None:
        self._size = size
        self._names = (*([chosen] if chosen else []), *FONTS)
        if chosen is not None and _open(chosen, size) is None:
            raise InvalidInput(f"{chosen} is not a font: expected a .ttf, .otf or .ttc file")

    def for_text(self, text: str) -> Font | None:
        """A font that has every character of `text`; None if there is none."""
        from PIL import ImageFont  # noqa: PLC0415 - an optional extra

        for name in self._names:
            font = _open(name, self._size)
            if font is not None and _has(font, text):
                return font
        own = ImageFont.load_default(self._size)
        return own if _has(own, text) else None


@lru_cache(maxsize=64)
def _open(name: str, size: int) -> Font | None:
    from PIL import ImageFont  # noqa: PLC0415 - an optional extra

    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _has(font: Font, text: str) -> bool:
    """Whether no character of `text` looks like one that no font has."""
    missing = _drawn(font, "\uffff")
    return all(character.isspace() or _drawn(font, character) != missing for character in text)


def _drawn(font: Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character, mode="L")
    return mask.size, bytes(mask)
