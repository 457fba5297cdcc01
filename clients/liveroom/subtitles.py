"""Final captions as SubRip (SRT) or WebVTT: readable cues, correct times, both scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TextIO

from ._text import is_wide, width
from ._types import Caption

LINE_WIDTH = 42
"""Columns per line: 42 Latin letters or 21 Chinese characters (Netflix and BBC guides: 37 to 42)."""

CUE_LINES = 2

_SENTENCE = re.compile(r".+?(?:[.!?…]+[\"'”’)]*(?=\s)|[。！？；…]+[”’」』）]*|$)", re.DOTALL)
_CLOSING = set("，。！？、；：）》」』】〉”’％…,.!?;:)]}%")
_OPENING = set("（《「『【〈“‘([{")
_MIN_CUE_S = 0.001


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines shown from `start` to `end`, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


class SubtitleWriter(Protocol):
    """Something that takes captions one after the other."""

    def write(self, caption: Caption) -> None:
        """Write the cues of a final caption; partial ones are ignored."""


class SrtWriter:
    """SubRip, written as the captions come.

    Args:
        out: text stream, flushed after every caption.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._number = 0
        self._end = 0.0

    def write(self, caption: Caption) -> None:
        """Write the cues of a final caption; partial ones are ignored."""
        for cue in cues(caption, not_before=self._end):
            self._number += 1
            self._end = cue.end
            times = f"{timestamp(cue.start, ',')} --> {timestamp(cue.end, ',')}"
            text = "\n".join(cue.lines).replace("-->", "->")
            self._out.write(f"{self._number}\n{times}\n{text}\n\n")
        self._out.flush()


class VttWriter:
    """WebVTT (W3C), written as the captions come; its header at once.

    Args:
        out: text stream, flushed after every caption.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._end = 0.0
        out.write("WEBVTT\n\n")

    def write(self, caption: Caption) -> None:
        """Write the cues of a final caption; partial ones are ignored."""
        for cue in cues(caption, not_before=self._end):
            self._end = cue.end
            text = "\n".join(cue.lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            self._out.write(f"{timestamp(cue.start, '.')} --> {timestamp(cue.end, '.')}\n{text}\n\n")
        self._out.flush()


def timestamp(seconds: float, point: str) -> str:
    """HH:MM:SS and milliseconds after `point`, rounded to the nearest; negative times are 0."""
    milliseconds = max(0, round(seconds * 1000))
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def cues(caption: Caption, *, not_before: float = 0.0) -> list[Cue]:
    """The cues of a final caption: none for a partial or an empty one.

    A text longer than a cue is cut, at the ends of sentences where they fit, and the caption's time is shared
    out by the width of the text.

    Args:
        caption: any.
        not_before: the end of the cue before, so that cues never overlap.
    """
    blocks = list(_blocks(caption.text)) if caption.is_final else []
    if not blocks:
        return []
    start = max(caption.pts_start, not_before)
    duration = max(caption.pts_end - start, len(blocks) * _MIN_CUE_S)
    widths = [sum(width(line) for line in block) for block in blocks]
    edges = [start + duration * sum(widths[:count]) / sum(widths) for count in range(len(blocks) + 1)]
    return [Cue(edges[at], edges[at + 1], block) for at, block in enumerate(blocks)]


def wrap(text: str, columns: int = LINE_WIDTH) -> list[str]:
    """Lines of at most `columns`, broken at spaces and between wide characters.

    No line begins with closing punctuation, unless it stands alone, or ends with opening punctuation.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, columns):
        if line and width(line) + width(piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _blocks(text: str) -> Iterator[tuple[str, ...]]:
    """Lines of each cue."""
    pending = ""
    for sentence in _SENTENCE.findall(" ".join(text.split())):
        together = pending + sentence if pending else sentence.lstrip()
        if len(wrap(together)) <= CUE_LINES:
            pending = together
            continue
        yield from _cut(pending)
        pending = sentence.lstrip()
    yield from _cut(pending)


def _cut(text: str) -> Iterator[tuple[str, ...]]:
    lines = wrap(text)
    for at in range(0, len(lines), CUE_LINES):
        yield tuple(lines[at : at + CUE_LINES])


def _pieces(text: str, columns: int) -> Iterator[str]:
    """Parts that must not be broken, each with the space that follows it."""
    piece = ""
    for character in text:
        may_break = (
            piece.endswith(" ")
            or (piece and (is_wide(piece[-1]) or is_wide(character)))
            or width(piece + character) > columns
        )
        glued = character in _CLOSING or character == " " or (piece and piece[-1] in _OPENING)
        if may_break and (not glued or width(piece + character) > columns):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece
