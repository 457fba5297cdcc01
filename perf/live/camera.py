"""A clip given out as a camera would: each frame when it is taken, over and over, beside a room's speech."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from liveroom import AsyncRoom, FrameSeen

from perf.load.playback import Playback


class Camera:
    """Films a room, and counts what was seen.

    pictures: files that are taken in turn. rate: frames a second on the room's clock.

    sent: frames so far. faces, expressions: what the answers showed, the likeliest expression of each face.
    latency_s: of each answer, from when its frame was handed to the client.
    """

    def __init__(self, pictures: Sequence[bytes], rate: float) -> None:
        self._pictures = pictures
        self._rate = rate
        self._handed: dict[float, float] = {}
        self.sent = 0
        self.faces = 0
        self.expressions: Counter[str] = Counter()
        self.latency_s: list[float] = []

    async def film(self, room: AsyncRoom, playback: Playback) -> None:
        """Sends each frame at its moment, until cancelled. Raises LiveroomError when one was refused."""
        while True:
            await asyncio.sleep(max(0.0, -playback.since(self._next)))
            await self._send(room)

    async def catch_up(self, room: AsyncRoom) -> None:
        """Sends the frames of what has been spoken so far: for rooms that are played at no pace."""
        while self._next < room.pts:
            await self._send(room)

    def take(self, frame: FrameSeen) -> None:
        """Counts what a frame shows."""
        self.latency_s.append(time.perf_counter() - self._handed[frame.pts_start])
        self.faces += len(frame.faces)
        self.expressions.update(face.top_expression for face in frame.faces)

    @property
    def _next(self) -> float:
        return self.sent / self._rate

    async def _send(self, room: AsyncRoom) -> None:
        self._handed[self._next] = time.perf_counter()
        await room.frame(self._pictures[self.sent % len(self._pictures)], self._next)
        self.sent += 1
