"""An outcome as JSON has it, checked."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

MOST = 1000
"""Outcomes of a request."""
LONGEST = 4096
"""Bytes of one in JSON."""
AHEAD_S = 60.0
"""Clocks of platforms may be so far ahead of ours; whatever is further ahead is a mistake."""

Name = Annotated[str, Meta(min_length=1, max_length=128)]


class OutcomeError(ValueError):
    """An outcome cannot be taken; the message says which, and what would be right."""


class Outcome(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that a viewer did.

    id: known to whoever reports it; the same again counts once. kind: "enter" and "leave" of a room, "click"
    on what was recommended, "gift", "order", "follow"; "ad_view" and "ad_click". time_s: seconds since 1970,
    by default now. trace: of the answer that it came of. value: in the smallest unit of the currency.
    """

    id: Name
    kind: Literal["enter", "leave", "click", "gift", "order", "follow", "ad_view", "ad_click"]
    viewer: Name
    room: Annotated[str, Meta(max_length=128)] = ""
    item: Annotated[str, Meta(max_length=128)] = ""
    time_s: Annotated[float, Meta(ge=0, le=1e11)] | None = None
    trace: Annotated[str, Meta(max_length=64)] = ""
    watch_s: Annotated[float, Meta(ge=0, le=1e7)] | None = None
    value: Annotated[int, Meta(ge=0, le=10**15)] | None = None


def read(outcomes: list[bytes]) -> list[tuple[str, bytes]]:
    """Id and JSON of each, with its time.

    Raises:
        OutcomeError: one cannot be taken.
    """
    if len(outcomes) > MOST:
        raise OutcomeError(f"{len(outcomes)} outcomes: a request has at most {MOST}")
    now = time.time()
    return [_read(number, len(outcomes), each, now) for number, each in enumerate(outcomes, 1)]


def _read(number: int, count: int, data: bytes, now: float) -> tuple[str, bytes]:
    which = f"outcome {number} of {count}"
    if len(data) > LONGEST:
        raise OutcomeError(f"{which} is {len(data)} bytes long: at most {LONGEST}")
    try:
        found: Outcome = msgspec.json.decode(data, type=Outcome)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise OutcomeError(f"{which} cannot be taken: {error}") from error
    if found.time_s is not None and found.time_s > now + AHEAD_S:
        raise OutcomeError(
            f"{which} has the time {found.time_s:.0f}, {found.time_s - now:.0f} s ahead of this clock: "
            "expected seconds since 1970"
        )
    if found.kind in ("enter", "leave") and not found.room:
        raise OutcomeError(f"{which} is of kind {found.kind} and has no room: say which")
    timed = found if found.time_s is not None else msgspec.structs.replace(found, time_s=now)
    return found.id, msgspec.json.encode(timed)
