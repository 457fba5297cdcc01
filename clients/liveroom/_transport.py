"""The gRPC channel to one server, and unary calls over it."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterable, Mapping

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from ._config import Retries
from ._errors import InvalidInput, LiveroomError, from_rpc
from ._types import Model
from ._wire import Outputs, Step, Value, infer_request, room_metadata

_URL = re.compile(r"(?:(?P<scheme>grpcs?)://)?(?P<target>[^/\s]+:\d+)/?")

_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),  # gRPC's own 1 s would outlast every retry
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.max_receive_message_length", -1),
)


class Transport:
    """One channel, opened at the first call and bound to the event loop of that call.

    Raises:
        InvalidInput: `url` is not "host:port", "grpc://host:port" or "grpcs://host:port".
    """

    def __init__(self, url: str, retries: Retries) -> None:
        match = _URL.fullmatch(url)
        if match is None:
            raise InvalidInput(f"url is {url!r}: expected host:port of Triton's gRPC, such as 127.0.0.1:8001")
        self.url = url
        self._target = match["target"]
        self._secure = match["scheme"] == "grpcs"
        self._retries = retries
        self._channel: grpc.aio.Channel | None = None
        self._stub: service_pb2_grpc.GRPCInferenceServiceStub | None = None

    @property
    def stub(self) -> service_pb2_grpc.GRPCInferenceServiceStub:
        """Triton's service on the channel."""
        if self._stub is None:
            self._channel = (
                grpc.aio.secure_channel(self._target, grpc.ssl_channel_credentials(), _OPTIONS)
                if self._secure
                else grpc.aio.insecure_channel(self._target, _OPTIONS)
            )
            self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        return self._stub

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
        metadata = room_metadata(step.room_id) if step else ()
        attempts = self._retries.attempts if retry else 1
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        attempt = 1
        refusal: grpc.aio.AioRpcError | None = None
        while True:
            try:
                left = max(0.0, deadline - loop.time())
                return Outputs(await self.stub.ModelInfer(request, timeout=left, metadata=metadata))
            except grpc.aio.AioRpcError as error:
                pause = random.uniform(0, self._retries.pause_bound(attempt))  # noqa: S311 - jitter, not a secret
                unavailable = error.code() is grpc.StatusCode.UNAVAILABLE
                if not unavailable or attempt >= attempts or loop.time() + pause >= deadline:
                    late = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
                    raise from_rpc(refusal if late and refusal else error, self.url) from error
                refusal = error
            await asyncio.sleep(pause)
            attempt += 1

    async def models(self, seconds: float) -> tuple[Model, ...]:
        """Triton's repository index, within `seconds`."""
        try:
            index = await self.stub.RepositoryIndex(service_pb2.RepositoryIndexRequest(), timeout=seconds)
        except grpc.aio.AioRpcError as error:
            raise self.error(error) from error
        return tuple(Model(row.name, row.version, row.state, row.reason) for row in index.models)

    def error(self, error: grpc.aio.AioRpcError) -> LiveroomError:
        """What a failed call on this channel means."""
        return from_rpc(error, self.url)

    async def close(self) -> None:
        """Close the channel and cancel what is under way on it."""
        if self._channel is not None:
            await self._channel.close()
        self._channel = self._stub = None
