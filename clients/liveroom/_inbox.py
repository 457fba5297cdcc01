"""Captions received and not yet read."""

from __future__ import annotations

import asyncio
from collections import deque

from ._types import Caption


class Inbox:
    """A bounded queue that never drops a final caption and keeps only the newest partial.

    A room has one open segment at a time, so a newer partial replaces an unread one, and a final replaces
    the unread partial of the segment that it closes. While `limit` finals are unread, the next one waits.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._finals: deque[Caption] = deque()
        self._partial: Caption | None = None
        self._closed = False
        self._error: Exception | None = None
        self._changed = asyncio.Condition()

    @property
    def full(self) -> bool:
        """Whether the next final has to wait for the reader."""
        return len(self._finals) >= self._limit

    async def put(self, caption: Caption) -> None:
        """Add `caption`, waiting for room if it is final."""
        async with self._changed:
            if caption.is_final:
                await self._changed.wait_for(lambda: not self.full)
                if self._partial and self._partial.pts_start < caption.pts_end:
                    self._partial = None
                self._finals.append(caption)
            else:
                self._partial = caption
            self._changed.notify_all()

    async def get(self) -> Caption | None:
        """The next caption: finals in their order, then the newest partial; None when closed and empty.

        Raises:
            Exception: what the inbox was closed with, after everything unread has been read.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._finals or self._partial or self._closed)
            if self._finals:
                self._changed.notify_all()
                return self._finals.popleft()
            if self._partial:
                partial, self._partial = self._partial, None
                return partial
            if self._error:
                raise self._error.with_traceback(None)
            return None

    async def close(self, error: Exception | None = None) -> None:
        """Nothing more will come, because of `error` if there is one; the first call counts."""
        async with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
            self._changed.notify_all()
