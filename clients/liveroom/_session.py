"""A room on whichever server has it: when that is lost, another hears what has no captions yet."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping

import numpy as np
from tritonclient.grpc import service_pb2

from . import _fork
from ._audio import Samples
from ._config import Limits, Timeouts
from ._errors import InvalidInput, LiveroomError, LostSpeech, RoomClosed, about, recoverable
from ._event_queue import EventQueue
from ._logging import hashed
from ._outputs import Outputs
from ._protocol import Step, Value, caption, captions_request, new_sequence
from ._reconnect_policy import ReconnectPolicy
from ._replay import Piece, Replay
from ._room_stream import RoomStream
from ._transport import Transport
from ._types import KINDS, Caption

log = logging.getLogger(__name__)

SAME = 0.05
"""Seconds by which a segment may begin later than it did on the server before and still be the same."""
QUIET = 30.0
"""Seconds without a piece after which a room that loses its server does not need the next one yet."""
ATTEMPTS = 1_000_000
"""The first attempt of a room is numbered below this."""
MOST_LOST = 3
"""How often speech that one server could not recognize is given to another."""


class Session:
    """Sends what is added, in order, and puts captions into the queue: each final one once.

    What is received is the truth: audio is kept until its final caption has come, and a new server hears
    exactly what is kept. Captions of a server that was given up are not read any more.

    Args:
        transport: the channels to the servers.
        room_id: checked.
        options: inputs that go with the first request on each server.
        queue: where captions go; it is closed when the room breaks, or by `finish`.
        limits: see there, like `timeouts`.
    """

    def __init__(
        self,
        transport: Transport,
        room_id: str,
        options: Mapping[str, Value],
        queue: EventQueue,
        limits: Limits,
        timeouts: Timeouts,
    ) -> None:
        self.failure: LiveroomError | None = None
        self.reconnects = 0
        self.duplicates = 0
        self.replay = Replay(limits.replay_seconds)
        self._transport = transport
        self._room_id = room_id
        self._sequence = new_sequence()
        self._options = options
        self._events = queue
        self._limit = limits.unacknowledged
        self._timeouts = timeouts
        self._stream: RoomStream | None = None
        self._changed = asyncio.Condition()
        self._refused: deque[LiveroomError] = deque()
        self._partial: Caption | None = None
        self._spoken: Counter[str] = Counter()
        # A gateway hashes it: a room opened again under the same id must not meet the same servers again
        self._attempt = random.randrange(ATTEMPTS)  # noqa: S311 - not a secret
        self._spoke = 0.0
        self._held = False
        self._cancelled = about(RoomClosed(f"room {room_id!r} was cancelled"), room_id=room_id)
        self._policy = ReconnectPolicy(timeouts.reconnect, transport.retries)
        _fork.opened(self, asyncio.get_running_loop())
        self._task = asyncio.create_task(self._live(), name=f"liveroom room {room_id}")

    async def space(self) -> None:
        """Wait until one more request may be under way.

        Raises:
            LiveroomError: the room is over.
        """
        await asyncio.sleep(0)  # who sends in a row lets what was sent before be on its way
        await self._until(lambda: self.failure or self._under_way < self._limit)
        self.check()

    async def add(self, samples: Samples, rate: int, pts: float, *, last: bool = False) -> None:
        """Send a piece as soon as may be, and keep it as long as it is needed."""
        async with self._changed:
            self.replay.add(samples, rate, pts, last=last)
            self._spoke = asyncio.get_running_loop().time()
            self._changed.notify_all()

    async def finish(self) -> None:
        """Wait until everything has been answered; there are no events after that.

        Raises:
            LiveroomError: the room broke before that.
        """
        await asyncio.wait([self._task])
        self.check()
        await self._events.close()

    async def cancel(self) -> None:
        """Give the room up now."""
        self._task.cancel()
        await asyncio.wait([self._task])
        _fork.closed(self)
        await self._events.close(self._cancelled)  # where the task had not even begun

    def check(self) -> None:
        """Raise why the room is over, if it broke."""
        if self.failure:
            raise self.failure.with_traceback(None)

    def named(self, error: LiveroomError) -> LiveroomError:
        """`error`, which knows of which call it is, where there is one."""
        return self._stream.named(error) if self._stream else error

    def refused(self) -> LiveroomError | None:
        """The error of the earliest refused request that nobody was told of, once."""
        return self._refused.popleft() if self._refused else None

    def admitted(self) -> None:
        """See `Audience`."""
        self._held = True
        if self._policy.over():
            self.reconnects += 1
            log.info("room %s: another server has taken it", hashed(self._room_id))

    async def event(self, outputs: Outputs) -> None:
        """See `Audience`. That speech is done is known from here on, so between the two nothing may wait."""
        if outputs.text("kind") == "progress":
            self.replay.finished(outputs.number("pts_end"))
        if outputs.text("kind") not in KINDS:  # newer servers may tell of more
            return
        event = caption(outputs)
        if event.is_final and self.reconnects and event.pts_end <= self.replay.done:
            self.duplicates += 1
            log.info("room %s: a final caption came twice, and was dropped", hashed(self._room_id))
            return
        await self._events.put(event)
        if event.is_final:
            self.replay.finished(event.pts_end)
            self._spoken[event.language] += round(1000 * (event.pts_end - event.pts_start))
        elif event.text:
            self.replay.finished(event.pts_start)  # a partial one is of the earliest speech that is not done
        self._partial = event if event.text and not event.is_final else None

    def error(self, number: int, error: LiveroomError, *, opening: bool) -> None:
        """See `Audience`."""
        if isinstance(error, LostSpeech):
            if self._policy.lost_speech(self.replay.done) > MOST_LOST:
                self._refused.append(error)
                return
            raise error
        if not isinstance(error, InvalidInput) and (
            opening or recoverable(error) or isinstance(error, RoomClosed)
        ):
            raise error
        self._refused.append(error)
        self.replay.refused(number)

    @property
    def _under_way(self) -> int:
        return self.replay.waiting + (len(self._stream.unacknowledged) if self._stream else 0)

    async def _until(self, true: Callable[[], object]) -> None:
        async with self._changed:
            await self._changed.wait_for(true)

    async def _live(self) -> None:
        """From the first piece to the last response, on one server after another."""
        failure: LiveroomError | None = self._cancelled
        try:
            await self._until(lambda: self.replay.waiting)
            while (error := await self._stream_once()) is not None:
                self._rewind(error)
                await self._something_to_say()
                await asyncio.sleep(self._policy.pause(error, self.replay.done))
                self._attempt += 1
            failure = None
        except LiveroomError as error:
            failure = error
        finally:
            self.failure = failure
            if failure:
                log.info("room %s: over (%s)", hashed(self._room_id), failure.code)
                await self._events.close(failure)
            async with self._changed:
                self._changed.notify_all()

    def _rewind(self, error: LiveroomError) -> None:
        """Begin again with what is not done, since `error` ended the stream."""
        room, lost = hashed(self._room_id), self.replay.lost_s
        self.replay.rewind()
        level = logging.WARNING if self._held else logging.INFO  # lost once, whoever else does not take it
        self._held = False
        log.log(level, "room %s: its stream ended (%s)", room, error.code)
        if self.replay.lost_s > lost:
            log.warning(
                "room %s: %.1f s of audio are lost, more than is kept", room, self.replay.lost_s - lost
            )

    async def _something_to_say(self) -> None:
        """Wait for the next piece where the last one is long past: servers forget a silent room."""
        last = self.replay.added
        if asyncio.get_running_loop().time() - self._spoke > QUIET:
            await self._until(lambda: self.replay.added > last)

    async def _stream_once(self) -> LiveroomError | None:
        """Send what is there and what comes to one server; what broke that, or None when the room is over."""
        stall = self._timeouts.stall
        self._stream = stream = RoomStream(
            self._transport, self._room_id, self._attempt, self, self._changed, stall
        )
        start = True
        try:
            while True:
                await self._until(
                    lambda: (stream.failure or (self.replay.waiting and stream.has_place(self._limit)))
                )
                stream.check()
                piece = self.replay.next()
                await stream.send(self._request(piece, start), last=piece.last)
                if piece.last:
                    await stream.finish()
                    return None
                start = False
        except LiveroomError as error:
            return error
        finally:
            await stream.cancel()
            self._stream = None

    def _request(self, piece: Piece, start: bool) -> service_pb2.ModelInferRequest:
        inputs: dict[str, Value] = {
            "audio_int16" if piece.samples.dtype == np.int16 else "audio": piece.samples,
            "sample_rate": np.array([piece.rate], np.int32),
            "pts": np.array([piece.pts]),
        }
        if start:
            inputs |= self._options
            inputs |= self._memory(piece)
        return captions_request(piece.number, inputs, Step(self._room_id, self._sequence, start, piece.last))

    def _memory(self, first: Piece) -> dict[str, Value]:
        """What the last server knew of the room, so that the next one goes on as it would have done."""
        memory: dict[str, Value] = {}
        if self._spoken:
            memory["spoken"] = ",".join(f"{code}:{ms}" for code, ms in self._spoken.items())
        partial = self._partial
        if partial and first.pts - partial.pts_start < SAME:
            memory["hypothesis"] = partial.text
            memory["stable"] = partial.stable
            memory["stable_language"] = partial.language
            memory["hypothesis_until"] = np.array([partial.pts_end])
        return memory
