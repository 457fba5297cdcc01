"""The real Fourier transform as matrices, so that spectra are ordinary matrix products in an ONNX graph."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def periodic_hann(length: int) -> Matrix:
    """The Hann window whose shifted copies add up to a constant."""
    window: Matrix = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return window


def analysis(window: Matrix) -> Matrix:
    """Rows that give the real parts, then the imaginary parts, of a windowed frame's spectrum: [N + 2, N]."""
    angle = _angles(len(window))
    rows: Matrix = np.concatenate([np.cos(angle), -np.sin(angle)]) * window
    return rows


def synthesis(window: Matrix) -> Matrix:
    """Columns that turn such a spectrum back into a windowed frame: [N, N + 2]."""
    length = len(window)
    angle = _angles(length)
    # All but the first and the last frequency stand for a conjugate pair.
    pair = np.full((length // 2 + 1, 1), 2.0)
    pair[0] = pair[-1] = 1.0
    columns: Matrix = (np.concatenate([pair * np.cos(angle), -pair * np.sin(angle)]) * window / length).T
    return columns


def _angles(length: int) -> Matrix:
    angles: Matrix = 2 * np.pi * np.outer(np.arange(length // 2 + 1), np.arange(length)) / length
    return angles
