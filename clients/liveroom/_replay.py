"""What a room has said since its last final caption: kept, to be said again to another server."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from ._audio import Samples

TOLERANCE = 0.25
JITTER = 0.02
PULL = 0.1
"""How `captions` follows a room's clock (its `timeline.py`, in seconds); a test compares."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One request of a room.

    Attributes:
        number: counts the room's requests.
        samples: [n]; none in the request that only ends the room.
        rate: Hz.
        pts: seconds on the room's clock of the first sample, to be sent.
        heard: the same as the server counts it, which follows jitter only slowly.
        last: whether the room ends with it.
    """

    number: int
    samples: Samples
    rate: int
    pts: float
    heard: float
    last: bool = False

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.samples) / self.rate

    def after(self, moment: float) -> Piece:
        """What of it is heard from `moment` on, stamped with the time at which it is heard."""
        skip = round(min(max(0.0, moment - self.heard), self.seconds) * self.rate)
        heard = self.heard + skip / self.rate
        return replace(self, samples=self.samples[skip:], pts=heard, heard=heard)


class Replay:
    """The pieces of a room that a server may still have to hear, in order, and how far they have been sent.

    What comes before `done` is let go: every caption of it has been received. Past `limit` seconds the oldest
    that was sent is let go too, and counts as lost if it turns out to be needed.

    Attributes:
        done: seconds on the room's clock.
        lost_s: seconds of audio that no server could be told again.
        added: how many pieces there have been.
    """

    def __init__(self, limit: float) -> None:
        self.done = -math.inf
        self.lost_s = 0.0
        self._limit = limit
        self._pieces: deque[Piece] = deque()
        self._held = 0.0
        self._sent = 0  # of `_pieces`, the first ones
        self.added = 0
        self._expected: float | None = None
        self._gone = (0.0, -math.inf)  # seconds let go before they were done, and where they ended

    @property
    def waiting(self) -> int:
        """How many pieces are still to be sent."""
        return len(self._pieces) - self._sent

    @property
    def first(self) -> float:
        """When the earliest piece begins; infinity where there is none."""
        return self._pieces[0].heard if self._pieces else math.inf

    def add(self, samples: Samples, rate: int, pts: float, *, last: bool = False) -> None:
        """Keep a copy of `samples`, to be sent after all that was added before."""
        self.added += 1
        piece = Piece(self.added, samples.copy(), rate, pts, self._heard(pts), last)
        if self._expected is None or pts >= self._expected - TOLERANCE:  # the server refuses what is earlier
            self._expected = piece.heard + piece.seconds
        self._pieces.append(piece)
        self._held += piece.seconds
        while self._held > self._limit and self._sent:
            gone = self._pop()
            self._gone = self._gone[0] + gone.seconds, gone.heard + gone.seconds

    def next(self) -> Piece:
        """The next piece to be sent; it counts as sent then."""
        self._sent += 1
        return self._pieces[self._sent - 1]

    def finished(self, pts: float) -> None:
        """Everything before `pts` has its captions, and they have been received."""
        self.done = max(self.done, pts)
        while self._sent and not (first := self._pieces[0]).last and first.heard + first.seconds <= self.done:
            self._pop()
        if self.done >= self._gone[1]:
            self._gone = 0.0, -math.inf

    def refused(self, number: int) -> None:
        """The server takes piece `number` for wrong, and so would any other."""
        for at, piece in enumerate(self._pieces):
            if piece.number == number:
                del self._pieces[at]
                self._sent -= at < self._sent
                self._held -= piece.seconds
                return

    def rewind(self) -> None:
        """Begin again at `done`, for another server."""
        self._sent = 0
        self.lost_s += self._gone[0]
        self._gone = 0.0, -math.inf
        self._pieces = deque(piece.after(self.done) for piece in self._pieces)
        self._held = sum(piece.seconds for piece in self._pieces)

    def _heard(self, pts: float) -> float:
        """When the server takes a chunk stamped `pts` to begin."""
        if self._expected is None or abs(pts - self._expected) > TOLERANCE:
            return pts
        if abs(pts - self._expected) <= JITTER:
            return self._expected
        return self._expected + PULL * (pts - self._expected)

    def _pop(self) -> Piece:
        piece = self._pieces.popleft()
        self._sent -= 1
        self._held -= piece.seconds
        return piece
