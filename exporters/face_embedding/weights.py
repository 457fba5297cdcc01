"""Read the weights face-api ships: bytes in one file, said by a manifest beside it what they are."""

import json
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch

from exporters.errors import ExportError
from exporters.face_embedding.network import FaceNetwork, assemble


class _Quantization(TypedDict):
    dtype: str
    scale: float
    min: float


class _Entry(TypedDict, total=False):
    name: str
    shape: list[int]
    quantization: _Quantization


def read_weights(manifest: Path) -> FaceNetwork:
    """The network with the weights of a TensorFlow.js manifest (``*-weights_manifest.json``).

    Quantised arrays are ``byte * scale + min``. The files of bytes are found beside the manifest.

    Raises:
        ExportError: the manifest or its bytes are not those of dlib's network.
    """
    try:
        (group,) = json.loads(manifest.read_text())
        raw = b"".join((manifest.parent / name).read_bytes() for name in group["paths"])
        return assemble(_arrays(group["weights"], raw))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ExportError(f"{manifest} is not a manifest of dlib's face network: {error}") from error


def _arrays(entries: list[_Entry], raw: bytes) -> dict[str, torch.Tensor]:
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
