"""The JSON of `perf rooms`, as far as it is read again."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict, cast


class Model(TypedDict):
    """See `server_costs.ModelCost`."""

    name: str
    requests: int
    inferences: int
    executions: int
    queue_ms: float | None
    compute_ms: float | None


class Process(TypedDict):
    """See `processes.ProcessCost`."""

    name: str
    cpu_cores: float
    memory_mb: float


class Part(TypedDict):
    """See `breakdown.breakdown`."""

    part: str
    ms: float


class Row(TypedDict):
    """See `rows.Row`, whose measures are looked up by name."""

    rooms: int
    verdict: str
    lost: int
    late: int
    signals: Mapping[str, float | None] | None
    models: Sequence[Model]
    processes: Sequence[Process]
    time: Sequence[Part]


class Limits(TypedDict):
    """The service level."""

    partial_p95_s: float
    final_p99_s: float
    frame_p95_s: NotRequired[float]


class Profile(TypedDict):
    """What the rooms were like."""

    name: str
    description: str


class Result(TypedDict):
    """What the JSON holds, as far as it is drawn."""

    max_rooms: int | None
    max_rooms_spoken: int | None
    limited_by: str
    slo: Limits
    profile: Profile
    curve: Sequence[Row]


def measure(row: Row, name: str) -> float | None:
    """One of the measures of `rows.Row`, which lie beside the other keys; None where a row has none such."""
    return cast(Mapping[str, float | None], row).get(name)
