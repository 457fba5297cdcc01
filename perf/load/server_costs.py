"""What a stretch of serving cost: each model's time queued and at work, each process's CPU and memory."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tritonclient.grpc import InferenceServerClient, service_pb2

from perf.load.processes import ProcessCost, costs, family
from server import Triton
from server.canary import CHANNEL


@dataclass(frozen=True)
class ModelCost:
    """One model between two moments.

    `queue_ms`, `compute_ms` and `total_ms` are means over requests; a request in a batch is at work for as
    long as its batch. `busy_s` counts a batch once: what the model's instances worked, added up.

    Attributes:
        batches: how many executions there were of each batch size. An ensemble has None where its steps
            have numbers. A decoupled model's times end when it has accepted a request.
    """

    name: str
    requests: int
    inferences: int
    executions: int
    queue_ms: float | None
    compute_ms: float | None
    total_ms: float
    busy_s: float | None
    batches: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Costs:
    """The server between two moments: its models and processes, and its CPU and wall-clock seconds."""

    models: tuple[ModelCost, ...]
    processes: tuple[ProcessCost, ...]
    cpu_s: float
    wall_s: float


class Meter:
    """Counts from the moment it is made."""

    def __init__(self, triton: Triton) -> None:
        self._triton = triton
        self._statistics = _statistics(triton.grpc)
        self._processes = family(triton.pid)
        self._began = time.perf_counter()

    def read(self) -> Costs:
        """What was spent since then; models that did nothing are left out."""
        wall_s = time.perf_counter() - self._began
        processes = costs(self._processes, family(self._triton.pid), wall_s)
        ensembles = {name for name, model in self._triton.models.items() if model.is_ensemble}
        nothing = service_pb2.ModelStatistics()
        models = (
            difference(self._statistics.get(name, nothing), now, ensemble=name in ensembles)
            for name, now in _statistics(self._triton.grpc).items()
        )
        cpu_s = sum(process.cpu_cores for process in processes) * wall_s
        return Costs(tuple(model for model in models if model.inferences), processes, cpu_s, wall_s)


def difference(
    before: service_pb2.ModelStatistics, now: service_pb2.ModelStatistics, *, ensemble: bool = False
) -> ModelCost:
    """What happened between two readings of a model's statistics (all of Triton's counters only grow)."""
    old, new = before.inference_stats, now.inference_stats
    requests = new.success.count - old.success.count

    def mean_ms(*parts: str) -> float:
        spent = sum(getattr(new, part).ns - getattr(old, part).ns for part in parts)
        return float(spent / max(requests, 1) / 1e6)

    return ModelCost(
        name=now.name,
        requests=requests,
        inferences=now.inference_count - before.inference_count,
        executions=now.execution_count - before.execution_count,
        queue_ms=None if ensemble else mean_ms("queue"),
        compute_ms=None if ensemble else mean_ms("compute_input", "compute_infer", "compute_output"),
        total_ms=mean_ms("success"),
        busy_s=None if ensemble else _busy_seconds(now) - _busy_seconds(before),
        batches=dict(_batches(now) - _batches(before)),
    )


def _batches(statistics: service_pb2.ModelStatistics) -> Counter[int]:
    return Counter({b.batch_size: b.compute_infer.count for b in statistics.batch_stats})


def _busy_seconds(statistics: service_pb2.ModelStatistics) -> float:
    batches = statistics.batch_stats
    return float(sum(b.compute_input.ns + b.compute_infer.ns + b.compute_output.ns for b in batches) / 1e9)


def _statistics(address: str) -> dict[str, service_pb2.ModelStatistics]:
    with InferenceServerClient(address, channel_args=CHANNEL) as client:
        return {model.name: model for model in client.get_inference_statistics().model_stats}
