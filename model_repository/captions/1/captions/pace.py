"""When a room's audio came, and how late what is said of it is."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import NamedTuple

from serving_common.speech import SAMPLE_RATE

AHEAD = 2.0
"""Seconds of audio that a room may have sent before their time. One that sends more plays a file, for which
nobody waits: how late its captions are says nothing, from its beginning on."""
CAUGHT_UP = 60.0
"""The same for a room that another server had before: it brings what had no caption there."""
BEHIND = 60.0
"""Seconds that a room may have been behind, and make up for."""
FORGIVEN = 0.1
"""Of being ahead, for each second that passes: a room that only began late, since no server took it before,
is soon live again, and one whose clock runs faster than ours stays so."""


class Came(NamedTuple):
    """Audio up to a sample, when it was due (seconds of a monotonic clock), and whether it came live."""

    upto: int
    due: float
    live: bool


class Pace:
    """Of one room.

    A chunk is due when it comes. Where chunks before it still waited it was due as soon after them as it is
    long: its client may have held it back until the server took more, and a server must not seem faster for
    being slow (https://github.com/giltene/wrk2, "coordinated omission").
    """

    def __init__(self, moved: bool) -> None:
        """`moved`: another server had the room before."""
        self._moved = moved
        self._most = CAUGHT_UP if moved else AHEAD
        self._ahead = 0.0
        self._last: float | None = None
        self._came: deque[Came] = deque()

    def took(self, at: float, upto: int, waited: bool) -> None:
        """A chunk that came `at` ends with the sample `upto`; `waited`: others waited when it came."""
        before = self._came[-1] if self._came else Came(0, at, True)
        if upto == before.upto:
            return
        seconds = (upto - before.upto) / SAMPLE_RATE
        if self._last is not None:
            self._ahead = max(self._ahead + seconds - (1 + FORGIVEN) * (at - self._last), -BEHIND)
        self._last = at
        due = min(at, before.due + seconds) if waited else at
        live = self._ahead <= self._most
        if not live and before.live and not self._moved:
            self._came = deque(came._replace(live=False) for came in self._came)
        self._came.append(Came(upto, due, live))

    def delay(self, sample: int, now: float) -> float | None:
        """Seconds since the audio before `sample` was due; None where it did not come live."""
        if not self._came:
            return None
        index = bisect_left(self._came, sample, key=lambda came: came.upto)
        came = self._came[min(index, len(self._came) - 1)]
        return max(0.0, now - came.due) if came.live else None

    def forget(self, sample: int) -> None:
        """Nothing before `sample` will be asked for any more."""
        while len(self._came) > 1 and self._came[0].upto < sample:
            self._came.popleft()
