"""The runs that results of any kind keep: what a row is of, and which way of a metric is better."""

import math
from collections.abc import Mapping
from typing import Literal

IDENTITY = ("name", "model", "peer", "rooms", "concurrency")
"""The fields of a row that say what it is of; the others are what was found."""
_HIGHER = (
    *("served_over_bare", "throughput_ratio", "speedup", "words_share"),
    *("f1", "iou_raw", "iou_steadied"),
)
_LOWER = (
    *("server_cores", "lost", "late", "failed", "errors"),
    *("frames_dropped_share", "raw_flicker", "steadied_flicker"),
)
_LOWER_UNITS = ("_ms", "_s", "_mb")
_NOT_OURS = ("peer_", "generator_", "in_process_")
"""Of a peer, or of the load generator: neither way is better for us."""

Rows = dict[str, dict[str, list[float]]]
Better = Literal["higher", "lower"]


def rows(result: Mapping[str, object], name: str) -> Rows:
    """The runs of each row, metric by metric, from any list of objects in `result`.

    A row that keeps no "runs" was measured once: its own metrics count, those that are better high or low.
    What a run did not measure (null) is left out.

    Raises:
        RuntimeError: two rows of the result, called `name`, are of the same, or runs are no lists of numbers.
    """
    found: Rows = {}
    for listed in result.values():
        for row in listed if isinstance(listed, list) else ():
            runs = row.get("runs") or _once(row) if isinstance(row, dict) else None
            if runs:
                label = _label(row)
                if label in found:
                    raise RuntimeError(f"{name} has two rows of {label}: which is which can't be told")
                found[label] = _runs(runs, f"{name}: the runs of {label}")
    return found


def better(metric: str) -> Better | None:
    """Which way a metric is better: rates are better high, times and sizes low; None where neither is."""
    if metric.startswith(_NOT_OURS):
        return None
    if metric in _HIGHER or ("_per_" in metric and metric.endswith("_s")):
        return "higher"
    return "lower" if metric in _LOWER or metric.endswith(_LOWER_UNITS) else None


def _once(row: Mapping[str, object]) -> dict[str, list[object]]:
    """The metrics of a row that was measured once."""
    return {name: [value] for name, value in row.items() if isinstance(value, int | float) and better(name)}


def _label(row: Mapping[str, object]) -> str:
    """What a row is of: "asr, concurrency 8", "rooms 4"."""
    fields = ((name, row[name]) for name in IDENTITY if isinstance(row.get(name), str | int))
    return ", ".join(str(value) if isinstance(value, str) else f"{name} {value}" for name, value in fields)


def _runs(runs: object, where: str) -> dict[str, list[float]]:
    if not isinstance(runs, Mapping):
        raise RuntimeError(f"{where} are {runs!r}: expected metrics, each with a list of numbers")
    return {str(metric): _numbers(values, f"{where}, {metric},") for metric, values in runs.items()}


def _numbers(values: object, where: str) -> list[float]:
    known = [value for value in values if value is not None] if isinstance(values, list) else [values]
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in known):
        raise RuntimeError(f"{where} are {values!r}: expected a list of numbers")
    return [float(value) for value in known]
