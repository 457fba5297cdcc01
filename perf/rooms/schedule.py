"""Which rooms are played when: everything that is drawn by lot, and all of it from one seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

VARIANTS = 16
"""Rooms of a kind that differ: the 17th says what the first says. It bounds how many are played alone."""


@dataclass(frozen=True)
class Times:
    """The course of a step, in seconds.

    Rooms join within the first `ramp`, have `settle` to warm up, and are all measured for the `measured`
    that follow. Each is played for the same time, so that all of them say the same in every step: `cool_down`
    is left at the end, because what comes of the end of a room is no answer to a pause.
    """

    measured: float = 45.0
    ramp: float = 5.0
    settle: float = 3.0
    cool_down: float = 1.0

    @classmethod
    def measuring(cls, seconds: float) -> "Times":
        """For steps that measure `seconds`; short ones, which are for a try, warm up for a shorter time."""
        return cls(seconds, min(cls.ramp, seconds), min(cls.settle, seconds))

    @property
    def room(self) -> float:
        """How long a room is played."""
        return self.ramp + self.settle + self.measured + self.cool_down

    @property
    def window(self) -> tuple[float, float]:
        """From when to when is measured, counted from the start of the step."""
        return self.ramp + self.settle, self.ramp + self.settle + self.measured

    @property
    def step(self) -> float:
        """The longest that a step of rooms that are served in time can take."""
        return self.ramp + self.room


@dataclass(frozen=True)
class Join:
    """A room: its number (0, 1, ...), of which kind and variant it is, and when it joins (seconds)."""

    number: int
    kind: int
    variant: int
    at: float

    @property
    def says(self) -> tuple[int, int]:
        """What two rooms have in common that send the same."""
        return self.kind, self.variant


def arrivals(rooms: int, within: float, seed: int) -> list[float]:
    """When `rooms` rooms join, in seconds, ascending: a Poisson process of rate `rooms / within`.

    Given how many come within a time, the moments of a Poisson process are as many independent uniform draws
    in order (Ross, Introduction to Probability Models, theorem 5.2). So the wait for the last is bounded.
    """
    draw = np.random.default_rng([seed, rooms])
    return sorted(float(moment) for moment in draw.uniform(0.0, within, rooms))


def joins(kinds: Sequence[int], within: float, seed: int) -> list[Join]:
    """Rooms of the given kinds (see `Profile.deal`) in the order in which they join, drawn by lot."""
    before = [kinds[:number].count(kind) for number, kind in enumerate(kinds)]
    order = np.random.default_rng([seed, len(kinds), 1]).permutation(len(kinds)).tolist()
    moments = arrivals(len(kinds), within, seed)
    return [
        Join(number, kinds[number], before[number] % VARIANTS, at)
        for number, at in zip(order, moments, strict=True)
    ]
