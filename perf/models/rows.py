"""What is said of a model under a load: a row of the result, made of several runs."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from perf.load.analyzer import Load
from perf.load.server_costs import ModelCost


class Part(TypedDict):
    """Another model at work for this one: an ensemble's step, or one that a Python model calls."""

    name: str
    queue_ms: float
    compute_ms: float
    batch: float


class Row(TypedDict):
    """A model at a concurrency. Medians over the runs, which `runs` has one by one; `batches` of all runs.

    queue_ms, compute_ms: Triton's means over requests; of an ensemble the sums over its steps, and of a
    decoupled model up to when it has accepted a request. batch: mean size. bare_per_s: requests a second
    without a server, as bare_layout says; None with the reason in no_bare.
    """

    name: str
    concurrency: int
    infer_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    served_over_bare: float | None
    queue_ms: float
    compute_ms: float
    batch: float | None
    batches: dict[str, int]
    requests: int
    bare_per_s: float | None
    bare_layout: str | None
    no_bare: str
    parts: list[Part]
    input: str
    note: str
    runs: dict[str, list[float]]


@dataclass(frozen=True)
class Served:
    """One run: what the callers saw, what the model spent, and what others spent on it."""

    load: Load
    own: ModelCost
    parts: Sequence[ModelCost]

    @property
    def metrics(self) -> dict[str, float]:
        """What the row has medians of."""
        split = [self.own] if self.own.queue_ms is not None else self.parts
        return {
            "infer_per_s": self.load.per_second,
            "p50_ms": self.load.p50_ms,
            "p95_ms": self.load.p95_ms,
            "p99_ms": self.load.p99_ms,
            "queue_ms": sum(cost.queue_ms or 0.0 for cost in split),
            "compute_ms": sum(cost.compute_ms or 0.0 for cost in split),
        }


def row(served: Sequence[Served], bare: Sequence[float], texts: Mapping[str, str]) -> Row:
    """The row of a model at a concurrency.

    bare: requests a second without a server, measured in turn with `served`, or nothing. texts: the row's
    `input`, `note`, `bare_layout` and `no_bare`.
    """
    runs = {name: [run.metrics[name] for run in served] for name in served[0].metrics}
    if bare:
        per_second = runs["infer_per_s"]
        runs["bare_per_s"] = list(bare)
        runs["served_over_bare"] = [ours / limit for ours, limit in zip(per_second, bare, strict=True)]
    medians = {name: _rounded(statistics.median(values)) for name, values in runs.items()}
    batches = sum((Counter(run.own.batches) for run in served), Counter[int]())
    return Row(
        name=served[0].own.name,
        concurrency=served[0].load.concurrency,
        infer_per_s=medians["infer_per_s"],
        p50_ms=medians["p50_ms"],
        p95_ms=medians["p95_ms"],
        p99_ms=medians["p99_ms"],
        served_over_bare=medians.get("served_over_bare"),
        queue_ms=medians["queue_ms"],
        compute_ms=medians["compute_ms"],
        batch=_mean(batches),
        batches={str(size): batches[size] for size in sorted(batches)},
        requests=sum(run.load.requests for run in served),
        bare_per_s=medians.get("bare_per_s"),
        bare_layout=texts["bare_layout"] or None,
        no_bare=texts["no_bare"],
        parts=_parts(served),
        input=texts["input"],
        note=texts["note"],
        runs={name: [_rounded(value) for value in values] for name, values in runs.items()},
    )


def _parts(served: Sequence[Served]) -> list[Part]:
    parts = []
    for name in dict.fromkeys(cost.name for run in served for cost in run.parts):
        costs = [cost for run in served for cost in run.parts if cost.name == name]
        part = Part(
            name=name,
            queue_ms=_rounded(statistics.median(cost.queue_ms or 0.0 for cost in costs)),
            compute_ms=_rounded(statistics.median(cost.compute_ms or 0.0 for cost in costs)),
            batch=_mean(sum((Counter(cost.batches) for cost in costs), Counter[int]())) or 1.0,
        )
        parts.append(part)
    return parts


def _mean(batches: Counter[int]) -> float | None:
    executions = batches.total()
    return round(sum(batches.elements()) / executions, 2) if executions else None


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
