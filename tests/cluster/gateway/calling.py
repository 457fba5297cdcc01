"""What tests of the gateway say to it."""

import json
import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

import grpc
import numpy as np
import psutil
from tritonclient.grpc import service_pb2, service_pb2_grpc

from cluster.credentials import Credentials
from cluster.gateway import Gateway
from cluster.machine import LOOPBACK

Metadata = Sequence[tuple[str, str]]
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Front:
    """A gateway and what opens it."""

    gateway: Gateway
    credentials: Credentials

    @contextmanager
    def channel(self, token: str | None = None, certificate: str | None = None) -> Iterator[grpc.Channel]:
        """A connection with a token, or with a client's certificate for a tenant, or with neither."""
        files = self.credentials.client_certificate(certificate) if certificate else ()
        chain, key = [file.read_bytes() for file in files] or (None, None)
        secrets = grpc.ssl_channel_credentials(self.credentials.ca.read_bytes(), key, chain)
        if token is not None:
            secrets = grpc.composite_channel_credentials(secrets, grpc.access_token_call_credentials(token))
        options = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.secure_channel(f"{LOOPBACK}:{self.gateway.port}", secrets, options) as channel:
            yield channel

    @contextmanager
    def stub(self, tenant: str = "demo") -> Iterator[service_pb2_grpc.GRPCInferenceServiceStub]:
        """Triton's service, as `tenant` reaches it."""
        with self.channel(self.credentials.token(tenant)) as channel:
            yield service_pb2_grpc.GRPCInferenceServiceStub(channel)

    def memory(self) -> int:
        """What Envoy has of it, in bytes."""
        return int(psutil.Process(self.gateway.pid).memory_info().rss)

    def logged(self, count: int) -> list[dict[str, str | int | None]]:
        """The last `count` entries of the access log, once there are no more to come."""
        size = -1
        while size != (size := self.gateway.access_log.stat().st_size):
            time.sleep(0.15)  # it is written every 0.05 s
        return [json.loads(line) for line in self.gateway.access_log.read_text().splitlines()[-count:]]


def request(model: str, x: int = 0, size: int = 0) -> service_pb2.ModelInferRequest:
    """For `moody` and `talker`; or, with a `size`, one for `identity` with so many bytes too many."""
    made = service_pb2.ModelInferRequest(model_name=model)
    dims = [1, 16] if model == "identity" else [1]
    data = np.zeros(16, np.float32) if model == "identity" else np.array([x], np.int32)
    made.inputs.add(name="x", datatype="FP32" if model == "identity" else "INT32", shape=dims)
    made.raw_input_contents.append(data.tobytes() + bytes(size))
    return made


def failure(call: grpc.Call) -> tuple[grpc.StatusCode, str]:
    """How a call failed."""
    return call.code(), call.details()


class Stream:
    """A ModelStreamInfer call of a room, which ends with the block or after PATIENCE_S."""

    def __init__(
        self,
        stub: service_pb2_grpc.GRPCInferenceServiceStub,
        room: str,
        attempt: int = 0,
        more: Metadata = (),
    ) -> None:
        self._requests: queue.Queue[service_pb2.ModelInferRequest | None] = queue.Queue()
        metadata = (("x-room-id", room), ("x-room-attempt", str(attempt)), *more)
        self.call = stub.ModelStreamInfer(
            iter(self._requests.get, None), metadata=metadata, timeout=PATIENCE_S
        )

    def ask(self, message: service_pb2.ModelInferRequest) -> service_pb2.ModelStreamInferResponse:
        """Sends a request and returns the first answer to it. Raises grpc.RpcError when the stream ends.

        By its id: Triton 24.10 now and then repeats an earlier answer after a request that it refused.
        """
        message.id = uuid4().hex
        self.send(message)
        return next(answer for answer in self.call if answer.infer_response.id == message.id)

    def send(self, message: service_pb2.ModelInferRequest) -> None:
        """Sends a request."""
        self._requests.put(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.put(None)
        self.call.cancel()
