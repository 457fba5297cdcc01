"""open_nsfw with what its authors do to a picture first in the graph."""

import torch

from exporters.onnx_module import OnnxModule

SIDE = 224
MEAN = (104.0, 117.0, 123.0)
"""Of blue, green and red, subtracted by yahoo/open_nsfw, classify_nsfw.py."""


class Nsfw(torch.nn.Module):
    """RGB pictures uint8 [B,224,224,3] to the probability [B,1] that one is not safe for work."""

    def __init__(self, released: OnnxModule) -> None:
        super().__init__()
        self.released = released
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """The second of the released graph's two probabilities."""
        planes = image.permute(0, 3, 1, 2)[:, [2, 1, 0]].float() - self.get_buffer("mean")
        probabilities: torch.Tensor = self.released(planes.permute(0, 2, 3, 1))[0]
        return probabilities[:, 1:]
