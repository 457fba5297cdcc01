"""The mood of those who write, in which everybody has one voice however much they write."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from chat.messages import Message, Scored

VOICES = 5_000
"""Viewers who are heard at a time; the one who said nothing for longest is forgotten first."""
FADE_S = 60.0
"""Time constant with which a voice fades on the room's clock."""
OWN = 0.5
"""What a viewer's newest line weighs against the same viewer's earlier ones."""
SURE = 5.0
"""Voices from which a mood is known half."""
SILENT = 0.01
"""Voices below which nobody is heard any more."""
EVERY_S, CHANGE = 2.0, 0.02
"""Seconds between two looks at it, and how much the mood has to have changed."""


@dataclass(frozen=True)
class RoomMood:
    """`valence`: -1 to 1; `confidence`: 0 to 1; `voices`: how many were heard, as they fade."""

    who: str
    valence: float
    confidence: float
    voices: float


class MoodWatch:
    """The mood of one side of a room: `who` is "audience" or "host"."""

    def __init__(self, who: str) -> None:
        self.who = who
        self._voices: OrderedDict[str, tuple[float, float]] = OrderedDict()  # valence, when
        self._at = -math.inf
        self._total = self._heard = 0.0  # of all voices, as faded at that time
        self._looked = -math.inf
        self._valence = math.nan

    def add(self, message: Message, scored: Scored) -> None:
        """Hear a line."""
        self._fade(message.pts)
        own, valence = 0.0, scored.mood.valence
        if message.viewer in self._voices:
            before, faded = self._leave(message.viewer)
            own = OWN * faded
            valence = (1 - own) * valence + own * before
        self._voices[message.viewer] = valence, self._at
        self._total, self._heard = self._total + valence, self._heard + 1
        if len(self._voices) > VOICES:
            self._leave(next(iter(self._voices)))

    def news(self, pts: float) -> RoomMood | None:
        """The mood, where it is time to tell of it and something to tell."""
        if not self._voices or 0 <= pts - self._looked < EVERY_S:
            return None
        self._fade(pts)
        self._looked = pts
        if self._heard < SILENT:
            return None
        valence = min(max(self._total / self._heard, -1.0), 1.0)
        if abs(valence - self._valence) < CHANGE:
            return None
        self._valence = valence
        return RoomMood(self.who, valence, self._heard / (self._heard + SURE), self._heard)

    def _fade(self, now: float) -> None:
        """Bring the sums to `now`; the clock does not run backwards."""
        if now > self._at:
            factor = math.exp(-(now - self._at) / FADE_S)
            self._total, self._heard, self._at = self._total * factor, self._heard * factor, now

    def _leave(self, viewer: str) -> tuple[float, float]:
        """Take a voice out of the sums; gives its valence and what is left of its weight, 0 to 1."""
        valence, at = self._voices.pop(viewer)
        faded = math.exp(-(self._at - at) / FADE_S)
        self._total, self._heard = self._total - faded * valence, max(self._heard - faded, 0.0)
        return valence, faded
