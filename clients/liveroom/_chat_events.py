"""What a room's chat tells, as plain frozen data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from ._errors import InferenceFailed

Action = Literal["allow", "hold", "block"]
ACTIONS: tuple[Action, ...] = get_args(Action)
Role = Literal["viewer", "fan", "moderator", "host"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A line on its way: `pts` in seconds on the room's clock."""

    id: str
    viewer: str
    role: str
    text: str
    pts: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line is stopped.

    Attributes:
        rule: "category", "word", "pattern", "flood", "repeat", "raid", "blocked" or "length"; servers may
            know more.
        action: what it asks for by itself.
        text: a sentence for people.
        category: of the rule "category", with the `score` that the line has and the `threshold` it reached.
        found: the word or the expression.
    """

    rule: str
    action: str
    text: str
    category: str = ""
    score: float | None = None
    threshold: float | None = None
    found: str = ""


@dataclass(frozen=True, slots=True)
class Moderated:
    """What becomes of a line of chat.

    Attributes:
        of: the line's id.
        text: the line as it was sent; empty where a moderator decided on a line that was held before.
        action: "allow", "hold" until somebody decides, or "block".
        reasons: why; empty where nothing speaks against it.
        language: "zh", "en", or "und" where neither is written.
        sentiment: probabilities of "negative", "neutral" and "positive".
        scores: 0 to 1 by category, "toxicity" among them.
        pts_start: when it was written, as `pts_end`.
    """

    of: str
    viewer: str
    text: str
    action: Action
    reasons: tuple[Reason, ...]
    language: str
    sentiment: dict[str, float]
    scores: dict[str, float]
    pts_start: float
    pts_end: float
    kind: Literal["moderated"] = field(default="moderated", init=False)


@dataclass(frozen=True, slots=True)
class RoomMood:
    """How a room feels: those who write, each with one voice, and who is heard and seen.

    Attributes:
        who: "audience" or "host".
        valence: -1 (negative) to 1.
        confidence: 0 to 1, by how many wrote lately, and how long the host was heard and seen.
        parts: valence by where it comes from: "chat", "voice" (what is said) and "face".
        reason: in words.
        arousal: 0 (calm) to 1 (excited) of the host's voice; None where it is not known.
    """

    who: str
    valence: float
    confidence: float
    parts: dict[str, float]
    reason: str
    pts_start: float
    pts_end: float
    arousal: float | None = None
    kind: Literal["mood"] = field(default="mood", init=False)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the platform or the host might do, such as `action` "slow_mode" with so many `seconds`."""

    action: str
    seconds: float
    reason: str
    pts_start: float
    pts_end: float
    kind: Literal["suggestion"] = field(default="suggestion", init=False)


ChatEvent: TypeAlias = Moderated | RoomMood | Suggestion


def chat_event(text: bytes) -> ChatEvent | None:
    """An event of `chat`; None of a kind that this client does not know.

    Raises:
        InferenceFailed: it is none.
    """
    try:
        told = json.loads(text)
        kind = told["kind"]
        span = {"pts_start": float(told["pts_start"]), "pts_end": float(told["pts_end"])}
        if kind == "moderated":
            return _moderated(told, span)
        if kind == "mood":
            return RoomMood(
                str(told["who"]),
                float(told["valence"]),
                float(told["confidence"]),
                {name: float(value) for name, value in told["parts"].items()},
                str(told["reason"]),
                **span,
            )
        if kind == "suggestion":
            return Suggestion(
                str(told["action"]), float(told.get("seconds", 0.0)), str(told["reason"]), **span
            )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InferenceFailed(f"the server told of chat what can't be read: {error!r}") from error
    return None


def _moderated(told: dict[str, Any], span: dict[str, float]) -> Moderated:
    if told["action"] not in ACTIONS:
        raise InferenceFailed(f"the server says {told['action']!r} of a line: expected one of {ACTIONS}")
    known = Reason.__dataclass_fields__
    reasons = [
        Reason(**{key: value for key, value in each.items() if key in known}) for each in told["reasons"]
    ]
    return Moderated(
        of=str(told["of"]),
        viewer=str(told.get("viewer", "")),
        text=str(told.get("text", "")),
        action=told["action"],
        reasons=tuple(reasons),
        language=str(told.get("language", "und")),
        sentiment={name: float(value) for name, value in told.get("sentiment", {}).items()},
        scores={name: float(value) for name, value in told.get("scores", {}).items()},
        **span,
    )
