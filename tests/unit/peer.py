"""A scripted server on a real socket: Triton's gRPC service, made to refuse, stall and break as told."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import grpc
from liveroom import AsyncClient, AsyncRoom, Caption, Limits, Retries, Timeouts
from tritonclient.grpc import service_pb2, service_pb2_grpc

Request: TypeAlias = service_pb2.ModelInferRequest
Response: TypeAlias = service_pb2.ModelStreamInferResponse
Send: TypeAlias = Callable[[Response], Awaitable[None]]
Script: TypeAlias = Callable[[Request, Send], Awaitable[None]]


async def polite(request: Request, send: Send) -> None:
    """Acknowledges every chunk; one final caption at the end."""
    if request.parameters["sequence_end"].bool_param:
        await send(event(request.id, "final", "the end", 0.0, 1.0))
    await send(acknowledgement(request.id))


class Peer(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]  # generated without types
    """Runs `script` for every chunk of a room; `asr` requests fail as `failures` say, then are answered."""

    def __init__(self, script: Script = polite, *, states: dict[str, str] | None = None) -> None:
        self.script = script
        self.states = {"asr": "READY", "captions": "READY"} if states is None else states
        self.failures: list[tuple[grpc.StatusCode, str]] = []
        self.unary: list[Request] = []
        self.chunks: list[Request] = []
        self.metadata: list[dict[str, str]] = []
        self.asked: list[dict[str, str]] = []  # the metadata of calls about models
        self.cancelled = asyncio.Event()
        self.lists_models = True
        self.stopping = False

    async def ModelInfer(self, request: Request, context: grpc.aio.ServicerContext) -> Response:  # noqa: N802
        """Note the request, then fail or answer."""
        self.unary.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        if self.failures:
            await context.abort(*self.failures.pop(0))
        response = service_pb2.ModelInferResponse(model_name=request.model_name)
        numbers = {"duration": 1.0, "avg_logprob": -0.25, "no_speech_prob": 0.5}
        _fill(response, {"text": "你好", "detected_language": "zh"}, numbers, "FP32")
        return response

    async def ModelStreamInfer(  # noqa: N802 - the name is Triton's
        self, requests: AsyncIterator[Request], context: grpc.aio.ServicerContext
    ) -> None:
        """Run the script until the client has sent everything, or cancels."""
        self.metadata.append(dict(context.invocation_metadata()))
        responses: asyncio.Queue[Response | None] = asyncio.Queue()

        async def read() -> None:
            async for request in requests:
                self.chunks.append(request)
                await self.script(request, responses.put)
            await responses.put(None)

        reader = asyncio.create_task(read())
        try:
            while (response := await responses.get()) is not None:
                if response.error_message.startswith("ABORT "):
                    await context.abort(grpc.StatusCode.UNAVAILABLE, response.error_message[6:])
                await context.write(response)
        finally:  # a cancelled call shows as CancelledError, a failed write or an early end of the requests
            reader.cancel()
            if not (self.chunks and self.chunks[-1].parameters["sequence_end"].bool_param):
                self.cancelled.set()

    async def ModelReady(  # noqa: N802 - the name is Triton's
        self, request: service_pb2.ModelReadyRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.ModelReadyResponse:
        """Whether it is one of `states`; a server that is stopping has no answer to that."""
        if self.stopping:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Server is stopping")
        return service_pb2.ModelReadyResponse(ready=self.states.get(request.name) == "READY")

    async def ServerReady(  # noqa: N802 - the name is Triton's
        self, request: service_pb2.ServerReadyRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.ServerReadyResponse:
        """Always."""
        return service_pb2.ServerReadyResponse(ready=True)

    async def RepositoryIndex(  # noqa: N802 - the name is Triton's
        self, request: service_pb2.RepositoryIndexRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.RepositoryIndexResponse:
        """List `states`, or refuse to, as a gateway does."""
        if not self.lists_models:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "RBAC: access denied")
        index = service_pb2.RepositoryIndexResponse()
        for name, state in self.states.items():
            index.models.add(
                name=name, version="1", state=state, reason="" if state == "READY" else "no such file"
            )
        return index

    async def ModelMetadata(  # noqa: N802 - the name is Triton's
        self, request: service_pb2.ModelMetadataRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.ModelMetadataResponse:
        """One of `states`, with Triton's words for what is not there."""
        self.asked.append(dict(context.invocation_metadata()))
        state = self.states.get(request.name)
        if state != "READY":
            what = "has no available versions" if state else "is not found"
            message = f"Request for unknown model: '{request.name}' {what}"
            await context.abort(grpc.StatusCode.NOT_FOUND, message)
        return service_pb2.ModelMetadataResponse(name=request.name, versions=["1"])

    @asynccontextmanager
    async def listening(
        self, credentials: grpc.ServerCredentials | None = None, *, streams: int = 1000
    ) -> AsyncIterator[str]:
        """The url while it listens on a free port.

        credentials: of TLS. streams: more on one connection have to wait.
        """
        server = grpc.aio.server(options=[("grpc.max_concurrent_streams", streams)])
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(self, server)
        address = "127.0.0.1:0"
        port = (
            server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
        )
        await server.start()
        try:
            yield f"{'grpcs://' if credentials else ''}127.0.0.1:{port}"
        finally:
            await server.stop(None)

    @asynccontextmanager
    async def client(
        self,
        *,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
    ) -> AsyncIterator[AsyncClient]:
        """A client of it."""
        async with (
            self.listening() as url,
            AsyncClient(url, limits=limits, timeouts=timeouts, retries=retries) as client,
        ):
            yield client


