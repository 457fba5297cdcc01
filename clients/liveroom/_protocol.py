"""Triton's inference protocol: numpy in, numpy out (KServe v2 gRPC with Triton's extensions)."""

from __future__ import annotations

import re
import struct
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from ._errors import InvalidInput
from ._outputs import Outputs
from ._signature import Encoded
from ._types import Caption, Transcript

Array: TypeAlias = (
    NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int16] | NDArray[np.int32] | NDArray[np.bool_]
)
Value: TypeAlias = Array | str | bytes | Encoded
"""An input: an array as it is, one string, or what is ready to be sent."""

ROOM_HEADER = "x-room-id"
"""Metadata key of a room's stream: what a gateway hashes on."""

REQUEST_HEADER = "x-request-id"
ATTEMPT_HEADER = "x-room-attempt"
"""Metadata key of a room's stream, hashed with the id: another attempt may reach another server."""

MAX_ROOM_ID_BYTES = 128
"""As many as Triton takes of a correlation id, which stands for a room where there is no metadata."""

_LANGUAGE = re.compile(r"\s*[A-Za-z][\w-]*\s*(,\s*[A-Za-z][\w-]*\s*)*", re.ASCII)
_DATATYPES = {"float32": "FP32", "float64": "FP64", "int16": "INT16", "int32": "INT32", "bool": "BOOL"}


@dataclass(frozen=True, slots=True)
class Step:
    """Where a request stands in the sequence of its room.

    Attributes:
        room_id: what a gateway goes by.
        sequence: Triton's correlation id. Triton knows no tenants: whoever knows it could end the sequence,
            or see what belongs to it. So nobody else does.
        start: whether the sequence begins with it.
        end: whether it ends with it.
    """

    room_id: str
    sequence: str
    start: bool = False
    end: bool = False


def new_sequence() -> str:
    """One that nobody can guess."""
    return uuid.uuid4().hex


def check_room_id(room_id: str) -> str:
    """`room_id`, if it can be one.

    Raises:
        InvalidInput: it is no text, empty, or longer than 128 bytes of UTF-8.
    """
    if not isinstance(room_id, str):
        raise InvalidInput(f"room id is {room_id!r}: expected text, such as {str(room_id)!r}")
    size = len(room_id.encode())
    if not 0 < size <= MAX_ROOM_ID_BYTES:
        raise InvalidInput(
            f"room id {room_id!r} is {size} bytes long: expected 1 to {MAX_ROOM_ID_BYTES} bytes of UTF-8"
        )
    return room_id


def check_model_name(model: str) -> None:
    """Raise InvalidInput where `model` can be the name of none."""
    if not isinstance(model, str) or not model or not model.isprintable():
        raise InvalidInput(f"model is {model!r}: expected its name in the model repository")


def check_language(language: str) -> str:
    """`language`, if it can be one; which codes there are the server's checkpoint knows.

    Raises:
        InvalidInput: it is neither "auto" nor one code or several with commas between them.
    """
    if not isinstance(language, str) or len(language) > 200 or not _LANGUAGE.fullmatch(language):
        raise InvalidInput(
            f"language is {str(language)[:50]!r}: expected auto, a Whisper code such as en or zh, or"
            " candidates such as en,zh"
        )
    return language


def request_metadata(request_id: str) -> tuple[tuple[str, str], ...]:
    """Metadata by which a call is found in the access log of a gateway."""
    return ((REQUEST_HEADER, request_id),)


def room_metadata(room_id: str, attempt: int | None = None) -> tuple[tuple[str, str], ...]:
    """Metadata of a room's call; the id percent-encoded, because gRPC takes ASCII only.

    Args:
        room_id: checked.
        attempt: counts the streams of this room; None for calls that are no streams.
    """
    named = ((ROOM_HEADER, quote(room_id, safe="")),)
    return named if attempt is None else (*named, (ATTEMPT_HEADER, str(attempt)))


def infer_request(
    model: str,
    inputs: Mapping[str, Value],
    *,
    outputs: Iterable[str] = (),
    step: Step | None = None,
    request_id: str = "",
    batched: bool = False,
) -> service_pb2.ModelInferRequest:
    """A `ModelInferRequest` with raw contents.

    Args:
        model: name in the model repository.
        inputs: arrays of any shape, strings (sent as BYTES [1]), or what is ready to be sent.
        outputs: names of those that are wanted; by default all.
        step: for models that keep a room's state.
        request_id: comes back with every response.
        batched: put a batch dimension of 1 in front of every shape, except of what is ready.
    """
    request = service_pb2.ModelInferRequest(model_name=model, id=request_id)
    for name in outputs:
        request.outputs.add(name=name)
    if step:
        request.parameters["sequence_id"].string_param = step.sequence
        request.parameters["sequence_start"].bool_param = step.start
        request.parameters["sequence_end"].bool_param = step.end
    for name, value in inputs.items():
        tensor = request.inputs.add(name=name)
        if isinstance(value, Encoded):
            tensor.datatype = value.datatype
            tensor.shape.extend(value.shape)
            request.raw_input_contents.append(value.data)
            continue
        if batched:
            tensor.shape.append(1)
        if isinstance(value, str | bytes):
            data = value.encode() if isinstance(value, str) else value
            tensor.datatype = "BYTES"
            tensor.shape.append(1)
            request.raw_input_contents.append(struct.pack("<I", len(data)) + data)
        else:
            tensor.datatype = _DATATYPES[value.dtype.name]
            tensor.shape.extend(value.shape)
            request.raw_input_contents.append(value.tobytes())
    return request


def captions_request(number: int, inputs: Mapping[str, Value], step: Step) -> service_pb2.ModelInferRequest:
    """Chunk `number` of a room; its empty final response is asked for, as the acknowledgement."""
    request = infer_request("captions", inputs, step=step, request_id=str(number))
    request.parameters["triton_enable_empty_final_response"].bool_param = True
    return request


def is_last(response: service_pb2.ModelInferResponse) -> bool:
    """Whether nothing more follows for this request id."""
    return bool(response.parameters["triton_final_response"].bool_param)


def caption(outputs: Outputs) -> Caption:
    """The event of a `captions` response."""
    kind = outputs.text("kind")
    return Caption(
        kind="final" if kind == "final" else "partial",
        text=outputs.text("text"),
        stable=outputs.text("stable"),
        pts_start=outputs.number("pts_start"),
        pts_end=outputs.number("pts_end"),
        language=outputs.text("language"),
        emitted_at=time.time(),
    )


def transcript(outputs: Outputs) -> Transcript:
    """The answer of `asr`."""
    return Transcript(
        text=outputs.text("text").strip(),
        language=outputs.text("detected_language"),
        duration=outputs.number("duration"),
        avg_logprob=outputs.number("avg_logprob"),
        no_speech_prob=outputs.number("no_speech_prob"),
    )
