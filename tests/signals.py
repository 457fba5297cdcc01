"""Sound in which nobody speaks: float32 mono at 16 kHz, the same at every call."""

import numpy as np
from numpy.typing import NDArray

RATE = 16_000

Floats = NDArray[np.float32]


def silence(seconds: float) -> Floats:
    """Zeros."""
    return np.zeros(round(seconds * RATE), np.float32)


def white_noise(seconds: float, level: float = 0.05) -> Floats:
    """Gaussian noise of standard deviation `level`."""
    noise = np.random.default_rng(0).standard_normal(round(seconds * RATE)) * level
    return noise.clip(-1, 1).astype(np.float32)


def tones(seconds: float, *hertz: float, level: float = 0.3) -> Floats:
    """Steady sines together."""
    time = np.arange(round(seconds * RATE)) / RATE
    mixed = sum(np.sin(2 * np.pi * each * time) for each in hertz) / len(hertz)
    return np.asarray(level * mixed, np.float32)


def hum(seconds: float) -> Floats:
    """Mains hum with its harmonics."""
    return tones(seconds, 50, 100, 150, 250, level=0.2)


def music(seconds: float) -> Floats:
    """Chords of decaying notes, two a second, over a bass: a melody without words."""
    generator = np.random.default_rng(1)
    time = np.arange(RATE // 2) / RATE
    played: list[NDArray[np.float64]] = []
    while len(played) < 2 * seconds:
        notes = 220 * 2 ** (generator.choice([0, 2, 4, 5, 7, 9, 11, 12], 3) / 12)
        chord = sum(np.sin(2 * np.pi * note * time) + 0.3 * np.sin(4 * np.pi * note * time) for note in notes)
        played.append(chord * np.exp(-3 * time) / 6 + 0.1 * np.sin(2 * np.pi * 55 * time))
    return np.asarray(0.6 * np.concatenate(played)[: round(seconds * RATE)], np.float32)
