"""Any model on a stream of its own: requests out as they come, responses in as the model gives them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType

import grpc
from tritonclient.grpc import service_pb2

from . import _fork
from ._channels import new_request_id
from ._config import Limits
from ._errors import (
    DeadlineExceeded,
    InferenceFailed,
    InvalidInput,
    LiveroomError,
    ModelUnavailable,
    RoomClosed,
    ServerUnavailable,
)
from ._protocol import Step, infer_request, is_last, new_sequence
from ._signature import Arrays, Inputs, Signature, decode
from ._status import FAILED, NO_MODEL, from_mark, tidy
from ._transport import Transport
from ._unread_responses import Response, UnreadResponses

STREAM_BYTES = 256 * 1024
"""What a gateway keeps of a stream that it could not yet hand on, see k8s/base/gateway/envoy.yaml."""

_LOST = grpc.StatusCode.INTERNAL
"""What grpc.aio makes of the status of a call that ends while a request is being written."""


class AsyncStream(_fork.StaysHere):
    """Requests to one model over one gRPC stream; made by `AsyncClient.stream()`, `async with ... as stream`.

    A decoupled model may answer a request any number of times. Responses are read with `async for`, until all
    requests have been answered and the stream is closed, or for one request with `ask()`. An error of one
    request is raised there, and the stream goes on; what breaks the stream ends it. One task may send while
    another reads.

    Args:
        transport: the channels to the server.
        signature: of the model.
        sequence: whether all requests are one sequence, for models that keep a state.
        limits: `unacknowledged` bounds the requests under way, and `unread_finals` the unread responses.
        seconds: that the server may be silent while it owes a response.
        marks: whether the model marks all its errors, see `_status`: then one without is Triton's own.
    """

    def __init__(
        self,
        transport: Transport,
        signature: Signature,
        *,
        sequence: bool,
        limits: Limits,
        seconds: float,
        marks: bool = False,
    ) -> None:
        self.signature = signature
        self._transport = transport
        self._sequence = new_sequence()
        self._is_sequence = sequence
        self._limits = limits
        self._seconds = seconds
        self._marks = marks
        self._request_id = new_request_id()
        self._call: grpc.aio.StreamStreamCall | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sent = 0
        self._ended = False
        self._failure: LiveroomError | None = None
        self._under_way: dict[int, int] = {}  # their bytes by number
        self._unread = UnreadResponses()
        self._starting = 0  # number of the request that is to start the sequence, until it has; 0 without one
        self._started = not sequence
        self._moves = 0
        self._changed = asyncio.Condition()
        self._writing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, inputs: Inputs, *, end: bool = False) -> int:
        """Send a request; returns its number once it is on its way.

        Args:
            inputs: arrays by name, with the batch dimension where the model has one.
            end: whether it is the last; the sequence ends with it.

        Raises:
            InvalidInput: the inputs are not the model's; nothing was sent.
            RoomClosed: the stream has ended.
            DeadlineExceeded: no place among the requests under way.
            LiveroomError: the stream broke.
        """
        return await self._send(inputs, end=end, asked=False)

    async def _send(self, inputs: Inputs, *, end: bool, asked: bool) -> int:
        encoded = self.signature.encode(inputs)
        call = self._open_call()
        limit = self._limits.unacknowledged
        await self._until(lambda: self._failure or len(self._under_way) < limit)
        self._check()
        self._sent, self._ended = self._sent + 1, end
        number = self._sent
        start = not self._started and not self._starting
        if start:
            self._starting = number
        step = Step("", self._sequence, start, end) if self._is_sequence else None
        request = infer_request(self.signature.model, encoded, step=step, request_id=str(number))
        request.parameters["triton_enable_empty_final_response"].bool_param = True
        self._under_way[number] = request.ByteSize()
        if asked:
            self._unread.asked.add(number)
        writing = self._task(self._write(call, request, end=end))
        try:
            await asyncio.shield(writing)  # gRPC would cancel the call with whoever writes
        except asyncio.CancelledError:
            if asked:
                self._leave(number)
            raise
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            if self._reader:
                await asyncio.wait([self._reader])
            self._check()
            raise self._named(ServerUnavailable("the stream is over")) from error
        return number

    async def ask(self, inputs: Inputs, *, end: bool = False) -> list[Arrays]:
        """Send a request and wait for all its responses, which `async for` then does not have.

        Raises:
            LiveroomError: what the model says against it; see `send`.
        """
        number = await self._send(inputs, end=end, asked=True)
        outputs: list[Arrays] = []
        try:
            while (response := await self._next(number)) is not None:
                outputs.append(response.outputs)
        finally:
            self._leave(number)
        return outputs

    async def _write(
        self, call: grpc.aio.StreamStreamCall, request: service_pb2.ModelInferRequest, *, end: bool
    ) -> None:
        async with self._writing:
            await call.write(request)
            if end:
                await call.done_writing()

    def _leave(self, number: int) -> None:
        """Who asked waits no more: the answers take no place of others."""
        self._unread.leave(number, more=number in self._under_way)
        self._task(self._wake())

    def _task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Done even if whoever began it is cancelled; then it may fail unseen."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

        def done(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled():
                task.exception()

        task.add_done_callback(done)
        return task

    async def _wake(self) -> None:
        async with self._changed:
            self._moved()

    def __aiter__(self) -> AsyncIterator[Response]:
        return self

    async def __anext__(self) -> Response:
        if (response := await self._next(None)) is None:
            raise StopAsyncIteration
        return response

    async def close(self) -> None:
        """End the stream now; what has not been answered will not be."""
        self._ended = True
        if self._call and not _fork.lost():
            self._call.cancel()
        if self._reader and not _fork.lost():
            self._reader.cancel()  # it may wait for somebody to read
            await asyncio.wait([self._reader])

    async def __aenter__(self) -> AsyncStream:
        if self._call or self._ended:
            raise RoomClosed("this stream was opened before: make another with client.stream()")
        self._call = self._transport.stream(self._sequence, 0, self._request_id)
        self._reader = asyncio.create_task(self._read(), name=f"liveroom {self.signature.model}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _open_call(self) -> grpc.aio.StreamStreamCall:
        _fork.check()
        if self._ended or self._call is None:
            why = "this stream has ended" if self._ended else "use `async with client.stream(...)`"
            raise RoomClosed(why)
        self._check()
        return self._call

    async def _next(self, number: int | None) -> Response | None:
        """The next response, of request `number` or of any that nobody asks for; None where no more come.

        Raises:
            LiveroomError: that the server has against a request, or that broke the stream.
        """

        def over() -> bool:
            done = number not in self._under_way if number else self._ended and not self._under_way
            return done or self._failure is not None or self._reader is None or self._reader.done()

        await self._until(lambda: self._unread.has(number) or over())
        if self._unread.has(number):
            async with self._changed:
                self._moved()
                return self._unread.pop(number)
        self._check()
        return None

    async def _until(self, true: Callable[[], object]) -> None:
        """Wait; raises DeadlineExceeded where the server owes a response and says nothing for too long."""
        async with self._changed:
            while not true():
                before = self._moves
                try:
                    async with asyncio.timeout(self._seconds):
                        await self._changed.wait()
                except TimeoutError as error:
                    if self._under_way and self._moves == before:
                        unread = f", {len(self._unread)} responses are unread" if self._unread else ""
                        late = f"model {self.signature.model!r} has said nothing for {self._seconds:g} s"
                        raise self._named(DeadlineExceeded(late + unread)) from error

    async def _read(self) -> None:
        """Take responses until the call is over, and no more than may be unread."""
        failure: LiveroomError | None = None
        assert self._call is not None  # noqa: S101 - made before this task
        try:
            while (response := await self._call.read()) is not grpc.aio.EOF:
                await self._take(response)
            if self._under_way:
                failure = ServerUnavailable("the server ended the stream early")
        except grpc.aio.AioRpcError as error:
            largest = max(self._under_way.values(), default=0)
            if self._transport.secure and error.code() is _LOST and largest > STREAM_BYTES:
                what = f"a request of {largest} bytes ended the stream, of which gateways take {STREAM_BYTES}"
                failure = InvalidInput(f"{what} at once: send less, or by `infer` ({error.details()})")
            elif not self._ended or self._under_way:
                failure = self._transport.stream_error(error, self._request_id)
        except asyncio.CancelledError:  # the call was, by `close`
            failure = RoomClosed("this stream was closed") if self._under_way else None
        except LiveroomError as error:
            failure = error
        finally:
            self._failure = failure and self._named(failure)
            async with self._changed:
                self._moved()

    async def _take(self, message: service_pb2.ModelStreamInferResponse) -> None:
        inner = message.infer_response
        number = int(inner.id) if inner.id.isdecimal() else 0
        item: Arrays | LiveroomError | None = decode(inner) or None
        if message.error_message:
            sentence = message.error_message
            item = self._named(from_mark(sentence) or self._unmarked(tidy(sentence)))
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._unread) < self._limits.unread_finals)
            marks_last = "triton_final_response" in inner.parameters  # not of a model that answers once
            last = bool(message.error_message) or not marks_last or is_last(inner)
            self._unread.add(number, item, last=last)
            if last:
                self._under_way.pop(number, None)
            if number and number == self._starting:  # one that is refused has started nothing
                self._starting, self._started = 0, not message.error_message
            self._moved()

    def _unmarked(self, sentence: str) -> LiveroomError:
        if self._marks:
            return ModelUnavailable(f"{NO_MODEL}: {sentence}")
        return InferenceFailed(f"{FAILED}: {sentence}")

    def _moved(self) -> None:
        self._moves += 1
        self._changed.notify_all()

    def _check(self) -> None:
        if self._failure:
            raise self._failure.with_traceback(None)

    def _named(self, error: LiveroomError) -> LiveroomError:
        return self._transport.named(error, self._request_id, model=self.signature.model)
