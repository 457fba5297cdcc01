"""What is sent to the model of chat: lines and settings, checked, and a request of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from ._chat_events import ROLES, ChatLine
from ._errors import InvalidInput
from ._signature import Arrays

TOGETHER, TOGETHER_BYTES = 256, 128 * 1024
"""Lines of one request, and their bytes: gateways hold 256 KiB of a message."""
LONGEST, LONGEST_ID, LONGEST_VIEWER = 64 * 1024, 64, 128
"""Bytes of a line, its id, and the id of who wrote it."""
LONGEST_SETTINGS = 64 * 1024
"""Bytes."""
DECISIONS = 100
"""Of moderators, in one request."""

Settings = dict[str, object]
"""Of `chat`; what they may say is for the server to know."""


def check_settings(settings: Mapping[str, object] | None) -> Settings:
    """A copy that is sure to be JSON. Raises InvalidInput where they are none, or too long."""
    if settings is not None and not isinstance(settings, Mapping):
        raise InvalidInput(f'chat settings are {settings!r:.50}: expected a mapping, such as {{"level": 3}}')
    try:
        text = json.dumps(dict(settings or {}), ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"chat settings cannot be written as JSON: {error}") from error
    if len(text) > LONGEST_SETTINGS:
        raise InvalidInput(f"chat settings are {len(text)} bytes long: at most {LONGEST_SETTINGS} are taken")
    checked: Settings = json.loads(text)
    return checked


def check_line(line: ChatLine) -> ChatLine:
    """The same. Raises InvalidInput where the server would refuse it."""
    for name, value, longest in (
        ("text", line.text, LONGEST),
        ("id", line.id, LONGEST_ID),
        ("viewer", line.viewer, LONGEST_VIEWER),
    ):
        if not isinstance(value, str):
            raise InvalidInput(f"{name} is {value!r}: expected text")
        try:
            size = len(value.encode())
        except UnicodeEncodeError as error:
            raise InvalidInput(
                f"{name} is {value[:50]!r}: half of a surrogate pair is no text, replace it"
            ) from error
        if size > longest:
            raise InvalidInput(f"{name} has {size} bytes: expected at most {longest}")
    if line.role not in ROLES:
        raise InvalidInput(f"role is {line.role!r}: expected one of {', '.join(ROLES)}")
    if not abs(line.pts) <= 1e9:
        raise InvalidInput(f"pts is {line.pts}: expected seconds on the room's clock")
    return line


def changes(settings: Settings) -> list[Settings]:
    """`settings` one after the other, none of which decides on more than a request may."""
    decisions = settings.get("resolve")
    if not isinstance(decisions, list):  # the server says what is wrong with others
        return [settings]
    parts: list[Settings] = [
        {"resolve": decisions[begin : begin + DECISIONS]}
        for begin in range(0, max(1, len(decisions)), DECISIONS)
    ]
    return [{**settings, **parts[0]}, *parts[1:]]


def in_force(before: Settings, change: Settings) -> Settings:
    """What holds after `change`: decisions alone leave all other settings as they were."""
    rest = {name: value for name, value in change.items() if name != "resolve"}
    return rest if rest or "resolve" not in change else before


def line_tensors(lines: Sequence[ChatLine]) -> Arrays:
    """The model's inputs for `lines`, [1,n] each."""
    return {
        "text": strings([line.text.encode() for line in lines]),
        "id": strings([line.id.encode() for line in lines]),
        "viewer": strings([line.viewer.encode() for line in lines]),
        "role": strings([line.role.encode() for line in lines]),
        "pts": np.array([[line.pts for line in lines]], np.float64).reshape(1, len(lines)),
    }


def settings_tensor(settings: Settings) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    """`settings` as JSON, [1,1]."""
    return strings([json.dumps(settings, ensure_ascii=False).encode()])


def strings(values: list[bytes]) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    """`values`, [1,n]."""
    return np.array(values, np.object_).reshape(1, len(values))
