"""Two results of a kind, metric by metric: what stands out of the noise, and what else is not the same."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

import numpy as np

from perf import report
from perf.compare.rows import better, rows
from perf.compare.significance import ALPHA, p_values, runs_needed

LEAST = 0.03
"""Smaller changes of a median are taken for drift between sessions, which the runs within one don't show."""
_NO_DIFFERENCE = ("measured_at", "commit", "machine.load_1min")
"""Of where results come from: what may differ between results that are comparable."""

Verdict = Literal["worse", "better", "changed", "same", "too few runs"]


class Difference(TypedDict):
    """A metric of a row.

    Attributes:
        a, b: medians.
        ratio: b / a; spreads: interquartile ranges.
        p: see `p_values`.
        verdict: "changed" is a difference in a metric of which neither way is better.
    """

    row: str
    metric: str
    a: float
    b: float
    ratio: float | None
    a_spread: float
    b_spread: float
    p: float | None
    verdict: Verdict


class Change(TypedDict):
    """Something that is not the same in both, and has no runs to judge it by."""

    what: str
    a: object
    b: object


class Comparison(TypedDict):
    """What `perf compare` gives.

    Attributes:
        of: the kind of both results.
        a, b: the files and where they come from, and whether others were at work then (see
            `report.busy`).
        single: top-level numbers, such as `max_rooms`, that differ.
    """

    kind: str
    of: str
    a: dict[str, object]
    b: dict[str, object]
    alpha: float
    least: float
    runs_needed: int
    settings_changed: list[Change]
    single: list[Change]
    differences: list[Difference]
    only_in_a: list[str]
    only_in_b: list[str]


def compare(
    a: Mapping[str, object], b: Mapping[str, object], names: tuple[str, str], least: float = LEAST
) -> Comparison:
    """What changed from result `a` to result `b`, called `names`.

    A metric differs where its corrected p is at most `ALPHA`, its medians lie further apart than the runs of
    either spread, and further than the share `least` of a's.

    Raises:
        RuntimeError: for results of different kinds, or without runs.
    """
    if a.get("kind") != b.get("kind"):
        raise RuntimeError(
            f"{names[0]} is of the kind {a.get('kind')!r} and {names[1]} of the kind {b.get('kind')!r}: "
            "expected two results of the same command"
        )
    in_a, in_b = rows(a, names[0]), rows(b, names[1])
    for name, found in zip(names, (in_a, in_b), strict=True):
        if not found:
            raise RuntimeError(f"{name} has no rows with metrics: expected a result of several runs")
    both = [(row, metric) for row in in_a if row in in_b for metric in in_a[row] if metric in in_b[row]]
    pairs = [(in_a[row][metric], in_b[row][metric]) for row, metric in both]
    judged = [
        _difference(row, metric, *pair, p, least)
        for (row, metric), pair, p in zip(both, pairs, p_values(pairs), strict=True)
        if all(pair)
    ]
    return Comparison(
        kind="compare",
        of=str(a.get("kind")),
        a=_origin(a, names[0]),
        b=_origin(b, names[1]),
        alpha=ALPHA,
        least=least,
        runs_needed=runs_needed(),
        settings_changed=_settings(a, b),
        single=_single(a, b),
        differences=judged,
        only_in_a=[row for row in in_a if row not in in_b],
        only_in_b=[row for row in in_b if row not in in_a],
    )


def _difference(
    row: str, metric: str, a: Sequence[float], b: Sequence[float], p: float | None, least: float
) -> Difference:
    before, after = statistics.median(a), statistics.median(b)
    spreads = _spread(a), _spread(b)
    return Difference(
        row=row,
        metric=metric,
        a=before,
        b=after,
        ratio=round(after / before, 4) if before else None,
        a_spread=spreads[0],
        b_spread=spreads[1],
        p=None if p is None else round(p, 5),
        verdict=_verdict(metric, after - before, p, max(*spreads, least * abs(before))),
    )


def _verdict(metric: str, change: float, p: float | None, noise: float) -> Verdict:
    if p is None:
        return "too few runs"
    if p > ALPHA or abs(change) <= noise:
        return "same"
    direction = better(metric)
    if direction is None:
        return "changed"
    return "better" if (change > 0) == (direction == "higher") else "worse"


def _spread(runs: Sequence[float]) -> float:
    low, high = np.percentile(runs, (25, 75))
    return round(float(high - low), 6)


def _origin(result: Mapping[str, object], name: str) -> dict[str, object]:
    known = report.flat(report.origin(result))
    return {"file": name, "busy": report.busy(result)} | {key: known.get(key) for key in _NO_DIFFERENCE}


def _settings(a: Mapping[str, object], b: Mapping[str, object]) -> list[Change]:
    """Machine, versions, weights and settings that are not the same."""
    of_a, of_b = (report.flat(report.origin(result)) for result in (a, b))
    names = [name for name in of_a | of_b if name not in _NO_DIFFERENCE]
    return [
        Change(what=name, a=of_a.get(name), b=of_b.get(name))
        for name in names
        if of_a.get(name) != of_b.get(name)
    ]


def _single(a: Mapping[str, object], b: Mapping[str, object]) -> list[Change]:
    return [
        Change(what=name, a=value, b=b[name])
        for name, value in a.items()
        if isinstance(value, int | float) and name in b and b[name] != value
    ]
