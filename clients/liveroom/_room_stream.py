"""One `ModelStreamInfer` call: requests out, responses in, acknowledgements counted, silence noticed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Protocol

import grpc
from tritonclient.grpc import service_pb2

from ._channels import new_request_id
from ._config import MAX_CHUNK_BYTES
from ._connection_advice import unreached
from ._errors import LiveroomError, ModelUnavailable, ServerUnavailable
from ._logging import hashed
from ._outputs import Outputs
from ._protocol import is_last
from ._status import NO_MODEL, from_code, from_mark, tidy
from ._transport import Transport

log = logging.getLogger(__name__)

MODEL = "captions"
MAX_FLYING_BYTES = 192 * 1024
"""Of a room's requests: a gateway ends a stream of which it has got 256 KiB that it could not yet hand on."""
MOST_EARLY = 64
"""Events that wait for one before them, which is on its way: more than one or two of them are a fault."""


class Audience(Protocol):
    """Who is told of responses; an error that it raises breaks the stream."""

    def admitted(self) -> None:
        """The server has taken the room."""

    async def event(self, outputs: Outputs) -> None:
        """An event of the room; nothing more is read until it has been dealt with."""

    def error(self, number: int, error: LiveroomError, *, opening: bool) -> None:
        """What the server has against a request; `opening` if it was the first one of the stream."""


