"""Events received and not yet read."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TypeAlias

from ._chat_events import ChatEvent
from ._faces import FrameResult
from ._types import Caption

Event: TypeAlias = Caption | FrameResult | ChatEvent

_KEPT = ("final", "moderated", "suggestion")
"""Kinds of which none is dropped."""
_PARTIAL = ("partial", "")


class EventQueue:
    """A bounded queue that drops no final caption and no line of chat; of all else it keeps the newest.

    A room has one open segment at a time, so a newer partial replaces an unread one, and a final replaces
    the unread partial of the segment that it closes. While `limit` of those that are kept are unread, the
    next one waits; nothing else ever does.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: deque[Event] = deque()
        self._newest: dict[tuple[str, str], Event] = {}  # a kind keeps its place, so none starves another
        self._closed = False
        self._error: Exception | None = None
        self._changed = asyncio.Condition()

    @property
    def full(self) -> bool:
        """Whether the next one that is kept has to wait for the reader."""
        return len(self._kept) >= self._limit

    async def put(self, event: Event) -> None:
        """Add `event`, waiting for room if it is one that is kept."""
        async with self._changed:
            if event.kind in _KEPT:
                await self._changed.wait_for(lambda: not self.full)
                partial = self._newest.get(_PARTIAL)
                if event.kind == "final" and partial and partial.pts_start < event.pts_end:
                    del self._newest[_PARTIAL]
                self._kept.append(event)
            else:
                self._newest[event.kind, event.who if event.kind == "mood" else ""] = event
            self._changed.notify_all()

    async def get(self) -> Event | None:
        """The next event: what is kept in its order, then what is newest; None when closed and empty.

        Raises:
            Exception: what the queue was closed with, after everything unread has been read.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._kept or self._newest or self._closed)
            if self._kept:
                self._changed.notify_all()
                return self._kept.popleft()
            if self._newest:
                return self._newest.pop(next(iter(self._newest)))
            if self._error:
                raise self._error.with_traceback(None)
            return None

    async def close(self, error: Exception | None = None) -> None:
        """Nothing more will come, because of `error` if there is one; the first call counts."""
        async with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
            self._changed.notify_all()
