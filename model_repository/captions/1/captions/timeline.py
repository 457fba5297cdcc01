"""Samples of a room counted at 16 kHz, and the time on the room's own clock at which each was heard."""

import bisect
import math

from serving_common.speech import SAMPLE_RATE

TOLERANCE = 0.25
"""Seconds by which a chunk's time may differ from where the last one ended: jitter, not a gap."""
JITTER = 0.02
"""Seconds of difference that are left as they are."""
PULL = 0.1
"""How much of a larger one is taken over at once: a step of 25 ms at most."""


class PtsError(ValueError):
    """A chunk's time cannot be right; the message names it and what was expected."""


class Timeline:
    """Maps samples to seconds through anchors; times never run backwards."""

    def __init__(self, pts: float) -> None:
        """`pts` is the time of sample 0."""
        if not math.isfinite(pts):
            raise PtsError(f"pts is {pts}; it must be a finite number of seconds")
        self._samples = [0]
        self._times = [pts]

    def arrive(self, sample: int, pts: float) -> float:
        """A chunk stamped `pts` begins at `sample`. Returns the seconds of silence missing before it, or 0.

        Small differences pull the timeline a little their way each time, so that a clock that runs slower or
        faster than the samples is followed. Raises PtsError where the chunk lies in time already heard;
        nothing has changed then.
        """
        expected = self.at(sample)
        if not math.isfinite(pts):
            raise PtsError(f"pts is {pts}; it must be a finite number of seconds")
        if pts < expected - TOLERANCE:
            raise PtsError(
                f"pts {pts:.3f} s lies before {expected:.3f} s, up to where audio was already received; "
                "each chunk starts where the last one ended"
            )
        if pts > expected + TOLERANCE:
            return pts - expected
        if abs(pts - expected) > JITTER:
            self.anchor(sample, expected + PULL * (pts - expected))
        return 0.0

    def anchor(self, sample: int, pts: float) -> None:
        """From `sample` on, time is counted from `pts`; of these anchors the last thousand are kept."""
        self._samples.append(sample)
        self._times.append(pts)
        del self._samples[:-1000], self._times[:-1000]

    def at(self, sample: int) -> float:
        """Time in seconds of a sample."""
        index = max(0, bisect.bisect_right(self._samples, sample) - 1)
        return self._times[index] + (sample - self._samples[index]) / SAMPLE_RATE