class RoomStream:
    """The gRPC side of a room on one server, from opening the call to its last response.

    A request is *unacknowledged* until its final response or its error has come. When the call ends before
    the room has, `failure` says why.

    Args:
        transport: the channels to the server.
        room_id: checked.
        attempt: see `Transport.stream`.
        audience: told of every response.
        changed: notified of every change here.
        stall: seconds without a response that is due after which the server counts as gone.
    """

    def __init__(
        self,
        transport: Transport,
        room_id: str,
        attempt: int,
        audience: Audience,
        changed: asyncio.Condition,
        stall: float,
    ) -> None:
        self.unacknowledged: dict[int, int] = {}  # their bytes by number
        self.failure: LiveroomError | None = None
        self._transport = transport
        self._room_id = room_id
        self._audience = audience
        self._changed = changed
        self._stall = stall
        self._request_id = new_request_id()
        self._call = transport.stream(room_id, attempt, self._request_id)
        self._opening = self._last = 0
        self._early: dict[int, Outputs] = {}  # events by their index, one before which has not come yet
        self._next_event = 0
        self._connected = self._admitted = False
        self._reading = True
        self._moved = asyncio.get_running_loop().time()
        self._reader = asyncio.create_task(self._read(), name=f"liveroom stream {room_id}")
        self._watch = asyncio.create_task(self._notice_silence(), name=f"liveroom watch {room_id}")

    async def send(self, request: service_pb2.ModelInferRequest, *, last: bool) -> None:
        """Write one request, the first of which opens the room, and the `last` of which ends it.

        Raises:
            LiveroomError: the call is over.
        """
        self.check()
        number = int(request.id)
        self._opening = self._opening or number
        self._last = number if last else 0
        if not self._due:
            self._moved = asyncio.get_running_loop().time()
        self.unacknowledged[number] = request.ByteSize()
        try:
            await self._write(request)
            if last:
                await self._call.done_writing()
        except (Exception, asyncio.CancelledError) as error:  # of a call that is over gRPC raises any kind
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                raise  # this task was cancelled, not the call
            await asyncio.wait([self._reader])
            self.check()
            if not self._complete:
                over = ServerUnavailable(f"the stream of room {self._room_id!r} is over")
                raise self.named(over) from error

    async def _write(self, request: service_pb2.ModelInferRequest) -> None:
        """Write, and don't wait for a connection any more once the call is over, as gRPC itself would do."""
        writing = asyncio.ensure_future(self._call.write(request))
        try:
            await asyncio.wait([writing, self._reader], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not writing.done():
                writing.cancel()
        await writing
        self._connected = True

    def has_place(self, limit: int) -> bool:
        """Whether one more request may be under way, of at most `limit`."""
        flying = self.unacknowledged
        return len(flying) < limit and sum(flying.values()) <= MAX_FLYING_BYTES - MAX_CHUNK_BYTES

    def check(self) -> None:
        """Raise why the call is over, if it broke."""
        if self.failure:
            raise self.failure.with_traceback(None)

    async def finish(self) -> None:
        """Wait for the last response.

        Raises:
            LiveroomError: the call broke before that.
        """
        await asyncio.wait([self._reader])
        self.check()

    async def cancel(self) -> None:
        """End the call now; the server drops what it still had to do for it."""
        self._call.cancel()
        self._watch.cancel()
        self._reader.cancel()
        await asyncio.wait([self._reader, self._watch])

    @property
    def _due(self) -> bool:
        """Whether the server owes a response.

        It may keep the acknowledgement of a chunk until it has heard the next one; not that of the first
        one, nor of the last.
        """
        pending = self.unacknowledged.keys()
        return len(pending) > 1 or bool(pending & {self._opening, self._last})

    async def _read(self) -> None:
        """Deal with responses until the call ends, then tell everyone."""
        failure: LiveroomError | None = ServerUnavailable(f"{self._transport.url} cancelled the call")
        early = ServerUnavailable(f"the server ended the stream of room {self._room_id!r} early")
        try:
            while (response := await self._call.read()) is not grpc.aio.EOF:
                self._reading = False
                await self._take(response)
                self._moved, self._reading = asyncio.get_running_loop().time(), True
            failure = None if self._complete else early
        except grpc.aio.AioRpcError as error:
            failure = None if self._complete else await self._why(error)
        except LiveroomError as error:
            failure = error
        finally:
            self.failure = self.failure or (failure and self.named(failure))
            self._call.cancel()
            async with self._changed:
                self._changed.notify_all()

    async def _why(self, error: grpc.aio.AioRpcError) -> LiveroomError:
        if self._admitted:
            return self._transport.stream_error(error, self._request_id)
        return await self._transport.why(error, self._request_id)

    def named(self, error: LiveroomError) -> LiveroomError:
        """`error`, which knows that it is of this call."""
        return self._transport.named(error, self._request_id, model=MODEL, room_id=self._room_id)

    @property
    def _complete(self) -> bool:
        """Whether the room has ended as it should: how the call ends then is of no interest."""
        return self._last > 0 and not self.unacknowledged

    async def _take(self, response: service_pb2.ModelStreamInferResponse) -> None:
        inner = response.infer_response
        number = int(inner.id or 0)
        outputs = Outputs(inner)
        error = _error(response.error_message, outputs)
        if error:
            opening = number == self._opening and not self._admitted
            self._audience.error(number, self.named(error), opening=opening)
        if not self._admitted:
            self._admitted = True
            self._audience.admitted()
        if not error and outputs:
            for event in self._in_order(outputs):
                await self._audience.event(event)
        if response.error_message or is_last(inner):
            async with self._changed:
                self.unacknowledged.pop(number, None)
                self._changed.notify_all()

    def _in_order(self, event: Outputs) -> Iterator[Outputs]:
        """The events whose turn it is with this one: Triton may swap those of two requests.

        Raises:
            ServerUnavailable: one does not come.
        """
        if "index" not in event:  # of a server that does not count them
            yield event
            return
        self._early[event.whole("index", 1)[0]] = event
        while (due := self._early.pop(self._next_event, None)) is not None:
            self._next_event += 1
            yield due
        if len(self._early) > MOST_EARLY:
            raise ServerUnavailable(f"event {self._next_event} of room {self._room_id!r} has not come")

    async def _notice_silence(self) -> None:
        """Give the call up when a response is due and none comes, as from a server that hangs."""
        loop = asyncio.get_running_loop()
        silent = False
        while not silent:
            await asyncio.sleep(self._stall / 8)
            silent = self._reading and self._due and loop.time() - self._moved > self._stall
        log.warning("room %s: its server has said nothing for %g s", hashed(self._room_id), self._stall)
        message = f"the server of room {self._room_id!r} has said nothing for {self._stall:g} s"
        if not self._connected:
            message = f"{unreached(self._transport.url)} (no connection within {self._stall:g} s)"
        self.failure = self.named(ServerUnavailable(message))
        self._transport.leave(self._call)
        self._reader.cancel()


def _error(message: str, outputs: Outputs) -> LiveroomError | None:
    """What a response has against a request: an event of kind "error", or Triton's own `message`.

    That has no code. `captions` does not speak this way, so it is of a server that has lost the room, or its
    model: whatever it says, another server may do better.
    """
    if message:
        return from_mark(message) or ModelUnavailable(f"{NO_MODEL}: {tidy(message)}")
    if outputs and outputs.text("kind") == "error":
        return from_code(outputs.text("code"), outputs.text("message"))
    return None
