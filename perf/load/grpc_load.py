"""A closed loop over gRPC, where perf_analyzer can't be used.

That asks for a model's configuration first, which is Triton's extension of the V2 protocol, and for every
output of a model. Requests are serialized once and answers are looked at only for their length, which leaves
little but gRPC itself.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Mapping, Sequence

import grpc
import numpy as np
from tritonclient.grpc import service_pb2
from tritonclient.utils import np_to_triton_dtype, serialize_byte_tensor

from exporters.onnx_tools import Array
from perf.load.closed_loop import Answers, answers
from server.loopback import DIRECT

_PAUSE_S = 0.01
METHOD = "/inference.GRPCInferenceService/ModelInfer"
OPTIONS = (
    *DIRECT,
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)


def request(model: str, inputs: Mapping[str, Array], outputs: Sequence[str] = ()) -> bytes:
    """A ModelInfer request for these outputs, or all, as it goes over the wire; texts are objects."""
    message = service_pb2.ModelInferRequest(model_name=model)
    for name, x in inputs.items():
        message.inputs.add(name=name, datatype=np_to_triton_dtype(x.dtype), shape=x.shape)
        raw = serialize_byte_tensor(x).item() if x.dtype == np.object_ else x.tobytes()
        message.raw_input_contents.append(raw)
    for name in outputs:
        message.outputs.add(name=name)
    return bytes(message.SerializeToString())


def measure(
    address: str,
    messages: Sequence[bytes],
    concurrency: int,
    *,
    seconds: float,
    answer_bytes: int,
    limit_s: float = 30.0,
) -> Answers:
    """Like `http_load.measure`, with `messages` in turn at host:port.

    An answer shorter than the tensors in it (`answer_bytes`) is an error.
    """
    requests = itertools.cycle(messages)
    latencies: list[float] = []
    errors: list[str] = []

    async def loop() -> Answers:
        ends, enough = asyncio.Event(), asyncio.Event()
        async with grpc.aio.insecure_channel(address, options=OPTIONS) as channel:
            call = channel.unary_unary(METHOD)
            cpu, began = time.process_time(), time.perf_counter()

            async def caller() -> None:
                while not ends.is_set():
                    sent = time.perf_counter()
                    try:
                        answer = await call(next(requests), timeout=limit_s)
                    except grpc.aio.AioRpcError as error:
                        errors.append(f"{error.code().name}: {error.details()}")
                        await asyncio.sleep(_PAUSE_S)  # a service that is not there fails at once
                    else:
                        if len(answer) < answer_bytes:
                            errors.append(f"an answer of {len(answer)} bytes, its tensor {answer_bytes}")
                        else:
                            latencies.append(time.perf_counter() - sent)
                    if len(latencies) + len(errors) >= concurrency:
                        enough.set()

            callers = [asyncio.ensure_future(caller()) for _ in range(concurrency)]
            await asyncio.sleep(seconds)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), limit_s)
            elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
            found = answers(concurrency, latencies, elapsed, cpu, errors)
            ends.set()
            await asyncio.gather(*callers)  # each ends within limit_s
        return found

    return asyncio.run(loop())
