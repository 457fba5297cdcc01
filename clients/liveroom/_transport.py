"""The gRPC channels to one server or gateway, and unary calls over them."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from weakref import WeakSet

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from . import _fork
from ._access import Token, credentials
from ._answers import from_rpc
from ._config import Retries
from ._errors import InvalidInput, LiveroomError, ModelUnavailable, NotAllowed, ServerUnavailable
from ._health import CLIENT_MODELS
from ._proxy import channel_options
from ._types import Model
from ._url import Address
from ._wire import Outputs, Step, Value, infer_request, request_metadata, room_metadata

STREAMS = 100
"""Rooms on one connection. Past the server's limit on streams (HTTP/2's SETTINGS_MAX_CONCURRENT_STREAMS, of
which 100 is the least that its RFC 9113 recommends) gRPC lets new ones wait without a word."""

WHY_S = 2.0
"""Seconds that finding out why a stream broke may take."""

_NO_STATUS = "Internal error from Core"
"""What grpc.aio says of a call that ended while a request was being written: the status is lost then."""

_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),  # gRPC's own 1 s would outlast every retry
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 20_000),  # a host that is silently gone is noticed; servers allow every 10 s
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.use_local_subchannel_pool", 1),  # else channels to one server share a single connection
)


def new_request_id() -> str:
    """Of one call, as gateways write them: a random UUID."""
    return str(uuid.uuid4())


@dataclass(eq=False)
class _Connection:
    """A channel and the rooms on it. gRPC closes a channel that nobody refers to any more."""

    channel: grpc.aio.Channel
    stub: service_pb2_grpc.GRPCInferenceServiceStub = field(init=False)
    streams: set[grpc.aio.StreamStreamCall] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.stub = service_pb2_grpc.GRPCInferenceServiceStub(self.channel)


class Transport:
    """Channels, opened when they are first needed and bound to the event loop of that call.

    Args:
        url: "host:port", "grpc://host:port", or "grpcs://host:port" for TLS.
        retries: of unary calls.
        token: see `AsyncClient`, like `ca`.

    Raises:
        InvalidInput: the url is none; a token or certificates without TLS, or that cannot be read.
        ClientForked: see there.
    """

    def __init__(
        self,
        url: str,
        retries: Retries,
        *,
        token: Token | None = None,
        ca: str | os.PathLike[str] | None = None,
    ) -> None:
        _fork.check()
        address = Address.parsed(url)
        self.url = url.strip()
        self.retries = retries
        self._target = address.target
        self._options = (*_OPTIONS, *channel_options(address))
        secure = address.secure
        for what, given in (("a token", token), ("ca", ca)):
            if given is not None and not secure:
                raise InvalidInput(
                    f"{what} was given for {url}, which is not encrypted: use grpcs://{self._target}"
                )
        self._secure = secure
        self._credentials = credentials(token, ca) if secure else None
        self._connections: list[_Connection] = []
        self._left: WeakSet[_Connection] = WeakSet()

    def stream(self, room_id: str, attempt: int, request_id: str) -> grpc.aio.StreamStreamCall:
        """A `ModelStreamInfer` call for a room, on a connection that has a place for it.

        Args:
            room_id: checked.
            attempt: another one may reach another server behind a gateway.
            request_id: a new one, see `new_request_id`.
        """
        _fork.check()
        free = (each for each in self._connections if len(each.streams) < STREAMS)
        connection = next(free, None) or self._connect()
        metadata = (*room_metadata(room_id, attempt), *request_metadata(request_id))
        call = connection.stub.ModelStreamInfer(metadata=metadata)
        connection.streams.add(call)
        call.add_done_callback(lambda _: connection.streams.discard(call))  # and until then it is not closed
        return call

    def leave(self, call: grpc.aio.StreamStreamCall) -> None:
        """Begin nothing more on the connection of `call`: its silence may be that of the way to the server.

        gRPC itself would hold on to it until its pings tell, which takes up to 30 s.
        """
        for connection in [each for each in self._connections if call in each.streams]:
            self._connections.remove(connection)
            self._left.add(connection)

    async def infer(
        self,
        model: str,
        inputs: Mapping[str, Value],
        seconds: float,
        *,
        outputs: Iterable[str] = (),
        step: Step | None = None,
        retry: bool = True,
    ) -> Outputs:
        """One inference with a batch dimension of 1, tried again while the server is unavailable.

        Args:
            model: name in the model repository.
            inputs: without their batch dimension.
            seconds: in all.
            outputs: names of those that are wanted; by default all.
            step: for models that keep a room's state; a gateway sends all of a room to the same server.
            retry: False to try once only.

        Raises:
            LiveroomError: of the last attempt; of the one before where the last only ran out of time.
        """
        request = infer_request(model, inputs, outputs=outputs, step=step, batched=True)
        room = room_metadata(step.room_id) if step else ()
        attempts = self.retries.attempts if retry else 1
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        attempt = 1
        refusal: LiveroomError | None = None
        while True:
            request_id = new_request_id()
            metadata = (*room, *request_metadata(request_id))
            try:
                left = max(0.0, deadline - loop.time())
                connection = self._any()
                return Outputs(await connection.stub.ModelInfer(request, timeout=left, metadata=metadata))
            except grpc.aio.AioRpcError as error:
                failure = self.error(error, request_id)
                if refusal and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise refusal from error
                pause = random.uniform(0, self.retries.pause_bound(attempt))  # noqa: S311 - jitter, not a secret
                lost = error.code() is grpc.StatusCode.UNAVAILABLE or isinstance(failure, ServerUnavailable)
                if not lost or attempt >= attempts or loop.time() + pause >= deadline:
                    raise failure from error
                refusal = failure
            await asyncio.sleep(pause)
            attempt += 1

    async def models(self, seconds: float) -> tuple[Model, ...]:
        """Triton's repository index, within `seconds`; where that is refused, `CLIENT_MODELS` one by one.

        Raises:
            LiveroomError: no answer, or none is allowed.
        """
        request_id = new_request_id()
        try:
            connection = self._any()
            request = service_pb2.RepositoryIndexRequest()
            metadata = request_metadata(request_id)
            index = await connection.stub.RepositoryIndex(request, timeout=seconds, metadata=metadata)
            return tuple(Model(row.name, row.version, row.state, row.reason) for row in index.models)
        except grpc.aio.AioRpcError as error:
            failure = self.error(error, request_id)
            if not isinstance(failure, NotAllowed):
                raise failure from error
        rows = await asyncio.gather(*(self._model(name, seconds) for name in CLIENT_MODELS))
        return tuple(row for row in rows if row)

    async def _model(self, name: str, seconds: float) -> Model | None:
        """One row of the index, as far as a gateway lets us know it; None where there is no such model."""
        request_id = new_request_id()
        try:
            request = service_pb2.ModelMetadataRequest(name=name)
            connection = self._any()
            metadata = request_metadata(request_id)
            answer = await connection.stub.ModelMetadata(request, timeout=seconds, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            failure = self.error(error, request_id)
            if not isinstance(failure, ModelUnavailable):
                raise failure from error
            if "no available versions" in (error.details() or ""):
                return Model(name, "", "UNAVAILABLE", str(failure))
            return None
        return Model(name, next(reversed(answer.versions), ""), "READY", "")

    def error(self, error: grpc.aio.AioRpcError, request_id: str) -> LiveroomError:
        """What a failed call on this channel means."""
        return self.named(from_rpc(error, self.url), request_id)

    def named(self, error: LiveroomError, request_id: str) -> LiveroomError:
        """`error`, which knows of which call it is, and says so where there is a gateway's log to look in."""
        if not error.request_id:
            error.request_id = request_id
            if self._secure:
                error.args = (f"{error} (request {request_id})",)
        return error

    async def why(self, error: grpc.aio.AioRpcError, request_id: str) -> LiveroomError:
        """What a stream means that ended with `error`; where gRPC has lost that, a second call says it."""
        if _NO_STATUS in (error.details() or ""):
            try:
                request = service_pb2.ModelMetadataRequest(name="captions")
                connection = self._any()
                metadata = request_metadata(request_id)
                await connection.stub.ModelMetadata(request, timeout=WHY_S, metadata=metadata)
            except grpc.aio.AioRpcError as told:
                return self.error(told, request_id)
        return self.error(error, request_id)

    async def close(self) -> None:
        """Close the channels and cancel what is under way on them."""
        connections, self._connections = [*self._connections, *self._left], []
        await asyncio.gather(*(each.channel.close() for each in connections))
        if not self._connections:
            _fork.closed(self)

    def _any(self) -> _Connection:
        """For a unary call, during which it has to be held."""
        _fork.check()
        return self._connections[0] if self._connections else self._connect()

    def _connect(self) -> _Connection:
        _fork.opened(self, asyncio.get_running_loop())
        channel = (
            grpc.aio.secure_channel(self._target, self._credentials, self._options)
            if self._credentials
            else grpc.aio.insecure_channel(self._target, self._options)
        )
        self._connections.append(_Connection(channel))
        return self._connections[-1]
