"""A result of `perf rooms` as a curve: what was measured at a number of rooms on one node, and between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LATENCIES = ("partial_p95_s", "final_p99_s")
"""The measures of a step that the service level has limits for, under the same names."""
SIGNALS = ("queue_ms", "pending", "active_sequences")
"""What a cluster can scale by, see `perf.rooms.breakdown.signals`."""
_COSTS = ("server_cores", "memory_mb")


@dataclass(frozen=True)
class Step:
    """Some rooms. seen: latencies, signals, CPU, memory by name. missed: of `runs`, beyond a limit."""

    rooms: int
    verdict: str
    seen: Mapping[str, float]
    missed: int
    runs: int


@dataclass(frozen=True)
class Curve:
    """Steps by ascending rooms. max_rooms: the most that kept the service level, whose limits are in `slo`.

    limited_by: "slo" where more rooms were seen to break it.
    """

    steps: Sequence[Step]
    max_rooms: int
    limited_by: str
    slo: Mapping[str, float]

    def at(self, rooms: int, name: str) -> float | None:
        """A measure at `rooms`, linearly between the steps beside it; None where it was not measured.

        Below the first step it is that step's.
        """
        known = [(step.rooms, step.seen[name]) for step in self.steps if name in step.seen]
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

    Raises RuntimeError where it is not of `perf rooms`, or no number of rooms on a node can be planned with.
    """
    listed, slo, most = result.get("curve"), result.get("slo"), result.get("max_rooms")
    if result.get("kind") != "rooms":
        raise RuntimeError(f"{name} is of the kind {result.get('kind')!r}: expected a result of `perf rooms`")
    if not isinstance(listed, list) or not listed or not isinstance(slo, Mapping):
        raise RuntimeError(f"{name} has no curve, or no slo: expected a whole result of `perf rooms`")
    limits = {each: slo[each] for each in LATENCIES if isinstance(slo.get(each), int | float)}
    if len(limits) < len(LATENCIES):
        raise RuntimeError(f"{name} lacks limits: expected {' and '.join(LATENCIES)} in its slo")
    steps = sorted((_step(row, limits, name) for row in listed), key=lambda step: step.rooms)
    if most is None:
        raise RuntimeError(
            f"{name} claims no number of rooms: the load generator was late before the service level broke"
        )
    if most == 0:
        raise RuntimeError(
            f"{name} never kept the service level, not with its fewest rooms: {steps[0].verdict}"
        )
    if not isinstance(most, int) or most not in {step.rooms for step in steps}:
        raise RuntimeError(f"{name} has max_rooms {most!r}: expected a number of rooms that is in its curve")
    return Curve(steps, most, str(result.get("limited_by")), limits)


def _step(row: object, limits: Mapping[str, float], name: str) -> Step:
    if not isinstance(row, Mapping) or not isinstance(row.get("rooms"), int):
        raise RuntimeError(f"{name} has a step without a number of rooms: {row!r}")
    signals = row.get("signals")
    fields = {**row, **(signals if isinstance(signals, Mapping) else {})}
    names = (*LATENCIES, *SIGNALS, *_COSTS)
    seen = {each: float(fields[each]) for each in names if isinstance(fields.get(each), int | float)}
    runs = row.get("runs")
    limited = [(runs if isinstance(runs, Mapping) else {}).get(each, [seen.get(each)]) for each in limits]
    beyond = [
        any(value is not None and value >= limit for value, limit in zip(run, limits.values(), strict=True))
        for run in zip(*limited, strict=True)
    ]
    return Step(row["rooms"], str(row.get("verdict") or ""), seen, sum(beyond), len(beyond))
