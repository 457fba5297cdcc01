"""What comes in: chunks as they were sent, made into one continuous 16 kHz signal with a timeline."""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from captions.timeline import Timeline
from serving_common.speech import HIGHEST_RATE, LOUDEST, LOWEST_RATE, SAMPLE_RATE

Floats = NDArray[np.float32]

LONGEST_CHUNK = 30.0
"""Seconds; a longer one is refused, so that one room cannot take the memory of all."""
LONGEST_SILENCE = 1.0
"""Seconds of silence put in the place of missing audio: enough to end a segment."""


class ChunkError(ValueError):
    """A chunk cannot be taken; the message names the value and what would be right."""


@dataclass(frozen=True)
class Chunk:
    """A piece of audio: samples [N], int16 or float32 in [-1, 1], rate in Hz, time of the first in time."""

    samples: NDArray[np.generic]
    rate: int
    pts: float

    def checked(self) -> Floats:
        """The samples as float32; raises ChunkError where they cannot be audio."""
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise ChunkError(
                f"sample_rate is {self.rate}; it must lie between {LOWEST_RATE} and {HIGHEST_RATE} Hz"
            )
        if len(self.samples) > LONGEST_CHUNK * self.rate:
            raise ChunkError(
                f"the chunk is {len(self.samples) / self.rate:.1f} s long; send at most "
                f"{LONGEST_CHUNK:.0f} s at once"
            )
        if self.samples.dtype == np.int16:
            return self.samples.astype(np.float32) / 32768
        samples = self.samples.astype(np.float32, copy=False)
        loudest = float(np.abs(samples).max(initial=0.0))
        if not np.isfinite(loudest):
            raise ChunkError("audio has NaN or infinite samples; send finite samples in [-1, 1]")
        if loudest > LOUDEST:
            raise ChunkError(
                f"audio reaches {loudest:.4g}; float samples must lie in [-1, 1] (send int16 as audio_int16)"
            )
        return np.clip(samples, -1, 1) if loudest > 1 else samples


class AudioInput:
    """Resamples a room's chunks and keeps its timeline."""

    def __init__(self) -> None:
        self._rate = 0
        self._resampler: soxr.ResampleStream | None = None
        self._taken = 0.0
        self.timeline: Timeline | None = None

    def take(self, chunk: Chunk) -> Floats:
        """The 16 kHz samples that a chunk adds, silence for missing audio before it included.

        Raises ChunkError or PtsError; nothing has changed then.
        """
        samples = chunk.checked()
        if self.timeline is None:
            self.timeline = Timeline(chunk.pts)
            self._rate = chunk.rate
            if chunk.rate != SAMPLE_RATE:
                self._resampler = soxr.ResampleStream(chunk.rate, SAMPLE_RATE, 1, dtype="float32")
        if chunk.rate != self._rate:
            raise ChunkError(f"sample_rate is {chunk.rate}, and was {self._rate} when the room was opened")
        missing = self.timeline.arrive(round(self._taken), chunk.pts)
        if missing:
            silence = np.zeros(round(min(missing, LONGEST_SILENCE) * self._rate), np.float32)
            samples = np.concatenate([silence, samples])
            # In its middle: what a segment takes of the silence at either end is timed by its own side.
            half = len(silence) / 2 / self._rate
            self.timeline.anchor(round(self._taken + half * SAMPLE_RATE), chunk.pts - half)
        self._taken += len(samples) * SAMPLE_RATE / self._rate
        return self._resample(samples, last=False)

    @property
    def taken(self) -> int:
        """Samples at 16 kHz that were taken so far, with what the resampler still holds."""
        return round(self._taken)

    def end(self) -> Floats:
        """What the resampler still holds."""
        return self._resample(np.zeros(0, np.float32), last=True)

    def _resample(self, samples: Floats, last: bool) -> Floats:
        if self._resampler is None:
            return samples
        out: Floats = self._resampler.resample_chunk(samples, last=last)
        return out
