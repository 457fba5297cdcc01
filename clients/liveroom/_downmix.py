"""The channels of a sound file made one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_CANCELLED = 0.5
"""Channels cancel each other out where their average has less than this part of what the loudest of them
would leave if the others were silent; channels that have nothing in common leave more."""
_HALF_LIFE_S = 0.5
"""How long that is remembered, so that it changes with the recording and not with every block."""


class Downmix:
    """Averages channels; hears the loudest alone where one is another's opposite, as with a miswired cable.

    Args:
        sample_rate: in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._half_life = _HALF_LIFE_S * sample_rate
        self._energies = np.empty(0)
        """[1 + C]: of the average, and of each channel."""

    def __call__(self, channels: Floats) -> Floats:
        """Channels [C, n] as mono [n]."""
        average: Floats = channels.mean(axis=0, dtype=np.float32) if len(channels) > 1 else channels[0]
        if len(channels) == 1:
            return average
        energies = np.array([float(np.vdot(signal, signal)) for signal in (average, *channels)])
        if energies.shape == self._energies.shape:
            energies += self._energies * 0.5 ** (channels.shape[1] / self._half_life)
        self._energies = energies
        loudest: Floats = channels[int(energies[1:].argmax())]
        alone = energies[1:].max() / len(channels) ** 2
        return loudest if energies[0] < _CANCELLED * alone else average
