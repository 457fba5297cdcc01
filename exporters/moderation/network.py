"""The head: what buckets of a line weigh, summed by channel, and a small network on the sums."""

import torch
from torch import nn

from exporters.moderation.categories import LEARNED

CHANNELS = 6
DIMENSIONS = 4
"""Numbers that a bucket weighs."""
HIDDEN = 48


class Judge(nn.Module):
    """Sums by channel float32 [n,6,4] and how many there were [n,6] -> logits [n,categories]."""

    def __init__(self) -> None:
        super().__init__()
        width = CHANNELS * (DIMENSIONS + 1)
        self.hidden = nn.Linear(width, HIDDEN)
        self.direct = nn.Linear(width, len(LEARNED))
        self.output = nn.Linear(HIDDEN, len(LEARNED), bias=False)

    def forward(self, sums: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        """Logits of each category that is learned."""
        means = sums * torch.rsqrt(counts + 1.0).unsqueeze(-1)
        sizes = torch.log1p(counts).unsqueeze(-1) / 4.0
        seen = torch.cat((means, sizes), -1).flatten(-2)
        logits: torch.Tensor = self.direct(seen) + self.output(
            torch.nn.functional.gelu(self.hidden(seen), approximate="tanh")
        )
        return logits
