"""Samples of a room counted at 16 kHz, and the time on the room's own clock at which each was heard."""

import bisect
import math

SAMPLE_RATE = 16_000
"""Hz, of all audio inside."""
TOLERANCE = 0.25
"""Seconds by which a chunk's time may differ from where the last one ended: jitter, not a gap."""


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
        """A chunk stamped `pts` begins at `sample`. Returns the seconds of silence missing before it, 0 for
        none.

        Raises PtsError where it lies in time already heard; nothing has changed then.
        """
        expected = self.at(sample)
        if not math.isfinite(pts):
            raise PtsError(f"pts is {pts}; it must be a finite number of seconds")
        if pts < expected - TOLERANCE:
            raise PtsError(
                f"pts {pts:.3f} s lies before {expected:.3f} s, up to where audio was already received; "
                "each chunk starts where the last one ended"
            )
        return pts - expected if pts > expected + TOLERANCE else 0.0

    def anchor(self, sample: int, pts: float) -> None:
        """From `sample` on, time is counted from `pts`; one anchor a gap, of which only the last hundred are
        kept."""
        self._samples.append(sample)
        self._times.append(pts)
        del self._samples[:-100], self._times[:-100]

    def at(self, sample: int) -> float:
        """Time in seconds of a sample."""
        index = max(0, bisect.bisect_right(self._samples, sample) - 1)
        return self._times[index] + (sample - self._samples[index]) / SAMPLE_RATE
