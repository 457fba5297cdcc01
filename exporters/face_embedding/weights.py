"""Read the weights face-api ships, bytes in one file and a manifest of what they are, or dlib's own file."""

import json
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch

from exporters.errors import ExportError
from exporters.face_embedding.network import (
    BLOCKS,
    DIMENSIONS,
    Convolution,
    FaceNetwork,
    assemble,
    names,
)

_BETWEEN = 4096
"""Bytes within which the next tensor of weights must begin; there are some hundreds between two."""


class _Quantization(TypedDict):
    dtype: str
    scale: float
    min: float


class Entry(TypedDict, total=False):
    """What a manifest says of one array."""

    name: str
    shape: list[int]
    quantization: _Quantization


def read_weights(path: Path) -> FaceNetwork:
    """The network with the weights of a TensorFlow.js manifest (JSON) or of a ``.dat`` that dlib has written.

    Raises:
        ExportError: it is neither, or holds another network.
    """
    try:
        if path.read_bytes()[:1] == b"[":
            return _face_api(path)
        return _dlib(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ExportError(
            f"{path} is not dlib's face network, neither as its .dat nor as a TensorFlow.js manifest: {error}"
        ) from error


def _face_api(manifest: Path) -> FaceNetwork:
    """Of a manifest, whose files of bytes are beside it; quantized arrays are ``byte * scale + min``."""
    (group,) = json.loads(manifest.read_text())
    raw = b"".join((manifest.parent / name).read_bytes() for name in group["paths"])
    arrays = unpacked(group["weights"], raw)

    def convolution(name: str) -> Convolution:
        weight = arrays[f"{name}/conv/filters"].permute(3, 2, 0, 1)
        scale = (arrays[f"{name}/scale/{kind}"] for kind in ("weights", "biases"))
        return Convolution(weight, arrays[f"{name}/conv/bias"], *scale)

    return assemble({name: convolution(name) for name in names()}, arrays["fc"])


def _dlib(raw: bytes) -> FaceNetwork:
    """Of a network that dlib serialized: the tensors of weights in the order of the layers, and other things.

    A tensor is a version, 2, and four sizes, each as a length and that many bytes, then little-endian floats
    (dlib/cuda/tensor.h, dlib/serialize.h). A convolution's has its bias behind its filters, and the next
    layer's has gains and then offsets.
    """
    at = 0

    def take(*sizes: int) -> torch.Tensor:
        nonlocal at
        header = b"".join(_integer(number) for number in (2, *sizes, *(1,) * (4 - len(sizes))))
        found = raw.find(header, at, at + _BETWEEN)
        if found < 0:
            raise ValueError(f"no tensor of {' x '.join(map(str, sizes))} where there should be one")
        at = found + len(header)
        count = int(np.prod(sizes))
        if at + 4 * count > len(raw):
            raise ValueError("the file is cut short")
        values = np.frombuffer(raw, "<f4", count, at).astype(np.float32)
        at += values.nbytes
        return torch.from_numpy(values.reshape(sizes))

    def convolution(inputs: int, outputs: int, side: int) -> Convolution:
        filters = inputs * outputs * side * side
        stored, scale = take(filters + outputs), take(2 * outputs)
        weight = stored[:filters].reshape(outputs, inputs, side, side)
        return Convolution(weight, stored[filters:], scale[:outputs], scale[outputs:])

    found = {"conv32_down": convolution(3, 32, 7)}
    for block, inputs, outputs in BLOCKS:
        found[f"{block}/conv1"] = convolution(inputs, outputs, 3)
        found[f"{block}/conv2"] = convolution(outputs, outputs, 3)
    return assemble(found, take(256, DIMENSIONS))


def _integer(number: int) -> bytes:
    """A positive integer as dlib writes it."""
    length = (number.bit_length() + 7) // 8
    return bytes([length]) + number.to_bytes(length, "little")


def unpacked(entries: list[Entry], raw: bytes) -> dict[str, torch.Tensor]:
    """The arrays of a manifest, by name."""
    found: dict[str, torch.Tensor] = {}
    start = 0
    for entry in entries:
        quantized = entry.get("quantization")
        stored = np.dtype(quantized["dtype"] if quantized else "float32")
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(raw, stored, count, start).astype(np.float32)
        start += count * stored.itemsize
        if quantized:
            values = values * np.float32(quantized["scale"]) + np.float32(quantized["min"])
        found[entry["name"]] = torch.from_numpy(values.reshape(entry["shape"]))
    if start != len(raw):
        raise ValueError(f"it speaks of {start} bytes, there are {len(raw)}")
    return found
