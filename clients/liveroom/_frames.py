"""A room's frames on their way to `vision`: a few in flight, a few waiting, what is too much dropped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

from ._config import Limits
from ._errors import DeadlineExceeded, LiveroomError, ModelUnavailable, Overloaded, ServerUnavailable
from ._event_queue import EventQueue
from ._faces import FrameResult, Vision
from ._gallery import Gallery

log = logging.getLogger(__name__)

Look: TypeAlias = Callable[[bytes], Awaitable[Vision]]
"""Asks once what a picture shows."""


class Frames:
    """Asks for each frame beside the room's stream, so that no frame ever holds audio up.

    Results go to the queue in the order of the frames. With more than `frames_in_flight` under way frames
    wait; with more than `frames_waiting` of those the oldest is dropped. A frame that the server has no time
    for is dropped too. Both are counted. One that is lost with its server goes to another, once, and is
    dropped if that is lost too; before any was answered that is an error. Any other error is kept for the
    next one who asks.

    Args:
        look: asks the server; its errors are typed.
        queue: where results go.
        limits: the two budgets.
        gallery: puts names on faces.
    """

    def __init__(self, look: Look, queue: EventQueue, limits: Limits, gallery: Gallery | None) -> None:
        self._look = look
        self._events = queue
        self._limits = limits
        self._gallery = gallery
        self._waiting: deque[tuple[bytes, float]] = deque()
        self._flying: dict[asyncio.Task[None], None] = {}  # in the order of their frames
        self._refused: deque[LiveroomError] = deque(maxlen=limits.frames_in_flight + limits.frames_waiting)
        self.dropped = 0
        self._answered = False

    def put(self, picture: bytes, pts: float) -> None:
        """Take a frame, and drop one if there are too many now; never waits."""
        self._waiting.append((picture, pts))
        self._fly()
        if len(self._waiting) > self._limits.frames_waiting:
            self._waiting.popleft()
            self._drop("too many waited")

    def refused(self) -> LiveroomError | None:
        """The error of the earliest frame that failed and nobody was told of, once."""
        return self._refused.popleft() if self._refused else None

    async def drain(self, seconds: float) -> None:
        """Wait until every frame has been answered; those that have not been within `seconds` are dropped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._flying:
                    await asyncio.wait(self._flying)
        await self.cancel()

    async def cancel(self) -> None:
        """Drop every frame that has not been answered."""
        self.dropped += len(self._waiting) + len(self._flying)
        self._waiting.clear()
        flying = list(self._flying)
        self._flying.clear()
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)

    def _fly(self) -> None:
        """Send what waits, as far as there is room for it."""
        while self._waiting and len(self._flying) < self._limits.frames_in_flight:
            before = next(reversed(self._flying), None)
            self._flying[asyncio.create_task(self._ask(*self._waiting.popleft(), before))] = None

    async def _ask(self, picture: bytes, pts: float, before: asyncio.Task[None] | None) -> None:
        try:
            try:
                vision = await self._look(picture)
            except ServerUnavailable:  # lost with its server; a picture may be looked at twice
                vision = await self._look(picture)
            self._answered = True
            if before:  # results come in the order of their frames
                await asyncio.wait([before])
            await self._events.put(self._seen(vision, pts))
        except (Overloaded, DeadlineExceeded) as error:
            self._drop(error.code)
        except LiveroomError as error:
            if self._answered and isinstance(error, ServerUnavailable | ModelUnavailable):
                self._drop(error.code)
            else:
                self._refused.append(error)
        finally:
            task = asyncio.current_task()
            if task in self._flying:  # not so once it was cancelled
                del self._flying[task]
                self._fly()

    def _drop(self, why: str) -> None:
        self.dropped += 1
        log.info("a frame was dropped: %s", why)

    def _seen(self, vision: Vision, pts: float) -> FrameResult:
        faces = self._gallery.named(vision.faces) if self._gallery else vision.faces
        return FrameResult(pts, replace(vision, faces=faces))
