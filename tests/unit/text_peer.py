"""A scripted server of `chat` and `tts`: it allows or holds lines, and speaks tones."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

import grpc
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from tests.unit.peer import Peer, Request, Response, Send, acknowledgement

_TENSORS = {
    "chat": (
        {"text": "BYTES", "pts": "FP64", "id": "BYTES", "viewer": "BYTES", "role": "BYTES"}
        | {"settings": "BYTES", "state": "BYTES"},
        {"events": "BYTES", "state": "BYTES"},
    ),
    "tts": (
        {"text": "BYTES", "voice": "BYTES", "speed": "FP32", "pauses": "FP32", "lexicon": "BYTES"},
        {"audio": "INT16", "sample_rate": "INT32", "pts": "FP64", "words": "BYTES"}
        | {"starts": "FP64", "ends": "FP64", "spans": "INT32"},
    ),
}


class TextPeer(Peer):
    """A `Peer` with the signatures of `chat` and `tts`."""

    async def ModelMetadata(  # noqa: N802 - the name is Triton's
        self, request: service_pb2.ModelMetadataRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.ModelMetadataResponse:
        """One of them."""
        response = service_pb2.ModelMetadataResponse(name=request.name, versions=["1"])
        inputs, outputs = _TENSORS[request.name]
        batched = request.name == "chat"
        for name, datatype in inputs.items():
            response.inputs.add(name=name, datatype=datatype, shape=[-1, -1] if batched else [1])
        for name, datatype in outputs.items():
            response.outputs.add(name=name, datatype=datatype, shape=[-1, -1] if batched else [-1])
        return response


def texts(request: Request, name: str) -> list[str]:
    """The strings of one input."""
    raw = dict(zip((each.name for each in request.inputs), request.raw_input_contents, strict=True)).get(name)
    found, at = [], 0
    while raw and at < len(raw):
        (size,) = struct.unpack_from("<I", raw, at)
        found.append(raw[at + 4 : at + 4 + size].decode())
        at += 4 + size
    return found


async def moderator(request: Request, send: Send) -> None:
    """Holds lines that have "spoiler", and allows all others."""
    events = []
    for text, line_id, viewer in zip(
        *(texts(request, name) for name in ("text", "id", "viewer")), strict=True
    ):
        reason = {"rule": "word", "action": "hold", "text": f"{text} is a word of this room", "found": text}
        told = {
            "kind": "moderated",
            "of": line_id,
            "viewer": viewer,
            "text": text,
            "action": "hold" if "spoiler" in text else "allow",
            "reasons": [reason] if "spoiler" in text else [],
            "language": "en",
            "sentiment": {"negative": 0.1, "neutral": 0.8, "positive": 0.1},
            "scores": {"toxicity": 0.0},
            "pts_start": 1.0,
            "pts_end": 1.0,
        }
        events.append(json.dumps(told))
    response = _response(request)
    _strings(response, "events", events)
    _strings(response, "state", ["state"])
    await send(response)
    await send(acknowledgement(request.id))


async def speaker(request: Request, send: Send) -> None:
    """A second of samples for each word."""
    for number, word in enumerate("".join(texts(request, "text")).split()):
        response = _response(request)
        _array(response, "audio", "INT16", np.full(24_000, 1000, "<i2"))
        _array(response, "sample_rate", "INT32", np.array([24_000], "<i4"))
        _array(response, "pts", "FP64", np.array([number], "<f8"))
        _strings(response, "words", [word])
        _array(response, "starts", "FP64", np.array([0.0]))
        _array(response, "ends", "FP64", np.array([1.0]))
        _array(response, "spans", "INT32", np.array([[0, len(word)]], "<i4"))
        await send(response)
    await send(acknowledgement(request.id))


def _response(request: Request) -> Response:
    response = service_pb2.ModelStreamInferResponse()
    response.infer_response.id = request.id
    response.infer_response.parameters["triton_final_response"].bool_param = False
    return response


def _strings(response: Response, name: str, values: Sequence[str]) -> None:
    response.infer_response.outputs.add(name=name, datatype="BYTES", shape=[len(values)])
    data = b"".join(struct.pack("<I", len(value.encode())) + value.encode() for value in values)
    response.infer_response.raw_output_contents.append(data)


def _array(response: Response, name: str, datatype: str, array: NDArray[np.generic]) -> None:
    response.infer_response.outputs.add(name=name, datatype=datatype, shape=array.shape)
    response.infer_response.raw_output_contents.append(array.tobytes())
