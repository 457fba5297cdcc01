"""Compare a candidate with the fp32 graph it was made from: the gate before and after a build."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporters.contract import Measurement
from exporters.errors import GateError
from exporters.onnx_tools import Array, Graph
from exporters.tensorrt.targets import Plan, Precision

Doubles = NDArray[np.float64]
Tensors = Mapping[str, Array]
Network = Callable[[Tensors], dict[str, Array]]
"""Runs a network once: inputs by name to outputs by name."""

LIKELY = 0.3
"""Rows of a ranked output that score less are noise: nobody looks at them."""


def on_cpu(graph: Path) -> Network:
    """``graph`` in ONNX Runtime on every core of the CPU.

    Raises:
        GateError: ONNX Runtime can't load it.
    """
    try:
        network = Graph(graph, threads=0)
    except Exception as error:  # ONNX Runtime's exceptions have no common base
        raise GateError(f"ONNX Runtime can't load {graph.name}: {error}") from error
    return lambda tensors: dict(zip(network.outputs, network(**tensors), strict=True))


def compare(
    plan: Plan, precision: Precision, expected: Sequence[Tensors], got: Sequence[Tensors], data: str
) -> list[Measurement]:
    """How far each output is off at worst over all runs; NaN where that can't be told, see :func:`judge`."""
    return [
        Measurement(
            gate="parity",
            name=f"{plan.norm} difference of {output} from fp32",
            value=max(
                (_difference(plan, output, *pair) for pair in zip(expected, got, strict=True)), key=_badness
            ),
            limit=limit,
            precision=precision,
            data=data,
        )
        for output, limit in plan.tolerance.items()
    ]


def judge(measurements: Sequence[Measurement]) -> None:
    """See that every output is finite, compares something, and is near enough.

    Raises:
        GateError: some are not; it names all of them.
    """
    failed = [
        f"{measurement.name} is {measurement.value:.3g}, allowed is at most {measurement.limit}"
        if np.isfinite(measurement.value)
        else f"{measurement.name} can't be told, as a value is not finite, all are 0, or the shape is another"
        for measurement in measurements
        if not measurement.passed
    ]
    if failed:
        raise GateError("; ".join(failed))


def _badness(value: float) -> float:
    return float("inf") if np.isnan(value) else value


def _difference(plan: Plan, output: str, expected: Tensors, got: Tensors) -> float:
    one, other = (np.asarray(tensors[output], np.float64) for tensors in (expected, got))
    scores = [np.asarray(outputs[plan.ranked_by or output], np.float64) for outputs in (expected, got)]
    if one.shape != other.shape or not all(np.isfinite(array).all() for array in (one, other, *scores)):
        return float("nan")
    if plan.norm == "rms":
        size = np.mean(np.square(one))
        return float(np.sqrt(np.mean(np.square(one - other)) / size)) if size else float("nan")
    if not plan.ranked_by:
        return float(np.abs(one - other).max(initial=0.0))
    if not any((score >= LIKELY).any() for score in scores):
        return float("nan")  # neither finds anything: nothing is compared
    return max(_apart(*picture) for picture in zip(one, other, *scores, strict=True))


def _apart(one: Doubles, other: Doubles, score: Doubles, other_score: Doubles) -> float:
    """How far a likely row of either side is from the nearest row of the other; rows [N, ...], scores [N]."""
    rows, others = (array.reshape(len(array), -1) for array in (one, other))
    distances = np.abs(rows[:, None] - others[None]).max(axis=2)
    likely, also = distances[score >= LIKELY].min(axis=1), distances[:, other_score >= LIKELY].min(axis=0)
    return float(max(likely.max(initial=0.0), also.max(initial=0.0)))
