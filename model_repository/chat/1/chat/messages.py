"""What goes into a room's chat, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

ORDER = ("allow", "hold", "block")
"""What may become of a line, from nothing to the worst."""


@dataclass(frozen=True, slots=True)
class Message:
    """A line of chat. `pts`: seconds on the room's clock; `viewer`: an opaque id, empty where unknown."""

    id: str
    viewer: str
    role: str
    text: str
    pts: float


class Mood(NamedTuple):
    """Probabilities of a line's sentiment."""

    negative: float
    neutral: float
    positive: float

    @property
    def valence(self) -> float:
        """From -1 to 1."""
        return self.positive - self.negative


@dataclass(frozen=True, slots=True)
class Scored:
    """What the models say of a line: its language, "zh", "en" or "und", its sentiment, scores by category."""

    language: str
    mood: Mood
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line is stopped: the rule, what it found, and the action that it asks for.

    `score` and `threshold` are of the rule "category" only.
    """

    rule: str
    action: str
    text: str = ""
    category: str = ""
    score: float = 0.0
    threshold: float = 0.0
    count: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Verdict:
    """What becomes of a line."""

    action: str = "allow"
    reasons: list[Reason] = field(default_factory=list)

    def add(self, reason: Reason) -> None:
        """Take `reason` into account: the worst action counts."""
        self.reasons.append(reason)
        self.action = max(self.action, reason.action, key=ORDER.index)
