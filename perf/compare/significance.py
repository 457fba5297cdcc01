"""Which of many differences between two sets of runs is more than noise: permutation tests of all together.

Were there no change, the labels A and B of the runs would be arbitrary: any other way to deal the runs into
two sets would be as likely as the one seen. So each metric's Welch t is compared with the *largest* t of all
metrics, over all ways to deal the runs out (Westfall and Young, Resampling-Based Multiple Testing, 1993,
single-step maxT). That assumes no distribution, makes the chance of even one false alarm among all metrics
at most `ALPHA`, and loses little to many metrics that move together, as those of one round do: the runs of
all metrics are dealt out alike, the first of one with the first of another.
"""

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05
"""The chance that a comparison of two results that differ in nothing calls any difference."""
MOST = 20_000
"""With more ways to deal the runs out than this (from 9 and 9 runs on), so many random ones are taken."""
_SEED = 20_101
_SMALLEST = 1e-9
"""Standard error taken for metrics that never vary, as a share of their size: rounding is no difference."""

Runs = Sequence[float]


def p_values(pairs: Sequence[tuple[Runs, Runs]]) -> list[float | None]:
    """For each metric's runs in A and in B: the corrected, two-sided p; None where there are too few runs.

    Metrics with other numbers of runs can't be dealt out alike. Each such group is tested on its own, and
    its p multiplied by the number of groups (Bonferroni).
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for at, (a, b) in enumerate(pairs):
        groups.setdefault((len(a), len(b)), []).append(at)
    p: list[float | None] = [None] * len(pairs)
    enough = {sizes: members for sizes, members in groups.items() if smallest_p(*sizes) <= ALPHA}
    for (size, _), members in enough.items():
        pooled = np.array([[*pairs[at][0], *pairs[at][1]] for at in members], np.float64)
        for at, found in zip(members, _max_t(pooled, size), strict=True):
            p[at] = min(1.0, float(found) * len(enough))
    return p


def smallest_p(a: int, b: int) -> float:
    """The least p that `a` and `b` runs can have; 1 with a single run, which says nothing of its noise."""
    return 1.0 if min(a, b) < 2 else (2 if a == b else 1) / comb(a + b, a)


def runs_needed() -> int:
    """The fewest runs of each that can be told apart."""
    return next(runs for runs in range(2, 100) if smallest_p(runs, runs) <= ALPHA)


def _max_t(pooled: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Corrected p of each row of `pooled` [metrics, runs], of which the first `size` runs are A's."""
    deals = _deals(pooled.shape[1], size)
    largest = np.zeros(len(deals))
    for row in pooled:
        largest = np.maximum(largest, _t(row, deals, size))
    seen = np.array([_t(row, deals[:1], size)[0] for row in pooled])
    tolerance = 1 - 1e-9  # of sums in another order
    share: NDArray[np.float64] = (largest >= seen[:, None] * tolerance).mean(axis=1)
    return share


def _deals(runs: int, size: int) -> NDArray[np.int64]:
    """Orders [deals, runs] of the runs, whose first `size` are dealt to A; the first one is as it was."""
    if comb(runs, size) <= MOST:
        everyone = range(runs)
        hands = combinations(everyone, size)
        return np.array([[*hand, *(run for run in everyone if run not in hand)] for hand in hands])
    random = np.random.default_rng(_SEED)
    drawn = random.permuted(np.tile(np.arange(runs), (MOST, 1)), axis=1)
    drawn[0] = np.arange(runs)
    return drawn


def _t(values: NDArray[np.float64], deals: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """|Welch's t| of one metric for each deal."""
    a, b = np.split(values[deals], [size], axis=1)
    variance = a.var(axis=1, ddof=1) / a.shape[1] + b.var(axis=1, ddof=1) / b.shape[1]
    least = _SMALLEST * np.abs(values).max()
    error = np.maximum(np.sqrt(variance), least or 1.0)
    t: NDArray[np.float64] = np.abs(a.mean(axis=1) - b.mean(axis=1)) / error
    return t
