"""How something is said: pitch and its spread, voice quality, rate, level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving_common.speech import SAMPLE_RATE

HOP = 256
"""Samples of a frame of `pitch`."""
VOICED = 0.5
"""Confidence of the pitch from which on a frame is a voice, by the author of SwiftF0."""
LEAST_S = 0.15
"""Seconds of voice by which anything can be told; who speaks low has little of it."""
_WINDOW = 512
_SPLIT, _TOP = 1000.0, 5000.0
"""Hz: the energy between them against the energy below tells a tense voice from a lax one. The alpha ratio of
GeMAPS (Eyben et al. 2016, doi 10.1109/TAFFC.2015.2457417), which takes 50 to 1000 Hz below."""
_LOUD_DB = 25.0
"""A syllable's peak is at most so far below the loudest frame."""

Floats = NDArray[np.float32]


class Prosody(NamedTuple):
    """Of one piece of speech, each larger where a speaker is more excited.

    Attributes:
        pitch: median, in semitones above 100 Hz.
        spread: of the pitch, from the 10th to the 90th percentile, in semitones.
        alpha: energy at 1 to 5 kHz over the energy below, in dB, of voiced frames.
        rate: peaks of the envelope a second of speech, about syllables.
        level: of voiced frames, in dB of full scale.
    """

    pitch: float
    spread: float
    alpha: float
    rate: float
    level: float


def prosody(
    audio: Floats, pitch: Floats, confidence: Floats, speech: NDArray[np.bool_]
) -> tuple[Prosody, float] | None:
    """Of audio [N] at 16 kHz, with pitch in Hz and its confidence [F], and whether somebody speaks [F].

    Returns:
        The prosody and the seconds of voice that it is of; None where there are too few.
    """
    frames = min(len(pitch), len(speech))
    voiced = (confidence[:frames] >= VOICED) & speech[:frames]
    seconds = float(voiced.sum()) * HOP / SAMPLE_RATE
    if seconds < LEAST_S:
        return None
    windows = _windows(audio, frames)
    power = np.square(windows).mean(1) + 1e-10
    spectrum = np.square(np.abs(np.fft.rfft(windows[voiced] * np.hanning(_WINDOW))))
    hertz = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)
    below = spectrum[:, hertz < _SPLIT].sum(1) + 1e-12
    above = spectrum[:, (hertz >= _SPLIT) & (hertz < _TOP)].sum(1) + 1e-12
    semitones = 12 * np.log2(pitch[:frames][voiced] / 100)
    low, middle, high = np.percentile(semitones, (10, 50, 90))
    found = Prosody(
        pitch=float(middle),
        spread=float(high - low),
        alpha=float(np.mean(10 * np.log10(above / below))),
        rate=_peaks(10 * np.log10(power)) / (float(speech[:frames].sum()) * HOP / SAMPLE_RATE),
        level=float(10 * np.log10(power[voiced].mean())),
    )
    return found, seconds


def _windows(audio: Floats, frames: int) -> NDArray[np.float64]:
    """The 32 ms around each frame [F,512]."""
    padded = np.pad(audio.astype(np.float64), (_WINDOW // 2, _WINDOW + HOP * frames))
    every: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][:frames]
    return every


def _peaks(level: NDArray[np.float64]) -> int:
    """How often the smoothed level rises by 3 dB to a peak, in dB."""
    smooth = np.convolve(level, np.ones(3) / 3, "same")
    near = np.lib.stride_tricks.sliding_window_view(np.pad(smooth, 8, mode="edge"), 17)
    peak = smooth == near[:, 6:11].max(1)
    return int(np.sum(peak & (smooth > smooth.max() - _LOUD_DB) & (smooth - near.min(1) > 3)))
