"""Text under change that still knows which characters of the original each of its own stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[int, int]
"""Begin and end in the original text."""


def joined(one: Span, other: Span) -> Span:
    """From the start of the earlier to the end of the later."""
    return min(one[0], other[0]), max(one[1], other[1])


@dataclass(frozen=True)
class Text:
    """Characters, and the part of the original that each is spoken for."""

    characters: str
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, text: str, offset: int = 0) -> Text:
        """The original itself, of which `text` begins at `offset`."""
        return cls(text, tuple((offset + i, offset + i + 1) for i in range(len(text))))

    @classmethod
    def spoken(cls, characters: str, span: Span) -> Text:
        """What is said instead of the part `span`."""
        return cls(characters, (span,) * len(characters))

    @classmethod
    def joined(cls, parts: Iterable[Text]) -> Text:
        """Several in a row."""
        pieces = list(parts)
        return cls("".join(p.characters for p in pieces), tuple(s for p in pieces for s in p.spans))

    def __len__(self) -> int:
        return len(self.characters)

    def cut(self, begin: int, end: int) -> Text:
        """A part of it."""
        return Text(self.characters[begin:end], self.spans[begin:end])

    def span(self, begin: int, end: int) -> Span:
        """What a part of it stands for in the original."""
        return self.spans[begin][0], max(stop for _, stop in self.spans[begin:end])

    def sub(self, pattern: re.Pattern[str], reading: Callable[[re.Match[str]], str | None]) -> Text:
        """Says `reading` in place of what matches; where it is None the match stays."""
        parts, at = [], 0
        for match in pattern.finditer(self.characters):
            if match.end() == match.start() or (said := reading(match)) is None:
                continue
            parts += [
                self.cut(at, match.start()),
                Text.spoken(said, self.span(match.start(), match.end())),
            ]
            at = match.end()
        return Text.joined([*parts, self.cut(at, len(self))]) if parts else self

    def split(self, borders: Sequence[int]) -> list[Text]:
        """Its parts between rising positions."""
        edges = [0, *borders, len(self)]
        return [self.cut(a, b) for a, b in pairwise(edges) if b > a]
