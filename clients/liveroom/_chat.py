"""A room's chat on whichever server has it: lines go out in batches, and what becomes of them comes in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from itertools import islice

import numpy as np

from . import _fork
from ._chat_events import ROLES, ChatEvent, ChatLine, chat_event
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
TOGETHER, TOGETHER_BYTES = 256, 128 * 1024
"""Lines of one request, and their bytes: gateways hold 256 KiB of a message."""
WAITING = 2048
"""Lines that may wait for an answer; who sends more waits."""
LONGEST, LONGEST_ID, LONGEST_VIEWER = 64 * 1024, 64, 128
"""Bytes of a line, its id, and the id of who wrote it."""
LONGEST_SETTINGS = 64 * 1024
"""Bytes."""
DECISIONS = 100
"""Of moderators, in one request."""

Settings = dict[str, object]
"""Of `chat`; what they may say is for the server to know."""


def check_settings(settings: Mapping[str, object] | None) -> Settings:
    """A copy that is sure to be JSON. Raises InvalidInput where they are none, or too long."""
    try:
        text = json.dumps(settings or {}, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"chat settings cannot be written as JSON: {error}") from error
    if len(text) > LONGEST_SETTINGS:
        raise InvalidInput(f"chat settings are {len(text)} bytes long: at most {LONGEST_SETTINGS} are taken")
    checked: Settings = json.loads(text)
    return checked


def check_line(line: ChatLine) -> ChatLine:
    """The same. Raises InvalidInput where the server would refuse it."""
    for name, value, longest in (
        ("text", line.text, LONGEST),
        ("id", line.id, LONGEST_ID),
        ("viewer", line.viewer, LONGEST_VIEWER),
    ):
        if not isinstance(value, str):
            raise InvalidInput(f"{name} is {value!r}: expected text")
        try:
            size = len(value.encode())
        except UnicodeEncodeError as error:
            raise InvalidInput(
                f"{name} is {value[:50]!r}: half of a surrogate pair is no text, replace it"
            ) from error
        if size > longest:
            raise InvalidInput(f"{name} has {size} bytes: expected at most {longest}")
    if line.role not in ROLES:
        raise InvalidInput(f"role is {line.role!r}: expected one of {', '.join(ROLES)}")
    if not abs(line.pts) <= 1e9:
        raise InvalidInput(f"pts is {line.pts}: expected seconds on the room's clock")
    return line


class Chat:
    """Sends lines in order, and tells of each what became of it, once.

    When a server is lost the next one is told who is blocked and what is held, and gets the lines that were
    not answered.

    Args:
        opened: opens a stream to the model on some server.
        room_id: for the log.
        tell: takes events; while it waits, nothing more is sent.
        settings: see `change`.
        timeouts: `stall` bounds how long a server may owe an answer, `reconnect` how long none may be found.
        retries: to be admitted at all.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractAsyncContextManager[AsyncStream]],
        room_id: str,
        tell: Callable[[ChatEvent], Awaitable[None]],
        settings: Settings,
        timeouts: Timeouts,
        retries: Retries,
    ) -> None:
        self.failure: LiveroomError | None = None
        self._opened = opened
        self._room_id = room_id
        self._tell = tell
        self._settings: Settings = {}
        self._decisions: list[object] = []
        self._set(settings)
        self._state = b""
        self._lines: deque[ChatLine] = deque()
        self._answered = 0
        self._ending = False
        self._changed = asyncio.Condition()
        self._policy = ReconnectPolicy(timeouts.reconnect, retries)
        self._task = asyncio.create_task(self._live(), name=f"liveroom chat {room_id}")

    async def send(self, line: ChatLine) -> None:
        """Take a line, once there is place for it. Raises LiveroomError: the chat is over."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.failure or len(self._lines) < WAITING)
            self._check()
            self._lines.append(line)
            self._changed.notify_all()

    async def change(self, settings: Settings) -> None:
        """From the next line on, `settings` hold; what they `resolve` is carried out once, whatever comes."""
        async with self._changed:
            self._check()
            self._set(settings)
            self._changed.notify_all()

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

    def _set(self, settings: Settings) -> None:
        decisions = settings.get("resolve")
        if not isinstance(decisions, list):  # the server says what is wrong with others
            self._settings = settings
            return
        self._decisions += decisions
        if rest := {name: value for name, value in settings.items() if name != "resolve"}:
            self._settings = rest

    def _check(self) -> None:
        if self.failure:
            raise self.failure.with_traceback(None)

    async def _live(self) -> None:
        try:
            while not await self._stream_once():
                pass
        except LiveroomError as error:
            self.failure = about(error, model=MODEL, room_id=self._room_id)
            log.info("chat of room %s: over (%s)", hashed(self._room_id), error.code)
        finally:
            async with self._changed:
                self._changed.notify_all()

    async def _stream_once(self) -> bool:
        """Talk to one server until all is said; False where it was lost."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._lines or self._ending)
        if not self._lines:
            return True
        try:
            async with self._opened() as stream:
                await self._talk(stream)
            return True
        except LiveroomError as lost:
            late = isinstance(lost, DeadlineExceeded)  # another one may not hang
            error = ServerUnavailable(str(lost)) if late else lost
            pause = self._policy.pause(error, self._answered)
            log.info("chat of room %s: its stream ended (%s)", hashed(self._room_id), error.code)
            await asyncio.sleep(pause)
            return False

    async def _talk(self, stream: AsyncStream) -> None:
        told: Settings | None = None
        while self._lines or not self._ending or self._news(told):
            lines, settings, decisions = self._batch(), self._settings, self._decisions[:DECISIONS]
            inputs = _tensors(lines) if lines else {}
            if self._news(told):
                inputs["settings"] = _json(settings | {"resolve": decisions} if decisions else settings)
            if told is None and self._state:
                inputs["state"] = _strings([self._state])
            answers = await stream.ask(inputs)
            if len(answers) != 1:
                raise InferenceFailed(f"chat answered {len(answers)} times: expected once")
            told = settings
            del self._decisions[: len(decisions)]  # on another server they must not be carried out again
            self._policy.over()
            await self._take(answers[0], len(lines))
            await self._something(told)
        with contextlib.suppress(LiveroomError):  # a server that is lost now forgets the room by itself
            await stream.ask({"settings": _json(self._settings)}, end=True)

    async def _something(self, told: Settings) -> None:
        """Wait for something to say to a server that knows the settings `told`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._lines or self._ending or self._news(told))

    def _news(self, told: Settings | None) -> bool:
        """Whether there is more to say of settings to a server that knows `told`."""
        return self._settings != told or bool(self._decisions)

    async def _take(self, answer: Arrays, count: int) -> None:
        """`count` lines are done."""
        events = [chat_event(bytes(event)) for event in answer["events"].reshape(-1)]
        self._state = bytes(answer["state"].reshape(-1)[0]) or self._state
        for event in events:
            if event is not None:
                await self._tell(event)
        async with self._changed:
            for _ in range(count):
                self._lines.popleft()
            self._answered += count
            self._changed.notify_all()

    def _batch(self) -> list[ChatLine]:
        size = 0
        lines: list[ChatLine] = []
        for line in islice(self._lines, TOGETHER):
            size += len(line.text.encode()) + len(line.id) + len(line.viewer)
            if lines and size > TOGETHER_BYTES:
                break
            lines.append(line)
        return lines


def _tensors(lines: list[ChatLine]) -> Arrays:
    return {
        "text": _strings([line.text.encode() for line in lines]),
        "id": _strings([line.id.encode() for line in lines]),
        "viewer": _strings([line.viewer.encode() for line in lines]),
        "role": _strings([line.role.encode() for line in lines]),
        "pts": np.array([[line.pts for line in lines]], np.float64).reshape(1, len(lines)),
    }


def _json(settings: Settings) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    return _strings([json.dumps(settings, ensure_ascii=False).encode()])


def _strings(values: list[bytes]) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    return np.array(values, np.object_).reshape(1, len(values))
