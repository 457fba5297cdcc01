"""The chat of a room: each line sent when its viewer would have written it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from liveroom import AsyncRoom
from liveroom.cli._chat_log import Row, rows


class ChatSource:
    """Lines of a log, once.

    Args:
        lines: with their times, which do not run backwards.
        since: seconds from a moment of the room's clock until now, negative before it, as `Playback.since`.

    Attributes:
        sent: lines so far.
    """

    def __init__(self, lines: Sequence[Row], since: Callable[[float], float]) -> None:
        self._lines = lines
        self._since = since
        self.sent = 0

    async def play(self, room: AsyncRoom) -> None:
        """Sends every line at its moment.

        Raises:
            LiveroomError: the chat is over.
        """
        while self.sent < len(self._lines):
            if (ahead := -self._since(self._next)) > 0:
                await asyncio.sleep(ahead)
            await self._send(room)

    async def catch_up(self, room: AsyncRoom) -> None:
        """Sends the lines of what has been spoken so far: for rooms that are played at no pace."""
        while self.sent < len(self._lines) and self._next < room.pts:
            await self._send(room)

    @property
    def _next(self) -> float:
        return self._lines[self.sent].time_s or 0.0

    async def _send(self, room: AsyncRoom) -> None:
        line = self._lines[self.sent]
        await room.send_chat(line.text, viewer=line.viewer, role=line.role, pts=self._next)
        self.sent += 1


def read(path: Path) -> list[Row]:
    """The lines of a log.

    Raises:
        InvalidInput: it is not as `liveroom chat` takes it, or its lines have no times.
        OSError: it can't be read.
    """

    async def lines() -> list[Row]:
        return [row async for row in rows(_whole(path), path.name, "utf-8")]

    return asyncio.run(lines())


async def _whole(path: Path) -> AsyncIterator[bytes]:
    yield path.read_bytes()
