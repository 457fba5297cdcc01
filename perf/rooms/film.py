"""The video of a room: each frame sent at the moment at which it was taken, whatever became of the last."""

import asyncio
import time
from collections.abc import Sequence

from liveroom import AsyncRoom


class Film:
    """Frames of a room, over and over, for some seconds.

    pictures: encoded. per_second: of them. began: the moment of `time.perf_counter()` at which the first is
    taken. seconds: of the film. first: which of the pictures it begins with.

    lateness_s: of each frame that was waited for, how much later than it should it was sent.
    """

    def __init__(
        self, pictures: Sequence[bytes], per_second: float, began: float, seconds: float, first: int
    ) -> None:
        self._pictures = pictures
        self._rate = per_second
        self._began = began
        self._seconds = seconds
        self._first = first
        self._room: AsyncRoom | None = None
        self._sent = 0
        self._told = (0, 0)
        self.lateness_s: list[float] = []

    async def shoot(self, room: AsyncRoom) -> None:
        """Sends the frames to the end of the film. Raises LiveroomError where one was refused."""
        self._room = room
        while (pts := self._sent / self._rate) < self._seconds:
            due = self._began + pts
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
                self.lateness_s.append(time.perf_counter() - due)
            await room.frame(self._pictures[(self._first + self._sent) % len(self._pictures)], pts)
            self._sent += 1

    def counted(self) -> tuple[int, int]:
        """Frames that were sent, and frames that were dropped, since the last call."""
        dropped = self._room.frames_dropped if self._room else 0
        before, self._told = self._told, (self._sent, dropped)
        return self._sent - before[0], dropped - before[1]
