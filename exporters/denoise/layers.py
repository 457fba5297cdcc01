"""The two kinds of layer GTCRN is made of, over any number of frames with their states explicit."""

import torch
from torch import Tensor, nn

CHANNELS = 16
BANDS = 33


class Block(nn.Module):
    """Half of the channels through a dilated convolution over time and a gate, shuffled with the rest."""

    def __init__(self, dilation: int) -> None:
        """``dilation`` in frames."""
        super().__init__()
        self.past = 2 * dilation
        self.point1 = nn.Conv2d(CHANNELS // 2, CHANNELS, (1, 3), padding=(0, 1))
        self.point1_act = nn.PReLU()
        self.depth = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=(0, 1), dilation=(dilation, 1), groups=CHANNELS)
        self.depth_act = nn.PReLU()
        self.point2 = nn.Conv2d(CHANNELS, CHANNELS // 2, 1)
        self.attention = nn.GRU(CHANNELS // 2, CHANNELS, batch_first=True)
        self.gate = nn.Linear(CHANNELS, CHANNELS // 2)

    def forward(self, x: Tensor, past: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``x`` [B, 16, T, 33], ``past`` [B, 16, 2 * dilation, 33], ``hidden`` [B, 16] -> the same."""
        half, rest = x.chunk(2, dim=1)
        seen = torch.cat([past, self.point1_act(self.point1(half))], dim=2)
        found = self.point2(self.depth_act(self.depth(seen)))
        energy = (found * found).mean(dim=-1).transpose(1, 2)
        attended, hidden = self.attention(energy, hidden.unsqueeze(0))
        found = found * torch.sigmoid(self.gate(attended)).transpose(1, 2).unsqueeze(-1)
        shuffled = torch.stack([found, rest], dim=2).flatten(1, 2)
        return shuffled, seen[:, :, -self.past :], hidden.squeeze(0)


class SplitGru(nn.Module):
    """Two GRUs, each over half of the features, and a linear layer that mixes them."""

    def __init__(self, bidirectional: bool) -> None:
        """Features in and out are 16 either way."""
        super().__init__()
        half = CHANNELS // 2
        size = half // 2 if bidirectional else half
        self.first = nn.GRU(half, size, batch_first=True, bidirectional=bidirectional)
        self.second = nn.GRU(half, size, batch_first=True, bidirectional=bidirectional)
        self.mix = nn.Linear(CHANNELS, CHANNELS)
        self.norm = nn.LayerNorm((BANDS, CHANNELS), eps=1e-8)

    def forward(self, x: Tensor, hidden: Tensor | None) -> tuple[Tensor, Tensor]:
        """``x`` [N, L, 16] -> [N, L, 16]; ``hidden`` [1, N, 16] from the call before, None for zeros."""
        left, right = x.chunk(2, dim=-1)
        before = (None, None) if hidden is None else [part.contiguous() for part in hidden.chunk(2, dim=-1)]
        left, after_left = self.first(left, before[0])
        right, after_right = self.second(right, before[1])
        return self.mix(torch.cat([left, right], dim=-1)), torch.cat([after_left, after_right], dim=-1)


class Path(nn.Module):
    """Recurrence over the bands of each frame, then over the frames of each band."""

    def __init__(self) -> None:
        """The weights come with ``load_state_dict``."""
        super().__init__()
        self.intra = SplitGru(bidirectional=True)
        self.inter = SplitGru(bidirectional=False)

    def forward(self, x: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` [B, 16, T, 33], ``hidden`` [B, 33, 16]; gives the same two."""
        batch = x.shape[0]
        x = x.permute(0, 2, 3, 1)
        within, _ = self.intra(x.reshape(-1, BANDS, CHANNELS), None)
        x = x + self.intra.norm(within.reshape(batch, -1, BANDS, CHANNELS))
        bands = x.transpose(1, 2).reshape(batch * BANDS, -1, CHANNELS)
        across, hidden = self.inter(bands, hidden.reshape(1, -1, CHANNELS))
        x = x + self.inter.norm(across.reshape(batch, BANDS, -1, CHANNELS).transpose(1, 2))
        return x.permute(0, 3, 1, 2), hidden.reshape(batch, BANDS, CHANNELS)
