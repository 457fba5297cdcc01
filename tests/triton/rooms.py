"""Rooms for tests: played through the client, or request by request over a stream of their own."""

import queue
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc
import numpy as np
import psutil
from liveroom import AsyncClient, AsyncRoom, Caption
from numpy.typing import NDArray
from tritonclient.grpc import InferResult, service_pb2, service_pb2_grpc
from tritonclient.utils import np_to_triton_dtype, serialize_byte_tensor

from server import Triton

Array = NDArray[np.generic]
WINDOW_S = 0.032
"""Speech is found in windows of this length, so the last one may end this much after the audio."""


async def play(
    client: AsyncClient,
    audio: NDArray[np.float32] | NDArray[np.int16],
    rate: int = 16_000,
    *,
    room_id: str | None = None,
    language: str = "auto",
    denoise: bool = False,
    chunk_s: float = 0.5,
) -> list[Caption]:
    """All events of a room that hears `audio` as fast as it is served, checked by `check`."""
    events = client.captions(
        audio, rate, room_id=room_id, language=language, denoise=denoise, chunk_s=chunk_s
    )
    heard = [event async for event in events]
    check(heard, len(audio) / rate)
    return heard


async def heard(room: AsyncRoom) -> list[Caption]:
    """The captions of a room, until it has ended."""
    return [event async for event in room.events() if isinstance(event, Caption)]


def finals(events: Iterable[Caption]) -> list[Caption]:
    """The final ones."""
    return [event for event in events if event.is_final]


def text(events: Iterable[Caption]) -> str:
    """What was said in the end."""
    return " ".join(event.text for event in finals(events))


def check(events: Sequence[Caption], seconds: float) -> None:
    """What holds of any room: no stable word is taken back, no time runs backwards or past the end."""
    stable, ended = "", 0.0
    for event in events:
        assert event.text.startswith(stable), f"{stable!r} was stable, then came {event.text!r}"
        assert event.text.startswith(event.stable)
        assert ended - 1e-6 <= event.pts_start <= event.pts_end <= seconds + WINDOW_S
        stable = "" if event.is_final or not event.text else event.stable
        if event.is_final:
            assert event.stable == event.text != ""
            ended = event.pts_end


@dataclass(frozen=True)
class Answer:
    """One response: to which request, an event or an error (with a code or Triton's), whether the last."""

    request: str
    kind: str = ""
    text: str = ""
    stable: str = ""
    start: float = 0.0
    end: float = 0.0
    error: str = ""
    code: str = ""
    last: bool = False


class RawRoom:
    """A gRPC stream of its own on which anything can be sent; nothing is read from it before `read`."""

    def __init__(self, url: str, room_id: str | int, **metadata: str) -> None:
        self._channel = grpc.insecure_channel(url)
        self._room_id = room_id
        self._number = 0
        self._requests: queue.Queue[service_pb2.ModelInferRequest | None] = queue.Queue()
        stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        headers = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        self._call = stub.ModelStreamInfer(iter(self._requests.get, None), timeout=60, metadata=headers)

    def send(self, inputs: Mapping[str, Array], *, start: bool = False, end: bool = False) -> str:
        """Send one request; returns its id."""
        self._number += 1
        request = service_pb2.ModelInferRequest(model_name="captions", id=str(self._number))
        if isinstance(self._room_id, int):
            request.parameters["sequence_id"].int64_param = self._room_id
        else:
            request.parameters["sequence_id"].string_param = self._room_id
        request.parameters["sequence_start"].bool_param = start
        request.parameters["sequence_end"].bool_param = end
        request.parameters["triton_enable_empty_final_response"].bool_param = True
        for name, array in inputs.items():
            request.inputs.add(name=name, datatype=np_to_triton_dtype(array.dtype), shape=array.shape)
            raw = serialize_byte_tensor(array).item() if array.dtype == np.object_ else array.tobytes()
            request.raw_input_contents.append(raw)
        self._requests.put(request)
        return str(self._number)

    def chunk(
        self,
        audio: Array,
        pts: float,
        rate: int = 16_000,
        *,
        start: bool = False,
        end: bool = False,
        more: Mapping[str, str | float] | None = None,
    ) -> str:
        """Send one chunk, with `more` inputs of one element; returns its id."""
        name = "audio_int16" if audio.dtype == np.int16 else "audio"
        inputs = {name: audio, "sample_rate": np.array([rate], np.int32), "pts": np.array([pts])}
        for key, value in (more or {}).items():
            element = value.encode() if isinstance(value, str) else value
            inputs[key] = np.array([element], np.object_ if isinstance(value, str) else np.float64)
        return self.send(inputs, start=start, end=end)

    def read(self, until: str) -> list[Answer]:
        """Answers up to the first error or the last answer to request `until`."""
        answers: list[Answer] = []
        while not answers or not (answers[-1].request == until and (answers[-1].last or answers[-1].error)):
            answers.append(self._answer(next(self._call)))
        return answers

    def follow(self) -> list[tuple[float, Answer]]:
        """All answers until the stream ends, each with when it came (monotonic seconds)."""
        return [(time.monotonic(), self._answer(response)) for response in self._call]

    def done(self) -> None:
        """Say that nothing more comes."""
        self._requests.put(None)

    def rest(self) -> list[Answer]:
        """Say that nothing more comes; all answers that are left."""
        self.done()
        return [self._answer(response) for response in self._call]

    def close(self) -> None:
        """Cancel the stream."""
        self._requests.put(None)
        self._call.cancel()
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def _answer(response: service_pb2.ModelStreamInferResponse) -> Answer:
        inner = response.infer_response
        result = InferResult(inner)
        last = bool(inner.parameters["triton_final_response"].bool_param)
        if not inner.outputs:
            return Answer(inner.id, error=response.error_message, last=last)
        if result.as_numpy("kind")[0] == b"error":
            code, error = (result.as_numpy(name)[0].decode() for name in ("code", "message"))
            return Answer(inner.id, error=error, code=code, last=last)
        kind, text, stable = (result.as_numpy(name)[0].decode() for name in ("kind", "text", "stable"))
        start, stop = (float(result.as_numpy(name)[0]) for name in ("pts_start", "pts_end"))
        return Answer(inner.id, kind, text, stable, start, stop, last=last)


def stub(triton: Triton, model: str) -> psutil.Process:
    """The process of a Python model."""
    return next(
        child
        for child in psutil.Process(triton.pid).children()
        if child.status() != psutil.STATUS_ZOMBIE and f"/{model}/1/" in " ".join(child.cmdline())
    )
