"""dlib's face recognition network (Davis King 2017, dlib's dnn_face_recognition_ex.cpp) rebuilt in torch.

A residual network of 29 convolutions, each with a gain and an offset per channel in the place of
normalization. Where it halves the sides it pads nothing, so that the shortcut may be a row and a column
larger, and it has fewer channels: both are filled up with zeros before they are added.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

SIDE, DIMENSIONS = 150, 128
MEAN = (122.782, 117.001, 104.298)
"""Of red, green and blue, subtracted before the division by 256: dlib's input_rgb_image_sized."""

BLOCKS = (
    *(("conv32_1", 32, 32), ("conv32_2", 32, 32), ("conv32_3", 32, 32)),
    *(("conv64_down", 32, 64), ("conv64_1", 64, 64), ("conv64_2", 64, 64), ("conv64_3", 64, 64)),
    *(("conv128_down", 64, 128), ("conv128_1", 128, 128), ("conv128_2", 128, 128)),
    *(("conv256_down", 128, 256), ("conv256_1", 256, 256), ("conv256_2", 256, 256)),
    ("conv256_down_out", 256, 256),
)
"""Name in face-api, channels in and out; those with "down" halve the sides."""


class _Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, halves: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 2 if halves else 1, 0 if halves else 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.halves = halves

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.conv2(self.conv1(x).relu())
        if self.halves:
            x = F.avg_pool2d(x, 2, 2)
            # Plain numbers: what a traced shape says would be worked out anew in every call.
            channels, rows, columns = (int(found.shape[axis]) - int(x.shape[axis]) for axis in (1, 2, 3))
            x = F.pad(x, (0, 0, 0, 0, 0, channels)) if channels else x
            found = F.pad(found, (0, -columns, 0, -rows)) if rows or columns else found
        return cast(torch.Tensor, (found + x).relu())


class FaceNetwork(nn.Module):
    """RGB aligned faces uint8 [B,150,150,3] to embeddings [B,128] of unit length.

    dlib itself leaves the length (near 1.4) as it is: its distances are about 1.4 times as large as ours.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv32_down = nn.Conv2d(3, 32, 7, 2)
        self.blocks = nn.ModuleDict({name: _Block(ins, outs, "down" in name) for name, ins, outs in BLOCKS})
        self.fc = nn.Linear(256, DIMENSIONS, bias=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Network, unit length; the scaling of pixels is in the weights, see :func:`assemble`."""
        x = F.max_pool2d(self.conv32_down(image.permute(0, 3, 1, 2).float()).relu(), 3, 2)
        for block in self.blocks.values():
            x = block(x)
        return F.normalize(self.fc(x.mean((2, 3))))


@dataclass(frozen=True)
class Convolution:
    """A convolution [out,in,h,w] with bias, gain and offset [out] as they are stored."""

    weight: torch.Tensor
    bias: torch.Tensor
    gain: torch.Tensor
    offset: torch.Tensor

    def folded(self) -> dict[str, torch.Tensor]:
        """Gain and offset made part of the convolution."""
        return {
            "weight": self.weight * self.gain[:, None, None, None],
            "bias": self.bias * self.gain + self.offset,
        }


def names() -> list[str]:
    """What the convolutions are called, in their order."""
    return ["conv32_down", *(f"{block}/{half}" for block, *_ in BLOCKS for half in ("conv1", "conv2"))]


def assemble(convolutions: Mapping[str, Convolution], last: torch.Tensor) -> FaceNetwork:
    """The network of its convolutions by :func:`names` and the matrix [256,128] that makes the embedding.

    The scaling of pixels is folded into the first convolution, which is exact because it pads nothing.

    Raises:
        KeyError, RuntimeError: a convolution is missing or of another shape.
    """
    first = convolutions["conv32_down"].folded()
    weight = first["weight"].double() / 256
    state = {
        "conv32_down.weight": weight,
        "conv32_down.bias": first["bias"] - (weight * torch.tensor(MEAN)[:, None, None]).sum((1, 2, 3)),
        "fc.weight": last.T,
    }
    for name in names()[1:]:
        for kind, array in convolutions[name].folded().items():
            state[f"blocks.{name.replace('/', '.')}.{kind}"] = array
    network = FaceNetwork()
    network.load_state_dict(state)
    return network.eval()
