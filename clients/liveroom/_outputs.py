"""The outputs of one response: what is not as expected is said to be of another version."""

from __future__ import annotations

import math
import struct

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from ._errors import InferenceFailed
from ._signature import Arrays, decode

_FORMATS = {"FP32": "<f", "FP64": "<d", "INT32": "<i"}


class Outputs:
    """The outputs of one response; what is not as expected is an `InferenceFailed`."""

    def __init__(self, response: service_pb2.ModelInferResponse) -> None:
        self._response = response
        self._model: str = response.model_name
        self._raw: dict[str, tuple[str, tuple[int, ...], bytes]] = {
            tensor.name: (tensor.datatype, tuple(tensor.shape), raw)
            for tensor, raw in zip(response.outputs, response.raw_output_contents, strict=True)
        }

    def __bool__(self) -> bool:
        return bool(self._raw)

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def arrays(self) -> Arrays:
        """All of them, as numpy has them."""
        return decode(self._response)

    def data(self, name: str) -> bytes:
        """A BYTES [1] output as it is."""
        datatype, _, raw = self._get(name)
        if datatype != "BYTES":
            raise self._mismatch(name, f"is {datatype}, expected BYTES")
        return raw[4:]

    def text(self, name: str) -> str:
        """A BYTES [1] output as text."""
        return self.data(name).decode("utf-8", "replace")

    def number(self, name: str) -> float:
        """A numeric [1] output."""
        datatype, _, raw = self._get(name)
        if datatype not in _FORMATS or len(raw) != struct.calcsize(_FORMATS[datatype]):
            raise self._mismatch(name, f"is {datatype} of {len(raw)} bytes, expected one number")
        return float(struct.unpack(_FORMATS[datatype], raw)[0])

    def floats(self, name: str, *shape: int) -> NDArray[np.float32]:
        """An FP32 output of `shape` behind a batch dimension of 1; -1 stands for any length."""
        datatype, got, raw = self._get(name)
        fits = len(got) == len(shape) + 1 and all(b in (-1, a) for a, b in zip(got, (1, *shape), strict=True))
        if datatype != "FP32" or not fits or len(raw) != 4 * math.prod(got):
            raise self._mismatch(name, f"is {datatype} {list(got)}, expected FP32 {[1, *shape]}")
        return np.frombuffer(raw, "<f4").reshape(got[1:])

    def whole(self, name: str, count: int) -> tuple[int, ...]:
        """An INT32 output of `count` numbers."""
        datatype, _, raw = self._get(name)
        if datatype != "INT32" or len(raw) != 4 * count:
            raise self._mismatch(name, f"is {datatype} of {len(raw)} bytes, expected {count} of INT32")
        return struct.unpack(f"<{count}i", raw)

    def _get(self, name: str) -> tuple[str, tuple[int, ...], bytes]:
        if name not in self._raw:
            raise self._mismatch(name, f"is missing, got {sorted(self._raw)}")
        return self._raw[name]

    def _mismatch(self, name: str, what: str) -> InferenceFailed:
        return InferenceFailed(
            f"output {name!r} of model {self._model!r} {what}: client and server versions differ"
        )
