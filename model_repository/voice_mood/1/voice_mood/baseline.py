"""How a speaker usually sounds, as far as has been heard: what excitement is measured against."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice_mood.prosody import Prosody

COUNT = len(Prosody._fields)
SIZE = 1 + 2 * COUNT
"""Numbers of a baseline: seconds of voice, then a mean and a variance of each number of `Prosody`."""

PRIOR_MEANS = np.array([8.0, 6.0, -10.0, 4.5, -26.0])
PRIOR_DEVIATIONS = np.array([5.0, 2.5, 4.0, 1.5, 8.0])
"""Of adults of both sexes who speak calmly into any microphone: rough, and soon outweighed."""
PRIOR_S = 3.0
"""Seconds of voice that the prior counts as."""
MEMORY_S = 120.0
"""Seconds of voice after which what was heard before weighs no more: a room's microphone and mood change."""
WEIGHTS = np.array([0.5, 0.1, 0.25, 0.05, 0.1])
"""Of the numbers of `Prosody` in excitement, in standard deviations. Pitch and voice quality tell most: by
the review of Juslin and Laukka 2003 (doi 10.1037/0033-2909.129.5.770) both rise with anger, fear and joy."""
STEEPNESS = 2.0
"""How fast arousal goes from 0 to 1 around a speaker's own middle."""
LEAST_DEVIATIONS = np.array([1.0, 1.0, 1.0, 0.5, 2.0])
"""A speaker who hardly varies is not excited by every breath."""


@dataclass(frozen=True)
class Baseline:
    """`seconds` of voice with means and variances [COUNT]."""

    seconds: float
    means: NDArray[np.float64]
    variances: NDArray[np.float64]

    @classmethod
    def parsed(cls, numbers: NDArray[np.float32]) -> Baseline:
        """Of `SIZE` numbers; of none, or zeros, of somebody who was not heard yet. Raises ValueError."""
        if numbers.size == 0 or not numbers.any():
            return cls(0.0, np.zeros(COUNT), np.zeros(COUNT))
        if numbers.size != SIZE:
            raise ValueError(f"baseline has {numbers.size} numbers; send the {SIZE} of an answer, or none")
        seconds, *rest = numbers.reshape(-1).astype(np.float64)
        means, variances = np.array(rest[:COUNT]), np.array(rest[COUNT:])
        if not np.isfinite(numbers).all() or seconds < 0 or (variances < 0).any():
            raise ValueError("baseline is none: send the numbers of an answer, or none")
        return cls(min(float(seconds), MEMORY_S), means, variances)

    def numbers(self) -> NDArray[np.float32]:
        """As `parsed` takes it."""
        return np.concatenate([[self.seconds], self.means, self.variances]).astype(np.float32)

    def heard(self, prosody: Prosody, seconds: float) -> Baseline:
        """With one more piece of speech."""
        share = seconds / (self.seconds + seconds)
        difference = np.array(prosody) - self.means
        variances = (1 - share) * (self.variances + share * difference**2)
        return Baseline(min(self.seconds + seconds, MEMORY_S), self.means + share * difference, variances)

    def arousal(self, prosody: Prosody) -> float:
        """0 to 1, 0.5 in a speaker's own middle."""
        return 1 / (1 + math.exp(-STEEPNESS * float(WEIGHTS @ self._scores(prosody))))

    def _scores(self, prosody: Prosody) -> NDArray[np.float64]:
        """In standard deviations, of what was heard and what is known of people."""
        share = self.seconds / (self.seconds + PRIOR_S)
        means = share * self.means + (1 - share) * PRIOR_MEANS
        apart = share * (1 - share) * (self.means - PRIOR_MEANS) ** 2 if self.seconds else 0.0
        variances = share * self.variances + (1 - share) * PRIOR_DEVIATIONS**2 + (1 - share) * apart
        scores: NDArray[np.float64] = (np.array(prosody) - means) / np.maximum(
            np.sqrt(variances), LEAST_DEVIATIONS
        )
        return scores

    @property
    def known(self) -> float:
        """How well the speaker is known, 0 to 1."""
        return self.seconds / (self.seconds + PRIOR_S)
