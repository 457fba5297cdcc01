"""A result of `perf rooms` as a curve: what was measured at a number of rooms on one node, and between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from perf.structs import convert

LATENCIES = ("partial_p95_s", "final_p99_s")
"""The measures of a step that the service level has limits for, under the same names."""
SIGNALS = ("queue_ms", "pending", "active_sequences")
"""What a cluster can scale by, see `perf.rooms.breakdown.signals`."""


class Limits(Struct, frozen=True):
    """The service level, in seconds."""

    partial_p95_s: float
    final_p99_s: float


class Step(Struct, frozen=True):
    """Some rooms, as a row of the result has them."""

    rooms: int
    verdict: str = ""
    partial_p95_s: float | None = None
    final_p99_s: float | None = None
    server_cores: float | None = None
    memory_mb: float | None = None
    signals: Mapping[str, float | None] | None = None
    runs: Mapping[str, Sequence[float | None]] | None = None

    def seen(self, name: str) -> float | None:
        """A measure or a signal; None where it was not measured."""
        value: float | None = (self.signals or {}).get(name) if name in SIGNALS else getattr(self, name)
        return value

    def missed(self, limits: Limits) -> tuple[int, int]:
        """In how many runs a limit was missed, and of how many."""
        measured = ((self.runs or {}).get(name, [self.seen(name)]) for name in LATENCIES)
        runs = list(zip(*measured, strict=False))  # of as many as both have
        most = [getattr(limits, name) for name in LATENCIES]
        beyond = (
            any(value is not None and value >= limit for value, limit in zip(run, most, strict=True))
            for run in runs
        )
        return sum(beyond), len(runs)


class _Result(Struct, frozen=True):
    kind: Literal["rooms"]
    curve: Annotated[list[Step], Meta(min_length=1)]
    slo: Limits
    max_rooms: int | None
    limited_by: str = ""


@dataclass(frozen=True)
class Curve:
    """What one node does.

    Attributes:
        steps: by ascending rooms.
        max_rooms: the most that kept the service level.
        limited_by: "slo" where more rooms were seen to break it.
        slo: the service level.
    """

    steps: Sequence[Step]
    max_rooms: int
    limited_by: str
    slo: Limits

    def known(self, name: str) -> list[tuple[int, float]]:
        """The steps, as rooms, at which something was measured, and what it was."""
        return [(step.rooms, value) for step in self.steps if (value := step.seen(name)) is not None]

    def at(self, rooms: int, name: str) -> float | None:
        """A measure at `rooms`, linearly between the steps beside it; None where it was not measured.

        Below the first step it is that step's.
        """
        known = self.known(name)
        if not known or rooms > known[-1][0]:
            return None
        return round(float(np.interp(rooms, [at for at, _ in known], [value for _, value in known])), 4)

    def beside(self, rooms: int) -> tuple[int | None, int | None]:
        """The steps next to `rooms`, below or at it and above or at it; None where there is none."""
        below = [step.rooms for step in self.steps if step.rooms <= rooms]
        above = [step.rooms for step in self.steps if step.rooms >= rooms]
        return max(below, default=None), min(above, default=None)


def read(result: Mapping[str, object], name: str) -> Curve:
    """The curve of a result that is called `name`.

    Raises:
        RuntimeError: it is not of `perf rooms`, or no number of rooms on a node can be planned with.
    """
    try:
        found = convert(result, _Result, f"{name}, which should be a result of `perf rooms`")
    except ValueError as error:
        raise RuntimeError(str(error)) from None
    steps = sorted(found.curve, key=lambda step: step.rooms)
    if found.max_rooms is None:
        raise RuntimeError(
            f"{name} claims no number of rooms: the load generator was late before the service level broke"
        )
    if found.max_rooms == 0:
        raise RuntimeError(
            f"{name} never kept the service level, not with its fewest rooms: {steps[0].verdict}"
        )
    if found.max_rooms not in {step.rooms for step in steps}:
        raise RuntimeError(
            f"{name} has max_rooms {found.max_rooms}: expected a number of rooms that is in its curve"
        )
    return Curve(steps, found.max_rooms, found.limited_by, found.slo)
