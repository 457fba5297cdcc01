"""What a call that failed means: its status, and where that does not tell what the server says when asked."""

from __future__ import annotations

import grpc
from tritonclient.grpc import service_pb2

from ._channels import Channels, new_request_id
from ._connection_advice import unreached
from ._errors import (
    InferenceFailed,
    InvalidInput,
    LiveroomError,
    ModelUnavailable,
    Overloaded,
    RoomClosed,
    ServerUnavailable,
    about,
)
from ._health import CLIENT_MODELS
from ._protocol import Step, request_metadata
from ._status import BUSY, FAILED, NO_MODEL, from_code, from_mark, from_rpc, tidy

WHY_S = 1.0
"""Seconds that finding out what a status means may take."""


class Diagnosis(Channels):
    """Channels that know what their errors mean."""

    async def error(
        self,
        error: grpc.aio.AioRpcError,
        request_id: str,
        *,
        model: str = "",
        step: Step | None = None,
        seconds: float = WHY_S,
    ) -> LiveroomError:
        """What a failed unary call means; where its status does not tell the server is asked, for `seconds`.

        What goes on with a sequence and is refused in Triton's own name is of one that Triton does not know:
        its arguments are the same as in the step that began it.
        """
        message = error.details() or ""
        seconds = min(WHY_S, max(0.1, seconds))
        failure = from_rpc(error, self.url) or await self._asked(error, model, seconds)
        if error.code() is grpc.StatusCode.UNIMPLEMENTED and model and await self._serves(model, seconds):
            failure = InvalidInput(
                f"model {model!r} does not answer single calls, use a stream: {tidy(message)}"
            )
        refused = error.code() is grpc.StatusCode.INVALID_ARGUMENT and from_mark(message) is None
        if refused and step and not step.start:
            failure = from_code(RoomClosed.code, tidy(message))
        return self.named(failure, request_id, model=model, room_id=step.room_id if step else "")

    async def _asked(self, error: grpc.aio.AioRpcError, model: str, seconds: float) -> LiveroomError:
        """Whether the server is there, and the model: a full queue has the status of either's loss."""
        metadata = request_metadata(new_request_id())
        try:
            stub = self.any().stub
            if model:
                question = service_pb2.ModelReadyRequest(name=model)
                answer = await stub.ModelReady(question, timeout=seconds, metadata=metadata)
            else:
                question = service_pb2.ServerReadyRequest()
                answer = await stub.ServerReady(question, timeout=seconds, metadata=metadata)
        except grpc.aio.AioRpcError as told:
            return self._unasked(error, told)
        if not answer.ready and not model:
            return self._unreached(error)
        sentence = tidy(error.details() or "")
        if answer.ready and error.code() is grpc.StatusCode.UNAVAILABLE:
            return Overloaded(f"{BUSY}: {sentence}")
        if answer.ready and model not in CLIENT_MODELS:
            return InferenceFailed(f"{FAILED}: {sentence} ({error.code().name})")
        # Our own models mark what they say themselves: so Triton says it, of a process that died.
        return ModelUnavailable(f"{NO_MODEL}: {sentence}")

    async def _serves(self, model: str, seconds: float) -> bool:
        """Whether what answers is the Triton that it should be, with the model."""
        try:
            question = service_pb2.ModelReadyRequest(name=model)
            metadata = request_metadata(new_request_id())
            answer = await self.any().stub.ModelReady(question, timeout=seconds, metadata=metadata)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.ready)

    def _unasked(self, error: grpc.aio.AioRpcError, told: grpc.aio.AioRpcError) -> LiveroomError:
        """The same where the server had no answer to that, but `told`."""
        refused = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
        if told.code() in refused and (failure := from_rpc(told, self.url)):
            return failure
        late = told.code() is grpc.StatusCode.DEADLINE_EXCEEDED  # as while a model is loaded again
        if late and error.code() is not grpc.StatusCode.UNAVAILABLE:
            return ModelUnavailable(f"{NO_MODEL}: {tidy(error.details() or '')}")
        return self._unreached(error)

    def stream_error(self, error: grpc.aio.AioRpcError, request_id: str) -> LiveroomError:
        """What a stream means that ended with `error`: a status that does not tell is that of a lost server.

        What Triton has against a request inside of it comes as a response, and without a status.
        """
        return self.named(from_rpc(error, self.url) or self._unreached(error), request_id)

    async def why(self, error: grpc.aio.AioRpcError, request_id: str) -> LiveroomError:
        """The same of a stream that was never answered; where gRPC may have lost its status a call says it.

        grpc.aio says INTERNAL of a call that ends while a request is being written.
        """
        if error.code() is not grpc.StatusCode.UNAVAILABLE and from_rpc(error, self.url) is None:
            try:
                request = service_pb2.ModelMetadataRequest(name="captions")
                connection = self.any()
                metadata = request_metadata(request_id)
                await connection.stub.ModelMetadata(request, timeout=WHY_S, metadata=metadata)
            except grpc.aio.AioRpcError as told:
                return self.stream_error(told, request_id)
        return self.stream_error(error, request_id)

    def named(
        self, error: LiveroomError, request_id: str, *, model: str = "", room_id: str = ""
    ) -> LiveroomError:
        """`error`, which knows of what it is, and says of which call where a gateway's log has that."""
        about(error, model=model, room_id=room_id)
        if not error.request_id:
            error.request_id = request_id
            if self.secure:
                error.args = (f"{error} (request {request_id})",)
        return error

    def _unreached(self, error: grpc.aio.AioRpcError) -> ServerUnavailable:
        message = error.details() or ""
        return ServerUnavailable(f"{unreached(self.url, message)} ({tidy(message)})")
