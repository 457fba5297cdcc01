"""A line to learn from, and what it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp
from pathlib import Path

_CLEAR, _WIDTH = 0.5, 0.15
"""Ratings this far from 0 are as often called neutral as not; how fast that changes."""

Weights = tuple[float, float, float]
"""How negative, neutral and positive; in all 1."""

NEGATIVE, NEUTRAL, POSITIVE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Example:
    """A line, what it says, and how much it counts."""

    text: str
    target: Weights
    weight: float = 1.0


def rated(value: float) -> Weights:
    """Of a rating from -4 to 4."""
    negative, positive = (1 / (1 + exp(-(side * value - _CLEAR) / _WIDTH)) for side in (-1, 1))
    total = max(1.0, negative + positive)
    negative, positive = negative / total, positive / total
    return negative, 1 - negative - positive, positive


def lines_of(path: Path) -> Iterator[str]:
    """Lines that are neither empty nor comments."""
    with path.open(encoding="utf-8") as file:
        yield from (line.strip("\r\n ") for line in file if line.strip() and not line.startswith("# "))
