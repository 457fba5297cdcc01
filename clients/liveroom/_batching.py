"""Lines of concurrent calls, sent to a model together: what one request costs is shared by all its lines."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from ._errors import DeadlineExceeded, InvalidInput, Overloaded, ServerUnavailable, about
from ._lines import LARGEST_BATCH

T = TypeVar("T")

Send = Callable[[Sequence[bytes]], Awaitable[Sequence[T]]]
"""One request: lines in UTF-8 to an answer each, in their order."""

IN_FLIGHT = 2
"""Requests under way. While they are, lines gather for the next one: nothing waits for company."""
WAITING = 8192
"""Lines of all calls that wait for a place in a request; of a longer call the rest waits in the call."""


class _Piece(Generic[T]):
    """Up to `LARGEST_BATCH` lines of one call, and where it waits for their answers."""

    __slots__ = ("answers", "lines")

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.lines = lines
        self.answers: asyncio.Future[Sequence[T]] = asyncio.get_running_loop().create_future()

    def fail(self, error: BaseException) -> None:
        """Have its call raise `error`."""
        if not self.answers.done():
            self.answers.set_exception(error)

    def forget(self) -> None:
        """Nobody waits for it any more."""
        if not self.answers.cancel() and not self.answers.cancelled():
            self.answers.exception()  # else asyncio would log that nobody has looked at it


class Batcher(Generic[T]):
    """Sends the lines of whatever calls wait for `model` in requests of up to `LARGEST_BATCH` lines.

    Args:
        model: for what errors say.
        send: makes one request.
        in_flight: how many requests may be under way.
        waiting: how many lines may wait for one.
    """

    def __init__(
        self, model: str, send: Send[T], *, in_flight: int = IN_FLIGHT, waiting: int = WAITING
    ) -> None:
        self._model = model
        self._send = send
        self._in_flight = in_flight
        self._most = waiting
        self._waiting: deque[_Piece[T]] = deque()
        self._lines = 0
        self._requests: set[asyncio.Task[None]] = set()
        self._at_work = 0
        self._closed = False

    async def __call__(self, lines: Sequence[bytes], seconds: float) -> list[T]:
        """An answer to each of `lines`, which are checked, in their order.

        Raises:
            Overloaded: too many lines wait already.
            DeadlineExceeded: `LARGEST_BATCH` lines, or what is left of them, were not answered in `seconds`.
            LiveroomError: the request with them failed; others' lines don't make it fail.
        """
        answers: list[T] = []
        pieces: deque[_Piece[T]] = deque()
        try:
            for at in range(0, len(lines), LARGEST_BATCH):
                if len(pieces) > self._in_flight:
                    answers += await self._answers(pieces[0], seconds)
                    pieces.popleft()
                pieces.append(self._put(lines[at : at + LARGEST_BATCH]))
            while pieces:
                answers += await self._answers(pieces[0], seconds)
                pieces.popleft()
        finally:
            for piece in pieces:
                piece.forget()
        return answers

    async def _answers(self, piece: _Piece[T], seconds: float) -> Sequence[T]:
        try:
            async with asyncio.timeout(seconds):
                return await piece.answers
        except TimeoutError as error:
            if isinstance(error, DeadlineExceeded):
                raise
            late = f"{self._model} did not answer {len(piece.lines)} lines within {seconds:g} s"
            raise about(DeadlineExceeded(late), model=self._model) from error

    def close(self) -> None:
        """Send nothing more; who waits is told so."""
        self._closed = True
        for piece in self._taken(len(self._waiting)):
            piece.fail(ServerUnavailable("the client was closed"))

    def _put(self, lines: Sequence[bytes]) -> _Piece[T]:
        if self._closed:
            raise ServerUnavailable("the client was closed")
        if self._lines + len(lines) > self._most:
            full = f"{self._lines} lines wait for {self._model}: at most {self._most} may; send fewer at once"
            raise about(Overloaded(full), model=self._model)
        piece: _Piece[T] = _Piece(lines)
        self._waiting.append(piece)
        self._lines += len(lines)
        if self._at_work < self._in_flight:
            self._at_work += 1
            task = asyncio.get_running_loop().create_task(self._work())
            self._requests.add(task)  # the loop itself keeps no task alive
            task.add_done_callback(self._requests.discard)
        return piece

    async def _work(self) -> None:
        """Send requests one after the other until nothing waits."""
        try:
            await asyncio.sleep(0)  # callers that are awake with the first one go along
            while batch := list(self._next()):
                await self._answer(batch)
        finally:
            self._at_work -= 1

    def _next(self) -> Iterator[_Piece[T]]:
        """The pieces of the next request; whose call has been cancelled are left out."""
        room = LARGEST_BATCH
        while self._waiting and len(self._waiting[0].lines) <= room:
            for piece in self._taken(1):
                if not piece.answers.done():
                    room -= len(piece.lines)
                    yield piece

    def _taken(self, count: int) -> Iterator[_Piece[T]]:
        for _ in range(count):
            piece = self._waiting.popleft()
            self._lines -= len(piece.lines)
            yield piece

    async def _answer(self, batch: Sequence[_Piece[T]]) -> None:
        try:
            answers = iter(await self._send([line for piece in batch for line in piece.lines]))
        except InvalidInput as error:
            if len(batch) == 1:
                batch[0].fail(error)
                return
            for piece in batch:  # it is one of them: the others must not suffer for it
                await self._answer([piece])
        except BaseException as error:
            for piece in batch:
                piece.fail(error)
            if not isinstance(error, Exception):
                raise
        else:
            for piece in batch:
                mine = list(islice(answers, len(piece.lines)))
                if not piece.answers.done():
                    piece.answers.set_result(mine)
