"""Joining and measuring text in scripts with and without spaces."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def join(texts: Iterable[str]) -> str:
    """One text out of consecutive ones: with a space between them, except where a wide script has none."""
    joined = ""
    for text in (text.strip() for text in texts):
        if (
            joined
            and text
            and not (is_wide(joined[-1]) and (is_wide(text[0]) or joined[-1] in "，。！？；：、"))
        ):
            joined += " "
        joined += text
    return joined


def is_wide(character: str) -> bool:
    """Whether it belongs to a wide script without spaces (Unicode TR11: East Asian wide or full-width).

    Hangul is wide too but puts spaces between words.
    """
    return unicodedata.east_asian_width(character) in "WF" and not "\uac00" <= character <= "\ud7a3"


def width(text: str) -> int:
    """Columns that `text` takes: two per wide character, none per combining one (Unicode TR11)."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
