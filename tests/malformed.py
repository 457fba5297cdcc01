"""Requests as no client of ours sends them: sound ones, with one to three faults drawn by hypothesis."""

import struct
from collections.abc import Callable, Mapping
from math import prod
from typing import TypeAlias

import numpy as np
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2
from tritonclient.grpc.model_config_pb2 import DataType
from tritonclient.utils import serialize_byte_tensor, triton_to_np_dtype

from server.canary import sample
from server.repository import Model

Request: TypeAlias = service_pb2.ModelInferRequest
Fault: TypeAlias = Callable[[st.DrawFn, Request], None]

LARGEST = 1 << 20
"""Bytes of a tensor: larger ones say no more and take their time."""
TYPES = ("BOOL", "UINT8", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES", "BF16", "", "X")
BORDERS = (0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 65, 79, 81, 127, 128, 129, 255, 256, 257, 511, 513, 1000)
VAST = (16_000, 16_001, 65_535, 65_536, 2**28 - 1, 2**28, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1)
PAST = (2**61, 2**62, 2**63 - 1, -1, -2, -(2**31), -(2**63))
SIZES = st.one_of(st.sampled_from(BORDERS), st.sampled_from(VAST + PAST), st.integers(0, 5000))
TEXTS = st.one_of(
    st.sampled_from(["", "x", "\0", "../etc", "%s%n", "你好", "🎤", "1e999", "-1", "{}", "[[", "auto,auto"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
PARAMETERS = (
    *("sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "binary_data", "headers"),
    *(
        "triton_enable_empty_final_response",
        "shared_memory_region",
        "x-tenant",
        "x-room-id",
        "x-tenant-class",
    ),
)
NAMES = st.one_of(st.sampled_from(PARAMETERS), TEXTS)


def sound(model: Model, models: Mapping[str, Model], room: str) -> Request:
    """A request that `model` may answer: what canaries ask it, or else the least its graph takes."""
    request = Request(model_name=model.name)
    for name, array in sample(model, models).items():
        declared = next(tensor for tensor in model.config.input if tensor.name == name)
        datatype = str(DataType.Name(declared.data_type)).removeprefix("TYPE_").replace("STRING", "BYTES")
        request.inputs.add(name=name, datatype=datatype, shape=array.shape)
        raw = (
            serialize_byte_tensor(array).item()
            if array.dtype == np.object_ and array.size
            else array.tobytes()
        )
        request.raw_input_contents.append(raw)
    steps = [models[step.model_name] for step in model.config.ensemble_scheduling.step]
    if any(each.config.HasField("sequence_batching") for each in (model, *steps)):
        request.parameters["sequence_id"].string_param = room
        request.parameters["sequence_start"].bool_param = True
        request.parameters["sequence_end"].bool_param = True
    return request


def _shape(draw: st.DrawFn, request: Request) -> None:
    """Another shape, with as many bytes as it says, if it can have them, or with those there were."""
    index = draw(st.integers(0, len(request.inputs) - 1))
    tensor = request.inputs[index]
    shape = list(tensor.shape) or [1]
    match draw(st.sampled_from(["size", "size", "sizes", "first", "more", "fewer"])):
        case "size":
            shape[draw(st.integers(0, len(shape) - 1))] = draw(SIZES)
        case "sizes":
            shape = [draw(SIZES) for _ in shape]
        case "first":
            shape[0] = draw(SIZES)
        case "more":
            shape.append(draw(SIZES))
        case "fewer":
            shape.pop()
    tensor.shape[:] = shape
    if draw(st.booleans()) and tensor.datatype not in ("BYTES", "", "X", "BF16"):
        size = prod(shape) * np.dtype(triton_to_np_dtype(tensor.datatype)).itemsize
        if 0 <= size <= LARGEST and index < len(request.raw_input_contents):
            request.raw_input_contents[index] = bytes(size)
    if prod(shape) * 8 >= 2**64 and index < len(request.raw_input_contents):
        request.raw_input_contents[index] = b""


def _batch(draw: st.DrawFn, request: Request) -> None:
    """Another batch, of all inputs together."""
    size = draw(st.one_of(st.sampled_from([0, 2, 3, 16, 17, 65, -1, 2**32]), SIZES))
    for index, tensor in enumerate(request.inputs):
        if not tensor.shape or index >= len(request.raw_input_contents):
            continue
        before = tensor.shape[0]
        tensor.shape[0] = size
        raw = request.raw_input_contents[index]
        if before == 1 and 0 <= size <= 70 and size * len(raw) <= LARGEST:
            request.raw_input_contents[index] = raw * size


def _datatype(draw: st.DrawFn, request: Request) -> None:
    draw(st.sampled_from(request.inputs)).datatype = draw(st.sampled_from(TYPES))


def _bytes(draw: st.DrawFn, request: Request) -> None:
    """More or fewer bytes than the shape says."""
    if not request.raw_input_contents:
        return
    index = draw(st.integers(0, len(request.raw_input_contents) - 1))
    raw = request.raw_input_contents[index]
    cut = draw(st.integers(0, 9))
    choices = [b"", raw[:cut], raw[: len(raw) - cut], raw + bytes(cut), raw * 2, draw(st.binary(max_size=64))]
    request.raw_input_contents[index] = draw(st.sampled_from(choices))


def _lies(draw: st.DrawFn, request: Request) -> None:
    """Texts whose lengths are not theirs; of others whatever numbers there may be."""
    texts = [index for index, tensor in enumerate(request.inputs) if tensor.datatype == "BYTES"]
    index = draw(st.sampled_from(texts or range(len(request.inputs))))
    if index >= len(request.raw_input_contents):
        return
    if not texts:
        kind = draw(st.sampled_from([b"\xff", b"\x7f", b"\x00\x00\xc0\x7f", b"\x00\x00\x80\xff"]))
        raw = request.raw_input_contents[index]
        request.raw_input_contents[index] = (kind * len(raw))[: len(raw)]
        return
    text = draw(st.one_of(TEXTS.map(str.encode), st.binary(max_size=40)))
    length = draw(st.one_of(st.just(len(text)), st.sampled_from([0, 1, 41, 2**31 - 1, 2**31, 2**32 - 1])))
    request.raw_input_contents[index] = struct.pack("<I", length) + text


def _inputs(draw: st.DrawFn, request: Request) -> None:
    """One is missing, comes twice, or has another name."""
    index = draw(st.integers(0, len(request.inputs) - 1))
    match draw(st.sampled_from(["drop", "twice", "rename", "unknown", "none", "swap"])):
        case "drop":
            del request.inputs[index]
            del request.raw_input_contents[index : index + 1]
        case "twice":
            request.inputs.append(request.inputs[index])
            request.raw_input_contents.extend(request.raw_input_contents[index : index + 1])
        case "rename":
            request.inputs[index].name = draw(TEXTS)
        case "unknown":
            request.inputs.add(name=draw(TEXTS), datatype="FP32", shape=[1, 1])
            request.raw_input_contents.append(bytes(4))
        case "none":
            del request.inputs[:]
        case "swap":
            request.inputs[index].name = request.inputs[0].name


def _contents(draw: st.DrawFn, request: Request) -> None:
    """Numbers one by one, with or without the raw ones."""
    tensor = draw(st.sampled_from(request.inputs))
    count = draw(st.integers(0, 5))
    match draw(st.sampled_from(["fp32", "int", "uint", "bool", "bytes", "int64"])):
        case "fp32":
            tensor.contents.fp32_contents.extend([1.5] * count)
        case "int":
            tensor.contents.int_contents.extend([-1] * count)
        case "uint":
            tensor.contents.uint_contents.extend([2**32 - 1] * count)
        case "bool":
            tensor.contents.bool_contents.extend([True] * count)
        case "bytes":
            tensor.contents.bytes_contents.extend([b"x"] * count)
        case "int64":
            tensor.contents.int64_contents.extend([-(2**63)] * count)
    if draw(st.booleans()):
        del request.raw_input_contents[:]


def _parameter(draw: st.DrawFn, request: Request) -> None:
    """A parameter of any kind, of the request or of a tensor."""
    of_tensor = draw(st.integers(0, 3)) == 0
    holder = draw(st.sampled_from(request.inputs)) if of_tensor else request
    parameter = holder.parameters[draw(NAMES)]
    match draw(st.sampled_from(["bool", "int64", "string", "nothing"])):
        case "bool":
            parameter.bool_param = draw(st.booleans())
        case "int64":
            parameter.int64_param = draw(
                st.one_of(st.sampled_from([0, 1, -1, 2**63 - 1]), st.integers(-9, 9))
            )
        case "string":
            parameter.string_param = draw(TEXTS)


def _outputs(draw: st.DrawFn, request: Request) -> None:
    """Outputs that there are not, twice, or to be put somewhere else."""
    for _ in range(draw(st.integers(1, 3))):
        output = request.outputs.add(
            name=draw(st.one_of(TEXTS, st.sampled_from(["y", "text", "boxes", "edited"])))
        )
        if draw(st.booleans()):
            output.parameters["classification"].int64_param = draw(st.sampled_from([-1, 0, 3, 2**62]))
        if draw(st.booleans()):
            output.parameters["shared_memory_region"].string_param = draw(TEXTS)


def _identity(draw: st.DrawFn, request: Request) -> None:
    """Another version, or an id of any kind."""
    if draw(st.booleans()):
        request.id = draw(st.one_of(TEXTS, st.just("i" * 10_000)))
    else:
        request.model_version = draw(st.one_of(st.sampled_from(["1", "2", "-1", "0", "9" * 30]), TEXTS))


FAULTS: tuple[Fault, ...] = (
    *(_shape, _shape, _shape, _batch, _datatype, _bytes, _lies, _inputs, _contents, _parameter),
    *(_parameter, _outputs, _identity),
)


class Malformed:
    """A request, told without its tensors."""

    def __init__(self, message: Request) -> None:
        self.message = message

    def __repr__(self) -> str:
        short = Request()
        short.CopyFrom(self.message)
        lengths = [len(raw) for raw in short.raw_input_contents]
        del short.raw_input_contents[:]
        return f"{str(short)[:2000]}{lengths} raw bytes"


def requests(samples: Mapping[str, Request]) -> st.SearchStrategy[Malformed]:
    """Of any of the models, with one to three faults."""

    @st.composite
    def faulty(draw: st.DrawFn) -> Malformed:
        request = Request()
        request.CopyFrom(samples[draw(st.sampled_from(sorted(samples)))])
        for fault in draw(st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3)):
            if request.inputs:
                fault(draw, request)
        return Malformed(request)

    return faulty()
