"""What the mood of a room's host is made of: evidence of several kinds, smoothed on the room's clock."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._chat_events import RoomMood
from ._faces import Face, FrameResult
from ._voice_mood import VoiceMood

FADE_S = 30.0
"""Time constant with which evidence fades on the room's clock."""
SURE_S = 5.0
"""Seconds of evidence from which a mood is known half."""
TRUST = {"voice": 1.0, "chat": 1.0, "face": 0.5}
"""What a second of each kind weighs: of posed expressions the network names about half."""
LINE_S = 5.0
"""What the host's lines of chat weigh, in seconds of speech, where the server is sure of them."""
EVERY_S, CHANGE = 2.0, 0.02
"""Seconds between two moods, and how much one differs from the last, as in a room's chat."""
_UNPLEASANT = ("angry", "disgust", "sad")
"""Not fear: that is what the network takes many a resting face for. Nor surprise, which may be either."""
_LONGEST_S = 1.0
"""What a frame counts at most, however long none came before it."""


@dataclass
class Smoothed:
    """A mean whose evidence fades: `weight` seconds of it are left at `at` on the room's clock."""

    total: float = 0.0
    weight: float = 0.0
    at: float = -math.inf

    def add(self, value: float, weight: float, pts: float) -> None:
        """Take `weight` seconds of evidence for `value`; what comes late counts as it would have by now."""
        self.fade(pts)
        late = math.exp(-(self.at - pts) / FADE_S)
        self.total += late * weight * value
        self.weight += late * weight

    def fade(self, now: float) -> None:
        """Bring it to `now`; the clock does not run backwards."""
        if now > self.at:
            left = math.exp(-(now - self.at) / FADE_S)
            self.total, self.weight, self.at = self.total * left, self.weight * left, now

    @property
    def value(self) -> float | None:
        """The mean; None where nothing is known."""
        return self.total / self.weight if self.weight > 1e-3 else None


class HostMood:
    """The mood of who is heard and seen in a room.

    Valence comes of what the host says ("voice"), shows ("face": the largest one) and writes ("chat"),
    arousal of how the host sounds. Each is a mean of evidence that fades with :data:`FADE_S`.
    """

    def __init__(self) -> None:
        self._valence = {name: Smoothed() for name in TRUST}
        self._arousal = Smoothed()
        self._seen_at = -math.inf
        self._told_at = -math.inf
        self._told = (math.inf, math.inf)
        self.language = "en"
        """Of reasons."""

    def hear(self, mood: VoiceMood, pts: float) -> None:
        """Take what was said until `pts`."""
        self._arousal.add(mood.arousal, mood.speech * mood.arousal_confidence, pts)
        self._valence["voice"].add(mood.valence, mood.speech * mood.valence_confidence, pts)

    def see(self, frame: FrameResult) -> None:
        """Take what a frame shows."""
        seconds = min(max(frame.pts - self._seen_at, 0.0), _LONGEST_S)
        self._seen_at = max(self._seen_at, frame.pts)
        if faces := frame.vision.faces:
            host = max(faces, key=_area)
            pleasant = host.expression["happy"]
            unpleasant = sum(host.expression[name] for name in _UNPLEASANT)
            told = max(pleasant + unpleasant, 1e-6)
            weight = seconds * host.score * told
            self._valence["face"].add((pleasant - unpleasant) / told, weight, frame.pts)

    def read(self, mood: RoomMood) -> None:
        """Take how the host writes, of which the server has kept the mean."""
        self._valence["chat"] = Smoothed(0.0, 0.0, mood.pts_end)
        self._valence["chat"].add(mood.valence, LINE_S * mood.confidence, mood.pts_end)

    def news(self, pts: float) -> RoomMood | None:
        """The mood at `pts`, where it is time to tell of it and something to tell."""
        if 0 <= pts - self._told_at < EVERY_S:
            return None
        for part in (self._arousal, *self._valence.values()):
            part.fade(pts)
        parts = {name: value for name, each in self._valence.items() if (value := each.value) is not None}
        arousal = self._arousal.value
        weights = {name: TRUST[name] * self._valence[name].weight for name in parts}
        known = sum(weights.values())
        if not known and arousal is None:
            return None
        valence = sum(weights[name] * parts[name] for name in parts) / known if known else 0.0
        now = (valence, -1.0 if arousal is None else arousal)
        if all(abs(new - old) < CHANGE for new, old in zip(now, self._told, strict=True)):
            return None
        began = pts if self._told_at == -math.inf else min(self._told_at, pts)
        self._told, self._told_at = now, pts
        return RoomMood(
            who="host",
            valence=valence,
            arousal=arousal,
            confidence=(sure := max(known, self._arousal.weight)) / (sure + SURE_S),
            parts=parts,
            reason=sentence(arousal, parts, self.language),
            pts_start=began,
            pts_end=pts,
        )


def _area(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


_SOUNDS = ((0.35, "calm", "平静"), (0.65, "as usual", "如常"), (math.inf, "excited", "激动"))
_FEELS = ((-0.15, "displeased", "不悦"), (0.15, "neutral", "平和"), (math.inf, "pleased", "愉快"))
_PARTS = {"voice": ("words", "言语"), "face": ("face", "表情"), "chat": ("lines", "发言")}


def sentence(arousal: float | None, parts: dict[str, float], language: str) -> str:
    """Why, for people: what each part tells. `language`: "zh", or English."""
    chinese = language == "zh"
    told = [] if arousal is None else [(("voice", "声音")[chinese], _word(_SOUNDS, arousal, chinese))]
    told += [(_PARTS[name][chinese], _word(_FEELS, value, chinese)) for name, value in parts.items()]
    if chinese:
        return "主播：" + "，".join(f"{what}{how}" for what, how in told)
    return "the host: " + ", ".join(f"{what} {how}" for what, how in told)


def _word(words: tuple[tuple[float, str, str], ...], value: float, chinese: bool) -> str:
    return next(zh if chinese else en for below, en, zh in words if value < below)
