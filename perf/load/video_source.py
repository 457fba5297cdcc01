"""The video of a room: each frame sent when a camera would take it, whatever became of the last one."""

import asyncio
import time
from collections.abc import Callable, Sequence

from liveroom import AsyncRoom


class VideoSource:
    """Frames of a clip, over and over.

    Args:
        pictures: encoded files that are taken in turn.
        per_second: frames a second on the room's clock.
        since: seconds from a moment of the room's clock until now, negative before it, as `Playback.since`.
        seconds: length of the video.
        first: which of the pictures it begins with.

    Attributes:
        sent: frames so far.
        lateness_s: of each frame that was waited for, how much later than it should it was sent.
    """

    def __init__(
        self,
        pictures: Sequence[bytes],
        per_second: float,
        since: Callable[[float], float],
        *,
        seconds: float = float("inf"),
        first: int = 0,
    ) -> None:
        self._pictures = pictures
        self._rate = per_second
        self._since = since
        self._seconds = seconds
        self._first = first
        self._sent_at: dict[float, float] = {}
        self.sent = 0
        self.lateness_s: list[float] = []

    async def play(self, room: AsyncRoom) -> None:
        """Sends every frame at its moment, to the end of the video.

        Raises:
            LiveroomError: a frame was refused.
        """
        while self._next < self._seconds:
            ahead = -self._since(self._next)
            if ahead > 0:
                await asyncio.sleep(ahead)
                self.lateness_s.append(self._since(self._next))
            await self._send(room)

    async def catch_up(self, room: AsyncRoom) -> None:
        """Sends the frames of what has been spoken so far: for rooms that are played at no pace."""
        while self._next < min(room.pts, self._seconds):
            await self._send(room)

    def since_sent(self, pts: float) -> float:
        """Seconds since the frame of that moment was handed to the client; asked once a frame."""
        return time.perf_counter() - self._sent_at.pop(pts)

    @property
    def _next(self) -> float:
        return self.sent / self._rate

    async def _send(self, room: AsyncRoom) -> None:
        self._sent_at[self._next] = time.perf_counter()
        await room.send_frame(self._pictures[(self._first + self.sent) % len(self._pictures)], self._next)
        self.sent += 1
