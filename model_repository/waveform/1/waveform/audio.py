"""Check a clip and bring it to what the models listen to: float32 mono at 16 kHz, padded with silence."""

import numpy as np
import soxr
from numpy.typing import NDArray

from serving_common.speech import HIGHEST_RATE, LOUDEST, LOWEST_RATE, SAMPLE_RATE
from waveform.contexts import LONGEST, TAIL, Context, context_for


class AudioError(ValueError):
    """The clip cannot be taken; the message names the value and what would be right."""


def normalize(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], float]:
    """A clip [N] at `rate` Hz -> the windows of its waveform at 16 kHz, and its length in seconds."""
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
    if loudest > LOUDEST:
        raise AudioError(
            f"audio reaches {loudest:.4g}; float samples must lie in [-1, 1] (divide int16 by 32768)"
        )
    if loudest > 1:
        samples = np.clip(samples, -1, 1)
    clip = samples if rate == SAMPLE_RATE else soxr.resample(samples, rate, SAMPLE_RATE)
    return _laid_out(clip, context_for(seconds)), seconds


def _laid_out(clip: NDArray[np.float32], context: Context) -> NDArray[np.float32]:
    """The windows of a clip at 16 kHz, each padded with silence."""
    windows = np.zeros((context.windows, context.samples // context.windows), np.float32)
    most = windows.shape[1] - TAIL * SAMPLE_RATE
    for left, window in zip(range(context.windows - 1, -1, -1), windows, strict=True):
        size = _quiet_place(clip, len(clip) - left * most, most) if left else min(len(clip), len(window))
        window[:size] = clip[:size]
        clip = clip[size:]
    return windows.reshape(-1)


def _quiet_place(clip: NDArray[np.float32], lowest: int, highest: int) -> int:
    """The middle of the quietest 0.1 s of a clip between two places at which it may be cut."""
    frame = SAMPLE_RATE // 10
    lowest = max(lowest, 0)
    energy = np.square(clip[lowest:highest], dtype=np.float64).cumsum()
    if len(energy) <= frame:
        return min((lowest + highest) // 2, len(clip))
    return lowest + int((energy[frame:] - energy[:-frame]).argmin()) + frame // 2
