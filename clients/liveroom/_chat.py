"""A room's chat on whichever server has it: lines go out in batches, and what becomes of them comes in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from itertools import islice

from . import _fork
from ._chat_events import ChatEvent, ChatLine, chat_event
from ._chat_request import (
    TOGETHER,
    TOGETHER_BYTES,
    Settings,
    changes,
    in_force,
    line_tensors,
    settings_tensor,
    strings,
)
from ._config import Retries, Timeouts
from ._errors import (
    DeadlineExceeded,
    InferenceFailed,
    InvalidInput,
    LiveroomError,
    ServerUnavailable,
    about,
)
from ._logging import hashed
from ._model_stream import AsyncStream
from ._reconnect_policy import ReconnectPolicy
from ._signature import Arrays

log = logging.getLogger(__name__)

MODEL = "chat"
WAITING = 2048
"""Lines, and changes of settings, that may wait for an answer; who sends more waits."""


class Chat:
    """Sends lines in order, and tells of each what became of it, once.

    When a server is lost the next one is told who is blocked and what is held, and gets the lines that were
    not answered.

    Args:
        opened: opens a stream to the model on some server.
        room_id: for the log.
        tell: takes events; while it waits, nothing more is sent.
        over: told why, when the chat is over before its end.
        settings: see `change`.
        timeouts: `stall` bounds how long a server may owe an answer, `reconnect` how long none may be found.
        retries: to be admitted at all.

    Attributes:
        failure: why the chat is over, before its end.
        untold: that, or why settings were refused, as long as nobody has been told.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractAsyncContextManager[AsyncStream]],
        room_id: str,
        tell: Callable[[ChatEvent], Awaitable[None]],
        over: Callable[[LiveroomError], Awaitable[None]],
        settings: Settings,
        timeouts: Timeouts,
        retries: Retries,
    ) -> None:
        self.failure: LiveroomError | None = None
        self.untold: LiveroomError | None = None
        self._opened = opened
        self._room_id = room_id
        self._tell = tell
        self._over = over
        decides = "resolve" in settings
        self._settings: Settings = {} if decides else settings
        self._state = b""
        self._queue: deque[ChatLine | Settings] = deque(changes(settings) if decides else ())
        self._answered = 0
        self._ending = False
        self._changed = asyncio.Condition()
        self._policy = ReconnectPolicy(timeouts.reconnect, retries)
        self._task = asyncio.create_task(self._live(), name=f"liveroom chat {room_id}")

    async def send(self, line: ChatLine) -> None:
        """Take a line, once there is place for it.

        Raises:
            InvalidInput: settings from before are wrong; the line was not taken, and the chat goes on.
            LiveroomError: the chat is over.
        """
        if refused := self.told():
            raise refused.with_traceback(None)
        await self._put(line)

    async def change(self, settings: Settings) -> None:
        """From the next line on, `settings` hold; what they `resolve` is carried out once, whatever comes.

        Raises:
            LiveroomError: the chat is over.
        """
        for each in changes(settings):
            await self._put(each)

    async def _put(self, what: ChatLine | Settings) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.failure or len(self._queue) < WAITING)
            if self.failure:
                self.untold = None
                raise self.failure.with_traceback(None)
            self._queue.append(what)
            self._changed.notify_all()

    def told(self) -> LiveroomError | None:
        """`untold`, once."""
        error, self.untold = self.untold, None
        return error

    async def finish(self) -> None:
        """Wait until every line has been answered, or will not be, see `failure`."""
        async with self._changed:
            self._ending = True
            self._changed.notify_all()
        await asyncio.wait([self._task])

    async def cancel(self) -> None:
        """Drop what has not been answered."""
        if not _fork.lost():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _live(self) -> None:
        try:
            while not await self._stream_once():
                pass
        except LiveroomError as error:
            self.failure = self.untold = about(self._unanswered(error), model=MODEL, room_id=self._room_id)
            log.info("chat of room %s: over (%s)", hashed(self._room_id), error.code)
            await self._over(self.failure)
        finally:
            async with self._changed:
                self._changed.notify_all()

    def _unanswered(self, error: LiveroomError) -> LiveroomError:
        """`error`, with what it cost."""
        count = sum(isinstance(each, ChatLine) for each in self._queue)
        if not count:
            return error
        told = type(error)(f"{error}; lines of chat without an answer: {count}")
        told.request_id = error.request_id
        return told

    async def _stream_once(self) -> bool:
        """Talk to one server until all is said; False where it was lost."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._queue or self._ending)
        if not self._queue:
            return True
        try:
            async with self._opened() as stream:
                return await self._talk(stream)
        except LiveroomError as lost:
            late = isinstance(lost, DeadlineExceeded)  # another one may not hang
            error = ServerUnavailable(str(lost)) if late else lost
            pause = self._policy.pause(error, self._answered)
            log.info("chat of room %s: its stream ended (%s)", hashed(self._room_id), error.code)
            await asyncio.sleep(pause)
            return False

    async def _talk(self, stream: AsyncStream) -> bool:
        """Until all is said; False where settings were refused, which another stream goes on without."""
        new = True  # to a server that knows nothing of the room
        while self._queue or not self._ending:
            change, lines = self._next()
            inputs = line_tensors(lines) if lines else {}
            if new or change is not None:
                inputs["settings"] = settings_tensor(self._settings if change is None else self._with(change))
            if new and self._state:
                inputs["state"] = strings([self._state])
            try:
                answers = await stream.ask(inputs)
            except InvalidInput as error:
                if change is None:
                    raise
                self.untold = about(error, model=MODEL, room_id=self._room_id)
                await self._done(1)
                return False
            if len(answers) != 1:
                raise InferenceFailed(f"chat answered {len(answers)} times: expected once")
            new = False
            if change is not None:
                self._settings = in_force(self._settings, change)
            self._policy.over()
            await self._take(answers[0], lines, len(lines) + (change is not None))
            async with self._changed:
                await self._changed.wait_for(lambda: self._queue or self._ending)
        with contextlib.suppress(LiveroomError):  # a server that is lost now forgets the room by itself
            await stream.ask({"settings": settings_tensor(self._settings)}, end=True)
        return True

    def _with(self, change: Settings) -> Settings:
        """What is sent for `change`: the server takes settings as a whole."""
        decisions = {name: change[name] for name in ("resolve",) if name in change}
        return in_force(self._settings, change) | decisions

    def _next(self) -> tuple[Settings | None, list[ChatLine]]:
        """What goes into the next request: a change that is due, and the lines from there to the next one."""
        change: Settings | None = None
        size = 0
        lines: list[ChatLine] = []
        for each in islice(self._queue, TOGETHER + 1):
            if not isinstance(each, ChatLine):
                if lines or change is not None:
                    break
                change = each
                continue
            size += len(each.text.encode()) + len(each.id) + len(each.viewer)
            if lines and (size > TOGETHER_BYTES or len(lines) == TOGETHER):
                break
            lines.append(each)
        return change, lines

    async def _take(self, answer: Arrays, lines: list[ChatLine], count: int) -> None:
        """The answer to `lines`, with which `count` of what waits are done."""
        events = [chat_event(bytes(event)) for event in answer["events"].reshape(-1)]
        self._state = bytes(answer["state"].reshape(-1)[0]) or self._state
        for event in events:
            if event is not None:
                await self._tell(event)
        self._answered += len(lines)
        await self._done(count)

    async def _done(self, count: int) -> None:
        async with self._changed:
            for _ in range(count):
                self._queue.popleft()
            self._changed.notify_all()
