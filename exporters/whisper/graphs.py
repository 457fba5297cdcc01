"""Export the three parts of Whisper to ONNX, with the optimization profiles of their dynamic axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from exporters.contract import Profile
from exporters.onnx_tools import export_module
from exporters.whisper.assembly import Whisper
from exporters.whisper.network import Dimensions
from whisper_decoder.decoding import WINDOW

_ROOMS = (1, 4, 16)
"""Smallest, usual and largest batch."""
_CONTEXT = (400, 500, 1950)
"""Encoder positions of contexts of 8, 10 and 39 s; 50 to the second."""
_WINDOW = (400, 500, WINDOW)
"""The same of a window of them."""


@dataclass(frozen=True)
class Graph:
    """An exported graph and the range of shapes it is meant for."""

    path: Path
    profiles: Mapping[str, Profile]


def cache_names(prefix: str, layers: int) -> list[str]:
    """`past_key_0`, `past_value_0`, `past_key_1`, ...: of every layer, in the order of the graph."""
    return [f"{prefix}_{kind}_{layer}" for layer in range(layers) for kind in ("key", "value")]


def _profile(shape: tuple[int | tuple[int, int, int], ...]) -> Profile:
    """A profile from axes that are fixed, or smallest, usual and largest."""
    sides = [tuple(axis if isinstance(axis, int) else axis[i] for axis in shape) for i in range(3)]
    return Profile(*sides)


def export_encoder(whisper: Whisper, size: Dimensions, path: Path) -> Graph:
    """features [B, mels, T] -> states [B, T / 2, width]; mels and width are left to the checkpoint."""
    frames = (2 * _CONTEXT[0], 2 * _CONTEXT[1], 2 * _CONTEXT[2])
    export_module(
        whisper.encoder,
        path,
        inputs={"features": torch.zeros(2, size.mels, 200)},
        outputs=["states"],
        dynamic={
            "features": {0: "batch", 1: "mels", 2: "frames"},
            "states": {0: "batch", 1: "positions", 2: "width"},
        },
    )
    return Graph(path, {"features": _profile((_ROOMS, size.mels, frames))})


def export_cross(whisper: Whisper, size: Dimensions, path: Path) -> Graph:
    """states [B, C, width] -> cross-attention keys and values of every decoder layer."""
    export_module(
        whisper.cross,
        path,
        inputs={"states": torch.zeros(2, 100, size.width)},
        outputs=cache_names("cross", size.decoder_layers),
        dynamic={"states": {0: "batch", 1: "positions"}, **_cross_axes(size)},
    )
    return Graph(path, {"states": _profile((_ROOMS, _WINDOW, size.width))})


def export_decoder(whisper: Whisper, size: Dimensions, path: Path) -> Graph:
    """One decoding pass; see `Decoder` for its tensors."""
    batch, tokens, past, positions = 2, 3, 5, 100
    layers, heads = size.decoder_layers, size.heads
    every_past, present = cache_names("past", layers), cache_names("present", layers)
    empty = torch.zeros(batch, heads, past, size.decoder_head)
    cross = [tensor.contiguous() for tensor in whisper.cross(torch.zeros(batch, positions, size.width))]
    export_module(
        whisper.decoder,
        path,
        inputs={
            "tokens": torch.zeros(batch, tokens, dtype=torch.int64),
            "positions": torch.zeros(batch, tokens, dtype=torch.int64),
            "mask": torch.zeros(batch, 1, tokens, past + tokens),
            "rows": torch.tensor([2, 5, 4]),
            "probe": torch.tensor([0, 1]),
            **dict.fromkeys(every_past, empty),
            **dict(zip(cache_names("cross", layers), cross, strict=True)),
        },
        outputs=["next", "probability", "first", "language", "no_speech", *present],
        dynamic={
            "tokens": {0: "batch", 1: "tokens"},
            "positions": {0: "batch", 1: "tokens"},
            "mask": {0: "batch", 2: "tokens", 3: "slots"},
            "rows": {0: "answers"},
            "probe": {0: "probes"},
            "next": {0: "answers"},
            "probability": {0: "answers"},
            "first": {0: "probes"},
            "language": {0: "probes"},
            "no_speech": {0: "probes"},
            **{name: {0: "batch", 2: "past"} for name in every_past},
            **{name: {0: "batch", 2: "slots"} for name in present},
            **_cross_axes(size),
        },
    )
    fresh, cached = (1, 4, 224), (0, 32, size.decoder_positions)
    answers = (1, 8, 16 * 224)
    caches = {name: _profile((_ROOMS, heads, cached, size.decoder_head)) for name in every_past}
    for name in cache_names("cross", layers):
        sides = (size.decoder_head, _WINDOW) if "key" in name else (_WINDOW, size.decoder_head)
        caches[name] = _profile((_ROOMS, heads, *sides))
    profiles = {
        "tokens": _profile((_ROOMS, fresh)),
        "positions": _profile((_ROOMS, fresh)),
        "mask": _profile((_ROOMS, 1, fresh, (1, 36, size.decoder_positions))),
        "rows": _profile((answers,)),
        "probe": _profile(((0, 4, 16),)),
    }
    return Graph(path, {**profiles, **caches})


def _cross_axes(size: Dimensions) -> dict[str, dict[int, str]]:
    """Dynamic axes of the cross caches: keys are [B, heads, head, C], values [B, heads, C, head]."""
    names = cache_names("cross", size.decoder_layers)
    return {name: {0: "batch", (3 if "key" in name else 2): "positions"} for name in names}
