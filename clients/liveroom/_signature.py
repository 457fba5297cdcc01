"""What a model takes and gives, by the server's own metadata: numpy on its way in, checked, and out."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tritonclient.grpc import service_pb2

from ._errors import InferenceFailed, InvalidInput

Inputs: TypeAlias = Mapping[str, ArrayLike]
"""By name: arrays, or what numpy makes arrays of; text and bytes for BYTES."""
Arrays: TypeAlias = dict[str, NDArray[np.generic]]
"""By name; of BYTES arrays of bytes objects."""

_DTYPES = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}
"""Numpy's type for each of KServe's; BYTES has none, and BF16 neither."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An input as it goes over the wire, with the whole shape."""

    datatype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of_texts(cls, texts: Sequence[bytes], *shape: int) -> Encoded:
        """Texts in UTF-8 as BYTES of `shape`."""
        return cls("BYTES", shape, b"".join(struct.pack("<I", len(text)) + text for text in texts))


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output of a model.

    Attributes:
        name: unique among the inputs, or outputs.
        datatype: KServe's name of it, such as "FP32" or "BYTES".
        shape: with the batch dimension where the model has one; -1 is any length.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]

    def encode(self, value: ArrayLike) -> Encoded:
        """`value` as this input.

        A single number or text fills a shape of one element. Numbers become this type where none is lost by
        it but precision.

        Raises:
            InvalidInput: another type or shape; the message says which is right.
        """
        if isinstance(value, np.ma.MaskedArray):
            raise InvalidInput(f"input {self.name!r} is a masked array: fill what is masked")
        array: NDArray[np.generic]
        try:
            if self.datatype == "BYTES":
                array = np.asarray(_whole(value), np.object_)
            elif self.datatype in _DTYPES:
                array = self._cast(np.asarray(value))
        except (ValueError, OverflowError) as error:
            raise InvalidInput(f"input {self.name!r} is no array: {error}") from error
        if self.datatype != "BYTES" and self.datatype not in _DTYPES:
            raise InvalidInput(f"input {self.name!r} is {self.datatype}, which this client cannot send")
        shape = tuple(max(length, 1) if length < 0 else length for length in self.shape)
        if not array.shape and math.prod(shape) == 1:
            array = array.reshape(shape)
        fits = len(array.shape) == len(self.shape) and all(
            wanted in (-1, length) for wanted, length in zip(self.shape, array.shape, strict=True)
        )
        if not fits:
            expected = f"{self.datatype} {list(self.shape)}"
            raise InvalidInput(f"input {self.name!r} has shape {list(array.shape)}: expected {expected}")
        if self.datatype == "BYTES":
            data = b"".join(map(self._element, array.flat))
        else:
            data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        return Encoded(self.datatype, array.shape, data)

    def _cast(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        kind = np.dtype(_DTYPES[self.datatype])
        if array.dtype.kind in ("fiub" if kind.kind == "f" else "iub") or not array.size:
            with np.errstate(over="ignore", invalid="ignore"):
                cast = array.astype(kind, copy=False)
            if cast is array or not np.any(_changed(array, cast)):
                return cast
        raise InvalidInput(
            f"input {self.name!r} is {array.dtype}: expected {self.datatype}, numpy's {kind.name}"
            + (", and numbers within it" if array.dtype.kind in "fiub" else "")
        )

    def _element(self, value: object) -> bytes:
        if not isinstance(value, str | bytes | bytearray | memoryview):
            raise InvalidInput(f"input {self.name!r} has {type(value).__name__}: expected text or bytes")
        try:
            data = value.encode() if isinstance(value, str) else bytes(value)
        except UnicodeEncodeError as error:
            raise InvalidInput(f"input {self.name!r} has text that is no Unicode: {error}") from error
        return struct.pack("<I", len(data)) + data


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes and gives.

    Attributes:
        model: its name.
        inputs: by name; which may be left out the server does not tell.
        outputs: by name.
    """

    model: str
    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]

    @classmethod
    def parsed(cls, metadata: service_pb2.ModelMetadataResponse) -> Signature:
        """Out of Triton's metadata."""
        return cls(metadata.name, _specs(metadata.inputs), _specs(metadata.outputs))

    def encode(self, inputs: Inputs) -> dict[str, Encoded]:
        """Inputs for one request.

        Raises:
            InvalidInput: one is unknown, or see `TensorSpec.encode`.
        """
        if not isinstance(inputs, Mapping):
            raise InvalidInput(f"inputs are {type(inputs).__name__}: expected arrays by name")
        self._check("input", inputs, self.inputs)
        return {name: self.inputs[name].encode(value) for name, value in inputs.items()}

    def check_outputs(self, names: Iterable[str]) -> tuple[str, ...]:
        """`names`, if they are outputs.

        Raises:
            InvalidInput: one is none.
        """
        wanted = tuple(names)
        self._check("output", wanted, self.outputs)
        return wanted

    def _check(self, what: str, names: Iterable[str], known: Mapping[str, TensorSpec]) -> None:
        for name in names:
            if name not in known:
                described = ", ".join(f"{s.name} {s.datatype} {list(s.shape)}" for s in known.values())
                raise InvalidInput(
                    f"model {self.model!r} has no {what} {name!r}: expected some of {described}"
                )


def _whole(value: ArrayLike) -> ArrayLike:
    """Bytes, which numpy would take for numbers, as one element."""
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def _changed(array: NDArray[np.generic], cast: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Which numbers are others now: whole ones have to fit, of others only the range counts."""
    if cast.dtype.kind == "f":
        return np.isfinite(array) & ~np.isfinite(cast)
    return np.asarray(cast != array)


def decode(response: service_pb2.ModelInferResponse) -> Arrays:
    """All outputs of a response.

    Raises:
        InferenceFailed: one is of a type that numpy does not have, or not what its shape says.
    """
    try:
        raw = zip(response.outputs, response.raw_output_contents, strict=True)
        return {tensor.name: _array(response.model_name, tensor, data) for tensor, data in raw}
    except (ValueError, OverflowError) as error:  # numpy's, of buffers and shapes
        raise _misshapen(response.model_name) from error


def _array(
    model: str, tensor: service_pb2.ModelInferResponse.InferOutputTensor, data: bytes
) -> NDArray[np.generic]:
    shape = tuple(tensor.shape)
    if min(shape, default=0) < 0:
        raise _misshapen(model)
    if tensor.datatype == "BYTES":
        elements = _elements(data)
        if elements is None or len(elements) != math.prod(shape):
            raise _misshapen(model)
        array = np.empty(len(elements), np.object_)
        array[:] = elements
        return array.reshape(shape)
    if tensor.datatype not in _DTYPES:
        raise InferenceFailed(
            f"output {tensor.name!r} of model {model!r} is {tensor.datatype}, which numpy has not"
        )
    return np.frombuffer(data, np.dtype(_DTYPES[tensor.datatype]).newbyteorder("<")).reshape(shape)


def _misshapen(model: str) -> InferenceFailed:
    return InferenceFailed(
        f"outputs of model {model!r} are not what their shapes say: client and server differ"
    )


def _elements(data: bytes) -> Sequence[bytes] | None:
    found, at = [], 0
    while at < len(data):
        begin = at + 4
        at = begin + int.from_bytes(data[at:begin], "little")
        if at > len(data):
            return None
        found.append(data[begin:at])
    return found


def _specs(tensors: Iterable[service_pb2.ModelMetadataResponse.TensorMetadata]) -> dict[str, TensorSpec]:
    return {tensor.name: TensorSpec(tensor.name, tensor.datatype, tuple(tensor.shape)) for tensor in tensors}
