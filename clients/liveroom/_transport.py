"""Unary calls to one server or gateway, tried again where that may help."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from tritonclient.grpc import service_pb2

from ._auth import Token
from ._channels import new_request_id
from ._config import Retries
from ._diagnosis import Diagnosis
from ._errors import ModelUnavailable, NotAllowed, Overloaded
from ._health import CLIENT_MODELS
from ._outputs import Outputs
from ._protocol import Step, Value, check_model_name, infer_request, request_metadata, room_metadata
from ._signature import Signature
from ._status import LOST, from_mark, tidy
from ._types import Model

log = logging.getLogger(__name__)


LONGEST_S = 1e9
"""Of a call, for `math.inf` too: gRPC takes later deadlines for past ones."""


class Transport(Diagnosis):
    """Channels, and the calls over them.

    Args:
        url: see `Channels`, like the rest.
        retries: of unary calls.

    Raises:
        InvalidInput, ClientForked: see there.
    """

    def __init__(
        self,
        url: str,
        retries: Retries,
        *,
        token: Token | None = None,
        ca: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(url, token=token, ca=ca)
        self.retries = retries
        self._signatures: dict[str, Signature] = {}

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
        """One inference, tried again while the server is unavailable.

        Args:
            model: name in the model repository.
            inputs: without their batch dimension, which is 1; or with it where they are ready to be sent.
            seconds: in all.
            outputs: names of those that are wanted; by default all.
            step: for models that keep a room's state; a gateway sends all of a room to the same server.
            retry: False to try once only, or twice where the connection may have been lost meanwhile.

        Raises:
            LiveroomError: of the last attempt; of the one before where the last only ran out of time.
        """
        request = infer_request(model, inputs, outputs=outputs, step=step, batched=True)
        return Outputs(await self._called("ModelInfer", request, model, seconds, step=step, retry=retry))

    async def _called(
        self,
        method: str,
        request: service_pb2.ModelInferRequest | service_pb2.ModelMetadataRequest,
        model: str,
        seconds: float,
        *,
        step: Step | None = None,
        retry: bool,
    ) -> Any:
        """The answer to a call about `model`, see `infer`."""
        room = room_metadata(step.room_id) if step else ()
        attempts = self.retries.attempts if retry else 1
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(seconds, LONGEST_S)
        attempt = 1
        before: tuple[grpc.aio.AioRpcError, str] | None = None
        while True:
            request_id = new_request_id()
            metadata = (*room, *request_metadata(request_id))
            try:
                left = max(0.0, deadline - loop.time())
                connection = self.any()
                return await getattr(connection.stub, method)(request, timeout=left, metadata=metadata)
            except grpc.aio.AioRpcError as error:
                failure = error, request_id
                if before and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                    failure = before
                pause = random.uniform(0, self.retries.pause_bound(attempt))  # noqa: S311 - jitter, not a secret
                lost = error.code() is not grpc.StatusCode.UNAVAILABLE
                most = 2 if lost and not retry else attempts
                if not _may_pass(error, model) or attempt >= most or loop.time() + pause >= deadline:
                    left = deadline - loop.time()
                    raise await self.error(*failure, model=model, step=step, seconds=left) from error
                before = failure
            log.info("a call of model %s failed (%s): trying again", model, before[0].code().name)
            await asyncio.sleep(pause)
            attempt += 1

    async def signature(self, model: str, seconds: float) -> Signature:
        """What `model` takes and gives, asked for once and tried as `infer` is.

        Raises:
            LiveroomError: it is not served, or see `infer`.
        """
        if model not in self._signatures:
            check_model_name(model)
            request = service_pb2.ModelMetadataRequest(name=model)
            metadata = await self._called("ModelMetadata", request, model, seconds, retry=True)
            self._signatures[model] = Signature.parsed(metadata)
        return self._signatures[model]

    def forget(self, model: str) -> None:
        """Ask for the signature of `model` again: another version may be served by now."""
        self._signatures.pop(model, None)

    async def models(self, seconds: float) -> tuple[Model, ...]:
        """Triton's repository index, within `seconds`; where that is refused, `CLIENT_MODELS` one by one.

        Raises:
            LiveroomError: no answer, or none is allowed.
        """
        request_id = new_request_id()
        try:
            connection = self.any()
            request = service_pb2.RepositoryIndexRequest()
            metadata = request_metadata(request_id)
            index = await connection.stub.RepositoryIndex(
                request, timeout=min(seconds, LONGEST_S), metadata=metadata
            )
            return tuple(Model(row.name, row.version, row.state, row.reason) for row in index.models)
        except grpc.aio.AioRpcError as error:
            failure = await self.error(error, request_id, seconds=seconds)
            if not isinstance(failure, NotAllowed | Overloaded):  # a server with a key says UNAVAILABLE, too
                raise failure from error
        rows = await asyncio.gather(*(self._model(name, seconds) for name in CLIENT_MODELS))
        return tuple(rows)

    async def _model(self, name: str, seconds: float) -> Model:
        """One row of the index, as far as a gateway lets us know it."""
        request_id = new_request_id()
        try:
            request = service_pb2.ModelMetadataRequest(name=name)
            connection = self.any()
            metadata = request_metadata(request_id)
            answer = await connection.stub.ModelMetadata(
                request, timeout=min(seconds, LONGEST_S), metadata=metadata
            )
        except grpc.aio.AioRpcError as error:
            failure = await self.error(error, request_id, model=name, seconds=seconds)
            if not isinstance(failure, ModelUnavailable):
                raise failure from error
            return Model(name, "", "", tidy(error.details() or ""))
        return Model(name, next(reversed(answer.versions), ""), "READY", "")


def _may_pass(error: grpc.aio.AioRpcError, model: str) -> bool:
    """Whether another attempt may succeed: nothing was changed, and nobody says that the request is wrong."""
    return error.code() is grpc.StatusCode.UNAVAILABLE or (
        error.code() in LOST and model in CLIENT_MODELS and from_mark(error.details() or "") is None
    )
