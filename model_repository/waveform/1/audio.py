"""Check a clip and bring it to what the models listen to: float32 mono at 16 kHz, padded with silence."""

import numpy as np
import soxr
from contexts import LONGEST, SAMPLE_RATE, context_seconds
from numpy.typing import NDArray

LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000


class AudioError(ValueError):
    """The clip cannot be taken; the message names the value and what would be right."""


def normalise(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], float]:
    """A clip [N] at `rate` Hz -> its waveform at 16 kHz, padded to a context, and its length in seconds."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(f"sample_rate is {rate}; it must lie between {LOWEST_RATE} and {HIGHEST_RATE} Hz")
    if samples.size == 0:
        raise AudioError("audio is empty; send at least one sample")
    seconds = samples.size / rate
    if seconds > LONGEST:
        raise AudioError(f"audio is {seconds:.1f} s long; asr takes at most {LONGEST} s, a room any length")
    if not np.isfinite(samples).all():
        raise AudioError("audio has NaN or infinite samples; send finite samples in [-1, 1]")
    loudest = float(np.abs(samples).max())
    if loudest > 2.0:
        raise AudioError(
            f"audio reaches {loudest:.4g}; float samples must lie in [-1, 1] (divide int16 by 32768)"
        )
    clip = samples if rate == SAMPLE_RATE else soxr.resample(samples, rate, SAMPLE_RATE)
    waveform = np.zeros(context_seconds(seconds) * SAMPLE_RATE, np.float32)
    count = min(len(clip), len(waveform))
    waveform[:count] = clip[:count]
    return waveform, seconds
