"""Whisper's constants of the front end, and its mel filters in float64."""

import numpy as np

from evaluation.speech import SAMPLE_RATE
from exporters.fourier import Matrix

FFT = 400
HOP = 160


def mel_filters(bands: int) -> Matrix:
    """Triangular filters of equal area on Slaney's mel scale: [bands, 201].

    Slaney, Auditory Toolbox (1998), as in ``librosa.filters.mel(htk=False, norm="slaney")``: linear at
    200/3 Hz a mel up to 1 kHz, above it logarithmic with 27 mels to a factor of 6.4.
    """
    edges = _hertz(np.linspace(0.0, _mel(SAMPLE_RATE / 2), bands + 2))
    frequencies = np.linspace(0.0, SAMPLE_RATE / 2, FFT // 2 + 1)
    low, center, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (frequencies - low) / (center - low)
    falling = (high - frequencies) / (high - center)
    triangles: Matrix = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low)
    return triangles


_HERTZ_PER_MEL = 200.0 / 3.0
_KNEE_HERTZ = 1000.0
_KNEE_MEL = _KNEE_HERTZ / _HERTZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def _mel(hertz: float) -> float:
    """The mel of a frequency above the knee."""
    return float(_KNEE_MEL + np.log(hertz / _KNEE_HERTZ) / _LOG_STEP)


def _hertz(mel: Matrix) -> Matrix:
    above = _KNEE_HERTZ * np.exp(_LOG_STEP * (mel - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * _HERTZ_PER_MEL, above)
