"""A real run beside simulations of it: the same measures of each, and how far they lie apart."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypedDict

import numpy as np

from perf.autoscale.ledger import Books, Moment

LOW, HIGH = 5, 95
"""Percentiles of simulations: what chance alone explains lies between."""


class Beside(TypedDict):
    """A measure: of the real run, and mean and percentiles of the simulations. None: it did not happen."""

    measure: str
    real: float | None
    mean: float | None
    low: float | None
    high: float | None


class Series(TypedDict):
    """A quantity over time (seconds): of the real run, and mean and percentiles of the simulations."""

    at_s: Sequence[float]
    real: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def measures(real: Books, simulated: Sequence[Books]) -> list[Beside]:
    """What is compared. Raises ValueError without simulations."""
    most = max(books.peak for books in (real, *simulated))
    asked: dict[str, Callable[[Books], float | None]] = {
        **{f"replica {count} ordered (s)": partial(_first, count) for count in range(2, most + 1)},
        "back to one replica (s)": _back,
        "replica-minutes": lambda books: books.day.replica_s / 60,
        "room-minutes": lambda books: books.day.room_s / 60,
        "rooms refused at first": lambda books: float(books.day.refused),
        "minutes that refused rooms waited": lambda books: books.day.waiting_s / 60,
        "rooms lost": lambda books: float(books.day.gave_up + books.day.dropped),
        "rooms moved": lambda books: float(books.day.moved),
    }
    return [_beside(name, measure(real), list(map(measure, simulated))) for name, measure in asked.items()]


def series(
    real: Books, simulated: Sequence[Books], quantity: Callable[[Moment], float], every_s: float
) -> Series:
    """`quantity` at every `every_s` of the time that all of them have."""
    until = min(books.timeline[-1].at_s for books in (real, *simulated))
    at = np.arange(0.0, until + every_s / 2, every_s)
    runs = np.array([_sampled(books, quantity, at) for books in simulated])
    low, high = np.percentile(runs, (LOW, HIGH), axis=0)
    return Series(
        at_s=at.tolist(),
        real=_sampled(real, quantity, at).tolist(),
        mean=runs.mean(axis=0).round(4).tolist(),
        low=low.round(4).tolist(),
        high=high.round(4).tolist(),
    )


def apart(found: Series) -> float:
    """Mean absolute difference between the real run and the mean of the simulations."""
    return float(np.abs(np.subtract(found["real"], found["mean"])).mean())


def outside(found: Series) -> float:
    """Share of the time at which the real run lies outside the percentiles of the simulations."""
    real = np.array(found["real"])
    return float(((real < np.array(found["low"])) | (real > np.array(found["high"]))).mean())


def _sampled(
    books: Books, quantity: Callable[[Moment], float], at: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The last value known at each moment."""
    times = [moment.at_s for moment in books.timeline]
    places = np.clip(np.searchsorted(times, at + 1e-6, side="right") - 1, 0, None)
    return np.array([quantity(moment) for moment in books.timeline], np.float64)[places]


def _first(replicas: int, books: Books) -> float | None:
    return next((moment.at_s for moment in books.timeline if moment.replicas >= replicas), None)


def _back(books: Books) -> float | None:
    """When the last time with more than one replica ended; None where it has not."""
    more = [at for at, moment in enumerate(books.timeline) if moment.replicas > 1]
    if not more or more[-1] + 1 >= len(books.timeline):
        return None
    return books.timeline[more[-1] + 1].at_s


def _beside(name: str, real: float | None, simulated: Sequence[float | None]) -> Beside:
    known = [value for value in simulated if value is not None]
    figures: Mapping[str, float | None] = {"mean": None, "low": None, "high": None}
    if known:
        low, high = np.percentile(known, (LOW, HIGH))
        figures = {"mean": float(np.mean(known)), "low": float(low), "high": float(high)}
    return Beside(measure=name, real=real, mean=figures["mean"], low=figures["low"], high=figures["high"])
