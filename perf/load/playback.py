"""A recording given out as a live room would be: each chunk when its last sample has been spoken."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CHUNK_S = 0.25
_SAME_S = 0.005
"""A moment this little after a chunk's end belongs to that chunk: servers count in other units."""


class Playback:
    """Plays blocks of float32 audio as int16 chunks, and remembers when each moment of it was spoken.

    The pace is an open loop: a chunk that was taken late does not put off the ones after it, so what `since`
    and `since_due` measure includes everything that a slow server holds up.

    Args:
        blocks: mono [n] in [-1, 1].
        sample_rate: Hz.
        pace: 1 for real time, 0 for as fast as chunks are taken.
        began: the moment of `time.perf_counter()` at which the first sample is spoken; by default when
            the first chunk is asked for.
        int16: False sends float32 as it is.

    Attributes:
        lateness_s: of each chunk that was waited for, how much later than it should it was given out,
            which is the fault of the player and not of the server.
        sent_after_s: of each chunk, the time from when it was due until it had been taken, whoever's
            fault it was.
    """

    def __init__(
        self,
        blocks: Iterable[Floats],
        sample_rate: int,
        pace: float,
        *,
        began: float | None = None,
        int16: bool = True,
    ) -> None:
        self._blocks = blocks
        self.sample_rate = sample_rate
        self.pace = pace
        self._start = began
        self._began = began or 0.0
        self._int16 = int16
        self._ends: list[float] = []
        self._given: list[float] = []
        self.lateness_s: list[float] = []
        self.sent_after_s: list[float] = []

    @property
    def duration(self) -> float:
        """Seconds of audio given out so far."""
        return self._ends[-1] if self._ends else 0.0

    async def chunks(self) -> AsyncGenerator[NDArray[np.int16] | Floats, None]:
        """The chunks [n]; the clock runs from `began`, or from when the first one is asked for."""
        self._began = time.perf_counter() if self._start is None else self._start
        samples = 0
        for block in self._blocks:
            samples += len(block)
            end = samples / self.sample_rate
            due = self._began + end / self.pace if self.pace else time.perf_counter()
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
                self.lateness_s.append(time.perf_counter() - due)
            self._ends.append(end)
            self._given.append(time.perf_counter())
            yield np.clip(np.rint(block * 32768), -32768, 32767).astype(np.int16) if self._int16 else block
            self.sent_after_s.append(time.perf_counter() - due)

    def since(self, pts: float) -> float:
        """Seconds from the moment `pts` (seconds of audio) was spoken until now.

        At pace 0 nobody speaks: from the moment the chunk with `pts` in it was given out.
        """
        if not self.pace:
            return self.since_due(pts)
        return time.perf_counter() - (self._began + pts / self.pace)

    def since_due(self, pts: float) -> float:
        """Seconds from when the chunk with `pts` in it was due until now: filling the chunk is left out.

        At pace 0 a chunk is due when it is given out.
        """
        at = min(bisect_left(self._ends, pts - _SAME_S), len(self._ends) - 1)
        due = self._began + self._ends[at] / self.pace if self.pace else self._given[at]
        return time.perf_counter() - due


def percentiles(values: Sequence[float]) -> Mapping[str, float | None]:
    """p50, p95 and p99 of values, linearly interpolated; None where there is nothing."""
    names = {"p50": 50, "p95": 95, "p99": 99}
    if not values:
        return dict.fromkeys(names)
    return {name: round(float(np.percentile(values, q)), 4) for name, q in names.items()}
