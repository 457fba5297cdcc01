"""Check a clip and bring it to what the models listen to: float32 mono at 16 kHz, padded with silence."""

import numpy as np
from numpy.typing import NDArray

from serving_common.clip import resampled
from serving_common.speech import SAMPLE_RATE
from waveform.contexts import LONGEST, TAIL, Context, context_for


def normalize(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], float]:
    """A clip [N] at `rate` Hz -> the windows of its waveform at 16 kHz, and its length in seconds.

    Raises:
        AudioError: it can't be taken.
    """
    clip, seconds = resampled(samples, rate, LONGEST, f"asr takes at most {LONGEST} s, a room any length")
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
