"""How a room wants its chat moderated: the JSON of `settings`, checked."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

CATEGORIES = ("toxicity", "insult", "hate", "sexism", "sexual", "threat", "self_harm", "spam", "contact")
"""What `moderation` scores, in the order of its output."""
ROLES = ("viewer", "fan", "moderator", "host")
LONGEST = 64 * 1024
"""Bytes of settings: 2,000 words and 200 expressions have place."""

Action = Literal["allow", "hold", "block"]
Stop = Literal["hold", "block"]
Role = Literal["viewer", "fan", "moderator", "host"]
Category = Literal["toxicity", "insult", "hate", "sexism", "sexual", "threat", "self_harm", "spam", "contact"]
Level = Annotated[int, Meta(ge=0, le=4)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Few = Annotated[int, Meta(ge=2, le=100)]
T = TypeVar("T", bound=Struct)


class SettingsError(ValueError):
    """They cannot be taken; the message names the value and what would be right."""


class Word(Struct, frozen=True, forbid_unknown_fields=True):
    """Text that is looked for however it is written: case, width, invisible characters do not matter."""

    text: Annotated[str, Meta(min_length=1, max_length=64)]
    action: Stop = "hold"


class Pattern(Struct, frozen=True, forbid_unknown_fields=True):
    """A regular expression in RE2's syntax, which takes time in proportion to the text."""

    regex: Annotated[str, Meta(min_length=1, max_length=256)]
    action: Stop = "hold"


class Flood(Struct, frozen=True, forbid_unknown_fields=True):
    """What is too much; `action` is what becomes of such lines.

    One viewer: more than `messages` lines in `seconds`, or a line of some length for the `repeats`-th time
    in `repeat_seconds`. Many: the same line of some length from `raid_viewers` of them in `raid_seconds`.
    """

    messages: Few = 20
    seconds: Seconds = 10.0
    repeats: Few = 6
    repeat_seconds: Seconds = 30.0
    raid_viewers: Few = 10
    raid_seconds: Seconds = 15.0
    action: Action = "hold"


class Strikes(Struct, frozen=True, forbid_unknown_fields=True):
    """A viewer `blocked` of whose lines were blocked within `seconds` is blocked as long; 0: nobody is."""

    blocked: Annotated[int, Meta(ge=0, le=100)] = 3
    seconds: Seconds = 600.0


class Resolution(Struct, frozen=True, forbid_unknown_fields=True):
    """What a moderator decided: on the line `id` that was held, or that `viewer` may speak again."""

    id: Annotated[str, Meta(max_length=64)] = ""
    viewer: Annotated[str, Meta(max_length=128)] = ""
    action: Action = "allow"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it may be missing.

    level: how strict, 0 (off) to 4, for categories that `levels` does not name. actions: what becomes of a
    line that reaches its category's level. allowed: words that count for nothing. exempt: roles whose lines
    are never stopped. language: of reasons, "auto" for that of each line. resolve: carried out once.
    """

    language: Literal["auto", "en", "zh"] = "auto"
    level: Level = 2
    levels: dict[Category, Level] = {}
    actions: dict[Category, Action] = {}
    words: Annotated[list[Word], Meta(max_length=2000)] = []
    patterns: Annotated[list[Pattern], Meta(max_length=200)] = []
    allowed: Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=500)] = []
    exempt: tuple[Role, ...] = ("moderator", "host")
    flood: Flood = Flood()
    strikes: Strikes = Strikes()
    resolve: Annotated[list[Resolution], Meta(max_length=1000)] = []

    def level_of(self, category: str) -> int:
        """0 to 4."""
        return self.levels.get(category, self.level)  # type: ignore[call-overload,no-any-return]


def parsed(text: bytes, kind: type[T], what: str, longest: int = LONGEST) -> T:
    """An object out of JSON. Raises SettingsError."""
    if len(text) > longest:
        raise SettingsError(f"{what} is {len(text)} bytes long; at most {longest} are read")
    try:
        return msgspec.json.decode(text or b"{}", type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        known = f" (categories are {', '.join(CATEGORIES)})" if "enum" in str(error) else ""
        raise SettingsError(f"{what} cannot be taken: {error}{known}") from error
