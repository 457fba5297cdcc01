"""One `ModelStreamInfer` call: requests out, responses in, acknowledgements counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

import grpc
from tritonclient.grpc import service_pb2

from ._errors import InvalidInput, LiveroomError, RoomClosed, from_message
from ._inbox import Inbox
from ._transport import Transport
from ._wire import Outputs, caption, is_last


class RoomStream:
    """The gRPC side of a room, from opening the call to its last response.

    A request is *unacknowledged* until its final response or its error has come. When the call ends before
    it was asked to, or the server does not admit the room or drops it, `failure` says why, and everyone who
    waits is woken.

    Args:
        transport: the channel to the server.
        room_id: checked; also the stream's `x-room-id` metadata.
        inbox: where captions go. While it is full nothing is read, so the sender is held up too.
    """

    def __init__(self, transport: Transport, room_id: str, inbox: Inbox) -> None:
        self._transport = transport
        self._room_id = room_id
        self._inbox = inbox
        self._call = transport.stream(room_id, 0)
        self._opening = ""
        self._unacknowledged: set[str] = set()
        self._refused: deque[LiveroomError] = deque()
        self._changed = asyncio.Condition()
        self._half_closed = False
        self.failure: LiveroomError | None = None
        self._reader = asyncio.create_task(self._read(), name=f"liveroom stream {room_id}")

    async def send(self, request: service_pb2.ModelInferRequest) -> None:
        """Write one request, the first of which opens the room; cancelling this cancels the call.

        Raises:
            LiveroomError: the call is over.
        """
        self.check()
        self._opening = self._opening or request.id
        self._unacknowledged.add(request.id)
        try:
            await self._call.write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            await asyncio.wait([self._reader])
            raise self.failure or RoomClosed(f"room {self._room_id!r} is closed") from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.failure and task and not task.cancelling():  # the call was cancelled, not this task
                raise self.failure from None
            raise

    async def below(self, limit: int) -> None:
        """Wait until fewer than `limit` requests are unacknowledged.

        Raises:
            LiveroomError: the call is over.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self.failure or len(self._unacknowledged) < limit)
        self.check()

    def check(self) -> None:
        """Raise why the call is over, if it is."""
        if self.failure:
            raise self.failure.with_traceback(None)

    def refused(self) -> LiveroomError | None:
        """The error of the earliest refused request that nobody was told of, once."""
        return self._refused.popleft() if self._refused else None

    async def finish(self) -> None:
        """Say that nothing more will be sent, and wait for the last response.

        Raises:
            LiveroomError: the call broke before that.
        """
        self._half_closed = True
        await self._call.done_writing()
        await asyncio.wait([self._reader])
        self.check()

    async def cancel(self) -> None:
        """End the call now; the server drops what it still had to do for it."""
        self._call.cancel()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self) -> None:
        """Deal with responses until the call ends, then tell everyone."""
        failure: LiveroomError | None = RoomClosed(f"room {self._room_id!r} was cancelled")
        try:
            while (response := await self._call.read()) is not grpc.aio.EOF:
                await self._take(response)
            failure = None
            if self._unacknowledged or not self._half_closed:
                failure = RoomClosed(f"the server ended the stream of room {self._room_id!r} early")
        except grpc.aio.AioRpcError as error:
            failure = self._transport.error(error)
        except LiveroomError as error:
            failure = error
        finally:
            self.failure = failure
            self._call.cancel()
            await self._inbox.close(failure)
            async with self._changed:
                self._changed.notify_all()

    async def _take(self, response: service_pb2.ModelStreamInferResponse) -> None:
        inner = response.infer_response
        if response.error_message:
            error = from_message(response.error_message)
            not_admitted = inner.id == self._opening and not isinstance(error, InvalidInput)
            if not_admitted or isinstance(error, RoomClosed):
                raise error
            self._refused.append(error)
        else:
            outputs = Outputs(inner)
            if outputs:
                await self._inbox.put(caption(outputs))
        if response.error_message or is_last(inner):
            async with self._changed:
                self._unacknowledged.discard(inner.id)
                self._changed.notify_all()
