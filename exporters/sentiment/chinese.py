"""Chinese lines of what was written for this project: words, sentences, and reviews put together of them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporters.sentiment.lines import NEGATIVE, NEUTRAL, POSITIVE, Example, Weights, lines_of, rated

HERE = Path(__file__).parent
_LABELS = {"[negative]": NEGATIVE, "[neutral]": NEUTRAL, "[positive]": POSITIVE}
_SHORT = 3
_QUESTIONS = (
    "{}吗",
    "会{}吗",
    "有没有{}",
    "是不是{}",
    "会不会{}",
    "不会{}吧",
    "这个{}吗",
    "这个会{}吗",
    "{}么",
)
_REVIEWS = 14_000
_SEED = 14
_SAME, _PLAIN = 0.5, 0.25
"""How many parts of a review say what all of it says, and nothing; the others say the opposite."""
_LENGTHS = (1, 1, 2, 2, 3, 3, 4, 5, 7)
_JOINTS = ("，", "，", "，", "。", " ", "！", "、")
_TURNS = ("，但是", "，不过", "，就是", "，可惜", "，但", "。但是", "，只是", "，可是")


@dataclass
class _Parts:
    """What reviews are put together of: parts by how they are meant."""

    good: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)


def words() -> dict[str, float]:
    """Words and phrases: valence from -3 to 3; those of 0 say nothing, nor does what is in them."""
    found: dict[str, float] = {}
    for line in lines_of(HERE / "chinese_words.txt"):
        value, *terms = line.split()
        found |= dict.fromkeys(terms, float(value))
    # 好 before what is bad means how bad, and praises nothing.
    bad = {
        term: value
        for term, value in found.items()
        if value < 0 and len(term) <= _SHORT and term[0] not in "不没好"
    }
    return {**{"好" + term: value for term, value in bad.items()}, **found}


def examples() -> Iterator[Example]:
    """All of them."""
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    written = list(_written())
    yield from (Example(text, target, 6.0) for text, target in written)
    parts = _said(_frames())
    for text, target in written:
        side = parts.bad if target == NEGATIVE else parts.good if target == POSITIVE else parts.plain
        side.extend([text] * 4)
    for term, value in words().items():
        if value:
            yield Example(term, rated(1.3 * value), 0.5)
        if value and len(term) <= _SHORT:
            yield Example(draw.choice(_QUESTIONS).format(term), (0.04, 0.94, 0.02), 0.6)
        if abs(value) >= 1.2:
            (parts.good if value > 0 else parts.bad).append(term)
    yield from _reviews(parts, draw)


def _written() -> Iterator[tuple[str, Weights]]:
    target = NEUTRAL
    for line in lines_of(HERE / "chinese_lines.txt"):
        if line in _LABELS:
            target = _LABELS[line]
        else:
            yield line, target


def _frames() -> Iterator[tuple[str, Sequence[str]]]:
    for line in lines_of(HERE / "chinese_frames.txt"):
        kind, *said = line.split()
        yield kind, said


def _said(frames: Iterator[tuple[str, Sequence[str]]]) -> _Parts:
    parts, about = _Parts(), [""]
    for kind, said in frames:
        if kind == "about":
            about = list(said)
        elif kind == "plain":
            parts.plain.extend(list(said) * 4)
        else:
            side = parts.good if kind == "good" else parts.bad
            side.extend(thing + each for thing in about for each in said)
    return parts


def _reviews(parts: _Parts, draw: random.Random) -> Iterator[Example]:
    """Reviews of several parts, of which most say what all of it says."""
    for number in range(_REVIEWS):
        positive = number % 2 == 0
        mine, other = (parts.good, parts.bad) if positive else (parts.bad, parts.good)
        text, first = "", True
        for _ in range(draw.choice(_LENGTHS)):
            chance = draw.random()
            said = draw.choice(
                mine if first or chance < _SAME else parts.plain if chance < _SAME + _PLAIN else other
            )
            text = said if first else text + draw.choice(_JOINTS) + said
            first = False
        if draw.random() < 0.15:
            text = draw.choice(other) + draw.choice(_TURNS) + text
        yield Example(text, (0.03, 0.05, 0.92) if positive else (0.92, 0.05, 0.03))