async def heard(room: AsyncRoom) -> list[Caption]:
    """The captions of a room, until it has ended."""
    return [event async for event in room.events() if isinstance(event, Caption)]


def acknowledgement(request_id: str) -> Response:
    """Triton's empty final response."""
    response = service_pb2.ModelStreamInferResponse()
    response.infer_response.id = request_id
    response.infer_response.parameters["triton_final_response"].bool_param = True
    return response


def failure(request_id: str, code: str, message: str, *, last: bool = True) -> Response:
    """An event of kind "error", as `captions` sends it; of a request that ends with it, or goes on."""
    response = service_pb2.ModelStreamInferResponse()
    response.infer_response.id = request_id
    response.infer_response.parameters["triton_final_response"].bool_param = last
    _fill(response.infer_response, {"kind": "error", "code": code, "message": message}, {}, "FP64")
    return response


def refusal(request_id: str, message: str) -> Response:
    """An error response as Triton itself sends it: the message, the id and nothing else."""
    response = service_pb2.ModelStreamInferResponse(error_message=message)
    response.infer_response.id = request_id
    return response


def broken(message: str) -> Response:
    """Makes the peer end the stream with UNAVAILABLE."""
    return service_pb2.ModelStreamInferResponse(error_message=f"ABORT {message}")


def event(
    request_id: str,
    kind: str,
    text: str,
    start: float,
    end: float,
    *,
    stable: str | None = None,
    index: int | None = None,
) -> Response:
    """One caption; without an index as servers sent it that did not count."""
    response = service_pb2.ModelStreamInferResponse()
    response.infer_response.id = request_id
    response.infer_response.parameters["triton_final_response"].bool_param = False
    texts = {"kind": kind, "text": text, "stable": text if stable is None else stable, "language": "en"}
    _fill(response.infer_response, texts, {"pts_start": start, "pts_end": end}, "FP64")
    if index is not None:
        response.infer_response.outputs.add(name="index", datatype="INT32", shape=[1])
        response.infer_response.raw_output_contents.append(struct.pack("<i", index))
    return response


def _fill(
    response: service_pb2.ModelInferResponse, texts: dict[str, str], numbers: dict[str, float], datatype: str
) -> None:
    for name, text in texts.items():
        response.outputs.add(name=name, datatype="BYTES", shape=[1])
        response.raw_output_contents.append(struct.pack("<I", len(text.encode())) + text.encode())
    for name, number in numbers.items():
        response.outputs.add(name=name, datatype=datatype, shape=[1])
        response.raw_output_contents.append(struct.pack("<f" if datatype == "FP32" else "<d", number))
