"""Cut a room's audio into segments of speech, from the speech probability of each window."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from captions.writing import Shown
from serving_common.speech import LONGEST_SEGMENT, SAMPLE_RATE, SPEECH, VOICE_WINDOW

Floats = NDArray[np.float32]

SILENCE = 0.35
"""Silero's own threshold, too: what began above SPEECH goes on until below it."""


def _windows(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE / VOICE_WINDOW)


ONSET = _windows(0.1)
"""Windows of speech in a row that begin a segment; fewer are a click."""
LEAD = _windows(0.3)
"""Windows kept from before the onset: the first sounds of a word are weak."""
PAUSE = _windows(0.6)
"""Windows of silence that end a segment of up to SHORT; the longer it grows, the fewer it takes."""
LEAST_PAUSE = _windows(0.2)
"""The same for a segment of LONGEST."""
TRAIL = _windows(0.3)
"""Windows of that silence that stay with a segment at most."""
SHORT = _windows(4.0)
LONGEST = _windows(LONGEST_SEGMENT)
"""Windows after which a segment is cut even without a pause, at a quiet place after all stable words."""
STRIDE = _windows(1.0)
"""Windows between two hypotheses of an open segment."""


@dataclass
class Segment:
    """A stretch of speech, open or closed. `start` is its first sample, counted in the room."""

    start: int
    windows: list[Floats] = field(default_factory=list)
    speech: list[float] = field(default_factory=list)
    closed: bool = False
    cut: bool = False
    """Whether it was closed without a pause: then what hypotheses heard may lie beyond its end."""
    stable: str = ""
    hypothesis: str = ""
    heard_language: str = ""
    """Language of the last hypothesis."""
    language: str = ""
    """The same once words of it are stable: it stays."""
    heard: int = 0
    """Windows that the last hypothesis was made of."""
    stable_within: int = 0
    """Windows within which all stable words lie: those of the hypothesis before the last."""
    written: Shown = field(default_factory=Shown)
    """Its stable part as it was shown."""
    shown: bool = False
    """Whether an event has told of it."""
    least: int = 0
    """Windows that it has at least: what another server had heard of it before."""

    @property
    def end(self) -> int:
        """The sample after its last."""
        return self.start + len(self.windows) * VOICE_WINDOW

    @property
    def seconds(self) -> float:
        """Length so far."""
        return self.seconds_of(len(self.windows))

    @staticmethod
    def seconds_of(windows: int) -> float:
        """Length of so many windows."""
        return windows * VOICE_WINDOW / SAMPLE_RATE

    @property
    def heard_out(self) -> bool:
        """Whether the last hypothesis has heard all of its speech."""
        return self.heard > 0 and max(self.speech[self.heard :], default=0.0) <= SILENCE

    @property
    def due(self) -> bool:
        """Whether it is time for another hypothesis: a stride of more speech, or the beginning of a pause.

        A hypothesis made as soon as a pause begins will be the final one if the pause lasts, without a wait.
        """
        if self.heard_out:
            return False
        pausing = max(self.speech[-LEAST_PAUSE:]) <= SILENCE
        return pausing or len(self.windows) - self.heard >= STRIDE

    def audio(self) -> Floats:
        """Its samples so far."""
        return np.concatenate(self.windows)


def _pause(length: int) -> int:
    """Windows of silence that end a segment of `length` windows."""
    grown = min(max(length - SHORT, 0) / (LONGEST - SHORT), 1.0)
    return round(PAUSE - grown * (PAUSE - LEAST_PAUSE))


class Segmenter:
    """Takes windows with their speech probability one by one; `open` is the segment being spoken, if any."""

    def __init__(self, resumed: Segment | None = None) -> None:
        """`resumed`: the segment whose windows come first, where another server had heard of it before."""
        self.open = resumed
        self._sample = 0
        self._before: deque[tuple[Floats, float]] = deque(maxlen=LEAD + ONSET)
        self._run = 0
        """Windows in a row: of speech while none is open, of silence while one is."""

    @property
    def earliest(self) -> int:
        """The first sample that the open segment has, or the next one may have."""
        if self.open is not None:
            return self.open.start
        return self._sample - sum(len(samples) for samples, _ in self._before)

    def feed(self, window: Floats, probability: float) -> Iterator[Segment]:
        """Add one window; yields the segment that it closes, if any."""
        self._sample += len(window)
        if self.open is None:
            self._wait(window, probability)
            return
        self.open.windows.append(window)
        self.open.speech.append(probability)
        self._run = self._run + 1 if probability < SILENCE else 0
        if self._run >= _pause(len(self.open.windows)) and len(self.open.windows) >= self.open.least:
            yield self._close(len(self.open.windows) - max(0, self._run - TRAIL))
        elif len(self.open.windows) >= LONGEST:
            yield self._cut()

    def flush(self) -> Iterator[Segment]:
        """End what is being spoken."""
        if self.open is not None:
            yield self._close(len(self.open.windows))

    def _wait(self, window: Floats, probability: float) -> None:
        """Open a segment once there were enough windows of speech in a row."""
        self._before.append((window, probability))
        self._run = self._run + 1 if probability > SPEECH else 0
        if self._run >= ONSET:
            lead = list(self._before)
            self.open = Segment(self._sample - sum(len(samples) for samples, _ in lead))
            self.open.windows = [samples for samples, _ in lead]
            self.open.speech = [chance for _, chance in lead]
            self._before.clear()
            self._run = 0

    def _close(self, keep: int) -> Segment:
        """Close the open segment after `keep` windows; the rest may lead in the next one."""
        segment = self.open
        assert segment is not None  # noqa: S101 - only called with one open
        self._before.extend(zip(segment.windows[keep:], segment.speech[keep:], strict=True))
        del segment.windows[keep:], segment.speech[keep:]
        segment.closed = True
        self.open = None
        self._run = 0
        return segment

    def _cut(self) -> Segment:
        """Close a long segment at the quietest 0.1 s of its last 3 s; the rest becomes the next one."""
        segment = self.open
        assert segment is not None  # noqa: S101 - only called with one open
        first = min(max(segment.stable_within, LONGEST - 3 * STRIDE), LONGEST - ONSET)
        energy = np.square(segment.windows[first:]).mean(1)
        keep = first + 1 + int(np.convolve(energy, np.ones(ONSET), "same").argmin())
        rest = list(zip(segment.windows[keep:], segment.speech[keep:], strict=True))
        closed = self._close(keep)
        closed.cut, closed.heard = True, 0
        self._before.clear()
        self.open = Segment(closed.end, [w for w, _ in rest], [p for _, p in rest])
        self._run = 0
        return closed
