"""What a request of a room holds, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.messages import Message
from chat.settings import ROLES

MOST = 256
"""Lines of one request."""
LONGEST = 64 * 1024
"""Bytes of a line; those after 4,096 are not judged."""
LONGEST_ID, LONGEST_VIEWER = 64, 128
"""Bytes."""
LATEST = 1e9
"""Seconds on a room's clock, on either side of 0."""

Tensors = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Asked:
    """Lines in order; `settings` and `state` are None where the request has none."""

    messages: Sequence[Message]
    settings: bytes | None
    state: bytes | None


def read(tensors: Tensors) -> Asked:
    """The inputs of a request, each [1, N]. Raises ValueError, which names what is wrong."""
    settings, state = (_strings(tensors, name) for name in ("settings", "state"))
    texts = _strings(tensors, "text") or []
    if not texts and not settings:
        raise ValueError("text is missing; send lines, or settings")
    if len(texts) > MOST:
        raise ValueError(f"text has {len(texts)} lines; send at most {MOST} at once")
    for number, text in enumerate(texts, 1):
        if len(text) > LONGEST:
            raise ValueError(f"line {number} has {len(text)} bytes; send at most {LONGEST}")
    columns = {
        name: _column(tensors, name, len(texts), default)
        for name, default in (("id", ""), ("viewer", ""), ("role", "viewer"))
    }
    _check(columns["id"], "id", LONGEST_ID)
    _check(columns["viewer"], "viewer", LONGEST_VIEWER)
    for number, role in enumerate(columns["role"], 1):
        if role not in ROLES:
            raise ValueError(f"role of line {number} is {role[:50]!r}; it must be one of {', '.join(ROLES)}")
    times = _times(tensors, len(texts))
    messages = [
        Message(id_, viewer, role, text.decode(errors="replace"), pts)
        for id_, viewer, role, text, pts in zip(
            columns["id"], columns["viewer"], columns["role"], texts, times, strict=True
        )
    ]
    return Asked(messages, settings[0] if settings else None, state[0] if state else None)


def _strings(tensors: Tensors, name: str) -> list[bytes] | None:
    return [bytes(value) for value in tensors[name].reshape(-1)] if name in tensors else None


def _column(tensors: Tensors, name: str, count: int, default: str) -> list[str]:
    values = _strings(tensors, name)
    if values is None:
        return [default] * count
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} entries, text has {count}; send one for each line")
    return [value.decode(errors="replace") or default for value in values]


def _check(values: Sequence[str], name: str, longest: int) -> None:
    for number, value in enumerate(values, 1):
        if (size := len(value.encode())) > longest:
            raise ValueError(f"{name} of line {number} has {size} bytes; send at most {longest}")


def _times(tensors: Tensors, count: int) -> list[float]:
    if count and "pts" not in tensors:
        raise ValueError("pts is missing; send the time of each line, in seconds on the room's clock")
    times = [float(value) for value in tensors["pts"].reshape(-1)] if count else []
    if len(times) != count:
        raise ValueError(f"pts has {len(times)} entries, text has {count}; send one for each line")
    for number, pts in enumerate(times, 1):
        if not math.isfinite(pts) or abs(pts) > LATEST:
            raise ValueError(f"pts of line {number} is {pts}; it must be seconds on the room's clock")
    return times
