"""The chat of a live room: opened with its first line, beside the room's audio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from ._any_model import opened_stream
from ._chat import MODEL, Chat
from ._chat_events import ChatEvent, ChatLine
from ._chat_request import check_line, check_settings
from ._config import Limits, Timeouts
from ._errors import LiveroomError
from ._transport import Transport


class RoomChat:
    """Counts lines, gives them the room's time, and hands them to `Chat`.

    Args:
        transport: the channels to the servers.
        room_id: for the log.
        tell: takes what becomes of lines.
        over: told why, when the chat is over before its end.
        settings: see `AsyncClient.room`.
        limits: of its stream, like `timeouts`.

    Raises:
        InvalidInput: `settings` can't be written as JSON.
    """

    def __init__(
        self,
        transport: Transport,
        room_id: str,
        tell: Callable[[ChatEvent], Awaitable[None]],
        over: Callable[[LiveroomError], Awaitable[None]],
        settings: Mapping[str, object] | None,
        limits: Limits,
        timeouts: Timeouts,
    ) -> None:
        self._settings = check_settings(settings)
        one = partial(opened_stream, transport, MODEL, limits, timeouts)
        stream = partial(one, sequence=True, marks=True, seconds=timeouts.stall)
        self._opened = partial(
            Chat, stream, room_id, tell, over, timeouts=timeouts, retries=transport.retries
        )
        self._chat: Chat | None = None
        self._pts = 0.0
        self._count = 0

    async def send(
        self, text: str, viewer: str, role: str, pts: float | None, line_id: str, room_pts: float
    ) -> str:
        """Send a line, at `room_pts` or the time of the line before where it has none; returns its id."""
        at = max(room_pts, self._pts) if pts is None else float(pts)
        line = check_line(ChatLine(line_id or f"chat-{self._count + 1}", viewer, role, text, at))
        self._count += 1
        self._pts = max(self._pts, at)
        await self._open().send(line)
        return line.id

    async def configure(self, settings: Mapping[str, object]) -> None:
        """From the next line on, `settings` hold; of `resolve` alone, those before."""
        await self._open().change(check_settings(settings))

    def _open(self) -> Chat:
        """The chat, which finds a server with its first line."""
        self._chat = self._chat or self._opened(self._settings)
        return self._chat

    async def finish(self) -> LiveroomError | None:
        """Wait until every line has been answered; what went wrong, where `send` has not told already."""
        if self._chat is None:
            return None
        await self._chat.finish()
        return self._chat.told()

    async def cancel(self) -> None:
        """Drop what has not been answered."""
        if self._chat:
            await self._chat.cancel()
