"""A closed loop over gRPC, for servers of the V2 protocol that perf_analyzer can't drive.

perf_analyzer asks for a model's configuration first, which is Triton's extension of the protocol. Requests
are serialised once and answers are looked at only for their length, which leaves little but gRPC itself.
"""

import asyncio
import contextlib
import time

import grpc
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from perf.load.closed_loop import Answers, answers

_PAUSE_S = 0.01
METHOD = "/inference.GRPCInferenceService/ModelInfer"
_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


def request(model: str, name: str, x: NDArray[np.float32]) -> bytes:
    """A ModelInfer request with the input `x`, as it goes over the wire."""
    message = service_pb2.ModelInferRequest(model_name=model)
    message.inputs.add(name=name, datatype="FP32", shape=x.shape)
    message.raw_input_contents.append(x.tobytes())
    return bytes(message.SerializeToString())


def measure(
    port: int, message: bytes, concurrency: int, *, seconds: float, answer_bytes: int, limit_s: float = 30.0
) -> Answers:
    """Like `http_load.measure`; an answer shorter than the tensor in it (`answer_bytes`) is an error."""
    latencies: list[float] = []
    errors: list[str] = []

    async def loop() -> Answers:
        ends, enough = asyncio.Event(), asyncio.Event()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS) as channel:
            call = channel.unary_unary(METHOD)
            cpu, began = time.process_time(), time.perf_counter()

            async def caller() -> None:
                while not ends.is_set():
                    sent = time.perf_counter()
                    try:
                        answer = await call(message, timeout=limit_s)
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
