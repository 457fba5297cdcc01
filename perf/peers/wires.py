"""How requests get to a peer: the leanest way that its documentation has for such inputs."""

import http.client
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import grpc
import numpy as np
from tritonclient.grpc import service_pb2

from exporters.onnx_tools import Floats
from perf.load import grpc_load, http_load
from perf.load.closed_loop import Answers

ASK_S = 30.0
"""How long a single request may take."""


class Wire(Protocol):
    """A way to send the input x [1, ...] and get the output [1, ...] back."""

    @property
    def name(self) -> str:
        """What people call it."""

    def ask(self, ports: Sequence[int], x: Floats) -> Floats:
        """One request; the output flat.

        Raises:
            OSError: there is no answer to it.
            RuntimeError: there is no answer to it.
        """

    def load(self, ports: Sequence[int], x: Floats, y: Floats, concurrency: int, seconds: float) -> Answers:
        """A closed loop of it; y is what an answer should be like."""


@dataclass(frozen=True)
class RawHttp:
    """float32 as it lies in memory, as the body of a POST."""

    path: str = "/infer"
    name: str = "raw float32 over HTTP"

    def ask(self, ports: Sequence[int], x: Floats) -> Floats:
        """See `Wire`."""
        return np.frombuffer(_post(ports[0], self.path, x.tobytes(), "application/octet-stream"), np.float32)

    def load(self, ports: Sequence[int], x: Floats, y: Floats, concurrency: int, seconds: float) -> Answers:
        """See `Wire`."""
        message = http_load.request(self.path, x.tobytes())
        return http_load.measure(ports, message, concurrency, seconds=seconds, answer_bytes=y.nbytes)


@dataclass(frozen=True)
class JsonHttp:
    """Numbers as JSON; `body` puts them into the peer's form, `output` takes them out of its answer."""

    path: str
    body: Callable[[Floats], object]
    output: Callable[[object], object]
    name: str = "JSON over HTTP"

    def ask(self, ports: Sequence[int], x: Floats) -> Floats:
        """See `Wire`."""
        answer = _post(ports[0], self.path, self._encoded(x), "application/json")
        return np.asarray(self.output(json.loads(answer)), np.float32).ravel()

    def load(self, ports: Sequence[int], x: Floats, y: Floats, concurrency: int, seconds: float) -> Answers:
        """See `Wire`; the length of an answer depends on its numbers and is not looked at."""
        message = http_load.request(self.path, self._encoded(x), "application/json")
        return http_load.measure(ports, message, concurrency, seconds=seconds)

    def _encoded(self, x: Floats) -> bytes:
        return json.dumps(self.body(x)).encode()


@dataclass(frozen=True)
class V2Grpc:
    """The V2 protocol over gRPC with raw tensors.

    Attributes:
        input: the tensor's name, any the peer takes.
    """

    model: str
    input: str
    name: str = "raw float32 over gRPC (V2)"

    def ask(self, ports: Sequence[int], x: Floats) -> Floats:
        """See `Wire`."""
        with grpc.insecure_channel(f"127.0.0.1:{ports[0]}", options=grpc_load.OPTIONS) as channel:
            try:
                call = channel.unary_unary(grpc_load.METHOD)
                answer = call(grpc_load.request(self.model, {self.input: x}), timeout=ASK_S)
            except grpc.RpcError as error:
                raise RuntimeError(f"the service answered {error}") from None
        response = service_pb2.ModelInferResponse.FromString(answer)
        return np.frombuffer(response.raw_output_contents[0], np.float32)

    def load(self, ports: Sequence[int], x: Floats, y: Floats, concurrency: int, seconds: float) -> Answers:
        """See `Wire`."""
        messages = [grpc_load.request(self.model, {self.input: x})]
        address = f"127.0.0.1:{ports[0]}"
        return grpc_load.measure(address, messages, concurrency, seconds=seconds, answer_bytes=y.nbytes)


def _post(port: int, path: str, body: bytes, content_type: str) -> bytes:
    """The body of the answer.

    Raises:
        OSError: there is none or it is not 200.
        RuntimeError: there is none or it is not 200.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_S)
    try:
        connection.request("POST", path, body, {"Content-Type": content_type})
        answer = connection.getresponse()
        content = answer.read()
    except http.client.HTTPException as error:
        raise RuntimeError(f"the service's answer is no HTTP: {error!r}") from None
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise RuntimeError(f"the service answered {answer.status}: {content[:200].decode(errors='replace')}")
    return content
