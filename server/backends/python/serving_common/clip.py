"""A clip as a client sends it -> what the models listen to, float32 mono at 16 kHz."""

import numpy as np
import soxr
from numpy.typing import NDArray

from serving_common.speech import HIGHEST_RATE, LOUDEST, LOWEST_RATE, SAMPLE_RATE


class AudioError(ValueError):
    """The clip cannot be taken; the message names the value and what would be right."""


def resampled(
    samples: NDArray[np.float32], rate: int, longest: float, advice: str
) -> tuple[NDArray[np.float32], float]:
    """A clip [N] at `rate` Hz, checked -> the same in [-1, 1] at 16 kHz, and its length in seconds.

    Args:
        samples: mono; what is somewhat louder than 1 is clipped.
        rate: Hz.
        longest: seconds that are taken.
        advice: what to do with a longer one.

    Raises:
        AudioError: it can't be taken.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(f"sample_rate is {rate}; it must lie between {LOWEST_RATE} and {HIGHEST_RATE} Hz")
    if samples.size == 0:
        raise AudioError("audio is empty; send at least one sample")
    seconds = samples.size / rate
    if seconds > longest:
        raise AudioError(f"audio is {seconds:.1f} s long; {advice}")
    if not np.isfinite(samples).all():
        raise AudioError("audio has NaN or infinite samples; send finite samples in [-1, 1]")
    loudest = float(np.abs(samples).max())
    if loudest > LOUDEST:
        raise AudioError(
            f"audio reaches {loudest:.4g}; float samples must lie in [-1, 1] (divide int16 by 32768)"
        )
    if loudest > 1:
        samples = np.clip(samples, -1, 1)
    return samples if rate == SAMPLE_RATE else soxr.resample(samples, rate, SAMPLE_RATE), seconds
