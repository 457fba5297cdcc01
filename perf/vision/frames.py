"""`vision` through gRPC, against the same networks in one process without a server."""

import os
import statistics
from collections.abc import Callable, Sequence

from perf.inputs.pictures import HOST, encoded
from perf.load import grpc_load
from perf.load.closed_loop import Answers
from perf.load.server_costs import Costs, Meter
from perf.models import bare, in_process
from perf.served.pictures import REPOSITORY
from server import Triton
from tooling.sources import Library

CALLERS = (1, 2, 4, 8)
BATCHES = (1, 2, 4, 8)
"""What is tried without a server."""
NOT_ASKED = ("meshes",)
"""Outputs that a client leaves out unless it is told otherwise."""
_WARM_S = 1.0
_LEAST_BYTES = 16


def compare(
    triton: Triton,
    library: Library,
    callers: Sequence[int],
    rounds: int,
    seconds: float,
    advance: Callable[[str], None],
) -> list[dict[str, object]]:
    """A row per number of callers, each of whom sends a frame with one face when its last one is answered.

    in_process_per_s: what one process does with the same files and modules, in the best of several layouts
    (instances, threads, batches), measured in turn with ours. served_over_bare: ours of that. in_process_ms:
    a frame on its own there, every core at work for it. parts: the server's models in the last round.

    Args:
        triton: with `vision`.
        library: for the pictures.
        callers: numbers of them.
        rounds: that are measured.
        seconds: of load for each.
        advance: is told each step.
    """
    inputs = encoded(library)
    model = REPOSITORY.read("vision")
    outputs = [output.name for output in model.config.output if output.name not in NOT_ASKED]
    messages = [grpc_load.request("vision", {"image": step["image"][None]}, outputs) for step in inputs.steps]
    process = in_process.PYTHON["vision"]
    limit = bare.best(model, process, inputs.steps, BATCHES)
    cores = len(os.sched_getaffinity(0))
    alone = bare.Bare(bare.Layout(1, cores, 1), [process.load(cores)], process.groups(inputs.steps))
    advance(f"without a server: {limit.layout}")
    alone.per_second(0)  # warm
    grpc_load.measure(triton.grpc, messages, max(callers), seconds=_WARM_S, answer_bytes=_LEAST_BYTES)
    found: dict[int, list[Answers]] = {count: [] for count in callers}
    costs: dict[int, Costs] = {}
    limits, alone_ms = [], []
    for number in range(1, rounds + 1):
        limits.append(limit.per_second(seconds))
        alone_ms.append(1000 / alone.per_second(seconds / 2))
        advance(f"without a server, round {number} of {rounds}")
        for count in callers:
            meter = Meter(triton)
            answers = grpc_load.measure(
                triton.grpc, messages, count, seconds=seconds, answer_bytes=_LEAST_BYTES
            )
            if answers.errors:
                raise RuntimeError(f"vision failed {answers.errors} times: {answers.first_error}")
            found[count].append(answers)
            costs[count] = meter.read()
            advance(f"callers: {count}, round {number} of {rounds}")
    size = f"{HOST[0]}x{HOST[1]}"
    return [
        _row(f"vision {size}", found[count], limits, alone_ms, costs[count])
        | {"in_process_layout": str(limit.layout), "input": inputs.about}
        for count in callers
    ]


def _row(
    name: str, answers: Sequence[Answers], limits: Sequence[float], alone_ms: Sequence[float], costs: Costs
) -> dict[str, object]:
    runs = {
        "frames_per_s": [answer.per_second for answer in answers],
        **{p: [getattr(answer, p) for answer in answers] for p in ("p50_ms", "p95_ms", "p99_ms")},
        "in_process_per_s": list(limits),
        "in_process_ms": list(alone_ms),
        "served_over_bare": [
            answer.per_second / limit for answer, limit in zip(answers, limits, strict=True)
        ],
    }
    rounded = {name: [round(value, 3) for value in values] for name, values in runs.items()}
    return {
        "name": name,
        "concurrency": answers[0].concurrency,
        **{name: round(statistics.median(values), 3) for name, values in rounded.items()},
        "generator_cores": round(statistics.median(answer.generator_cores for answer in answers), 3),
        "parts": parts(costs),
        "runs": rounded,
    }


def parts(costs: Costs) -> list[dict[str, object]]:
    """The models that worked, with the means of their requests; ensembles are their steps."""
    return [
        {
            "name": cost.name,
            "queue_ms": round(cost.queue_ms, 2),
            "compute_ms": round(cost.compute_ms or 0.0, 2),
            "batch": round(cost.inferences / max(cost.executions, 1), 2),
        }
        for cost in costs.models
        if cost.queue_ms is not None
    ]
