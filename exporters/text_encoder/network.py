"""Google's multilingual Universal Sentence Encoder 3 in torch (Yang et al. 2019, arXiv:1907.04307).

An embedding of each piece of a line; convolutions over 2, 3 and 5 pieces, twice each, with shortcuts; the
sum over all pieces divided by the root of their number; a feed-forward network. Vectors have length 1.

Only pieces are computed, not what pads shorter lines: the lines of a batch are laid end to end, and beyond
the ends of its own line a convolution sees zeros. So a batch costs what its lines cost, however long the
longest of them is, and no line depends on its batch-mates.
"""

from typing import NamedTuple, cast

import torch
from torch import nn

WIDTH = 512
"""Of an embedding, and of a piece's row in the table."""
BLOCKS = 17
"""The table is quantized in as many blocks, each with a scale of its own: row r is of block r modulo 17."""
_FILTERS = 256
_HIDDEN = 320
_REACH = 2
"""Pieces to either side that a convolution sees at most."""


class Span(NamedTuple):
    """The pieces that a convolution sees, `before` of them before its own."""

    span: int
    before: int


BRANCHES = (Span(2, 0), Span(3, 1), Span(5, 2))


class _Branch(nn.Module):
    """Two convolutions over the same span."""

    def __init__(self, seen: Span) -> None:
        super().__init__()
        self.columns = [_REACH - seen.before + offset for offset in range(seen.span)]
        self.first = nn.Linear(seen.span * _FILTERS, _FILTERS)
        self.second = nn.Linear(seen.span * _FILTERS, _FILTERS)

    def forward(self, x: torch.Tensor, neighbors: torch.Tensor) -> torch.Tensor:
        """Projected pieces [N,256] to features [N,256]; see :func:`_neighbors`."""
        seen = neighbors[:, self.columns]
        for convolution in (self.first, self.second):
            with_beyond = torch.cat((x, torch.zeros_like(x[:1])))
            x = x + convolution(with_beyond[seen].flatten(1)).relu()
        return x


def _neighbors(places: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Which pieces [N,5] of the batch are around each piece; N, one past the last, beyond the ends of a line.

    Args:
        places: of pieces [N] in their lines.
        lengths: of those lines [N].
    """
    offsets = torch.arange(-_REACH, _REACH + 1)
    there = places[:, None] + offsets
    inside = (there >= 0) & (there < lengths[:, None])
    number = torch.ones_like(places).cumsum(0)
    return torch.where(inside, number[:, None] - 1 + offsets, number[-1:, None])


class SentenceEncoder(nn.Module):
    """Pieces int32 [B,L], below 0 after the end of a line, to embeddings [B,512]."""

    table: torch.Tensor
    scale: torch.Tensor
    lowest: torch.Tensor

    def __init__(self, rows: int, epsilon: float) -> None:
        super().__init__()
        features = WIDTH + len(BRANCHES) * _FILTERS
        self.epsilon = epsilon
        self.register_buffer("table", torch.zeros(rows, WIDTH, dtype=torch.uint8))
        self.register_buffer("scale", torch.zeros(BLOCKS))
        self.register_buffer("lowest", torch.zeros(BLOCKS))
        self.project = nn.Linear(WIDTH, len(BRANCHES) * _FILTERS)
        self.project_norm = nn.LayerNorm(len(BRANCHES) * _FILTERS, epsilon)
        self.branches = nn.ModuleList(map(_Branch, BRANCHES))
        self.norm = nn.LayerNorm(features, epsilon)
        self.mix = nn.Linear(features, WIDTH)
        self.d0 = nn.Linear(WIDTH, _HIDDEN, bias=False)
        self.d1 = nn.Linear(_HIDDEN, _HIDDEN, bias=False)
        self.p1 = nn.Linear(WIDTH, _HIDDEN, bias=False)
        self.d2 = nn.Linear(_HIDDEN, WIDTH, bias=False)
        self.d3 = nn.Linear(WIDTH, WIDTH, bias=False)
        self.p3 = nn.Linear(_HIDDEN, WIDTH, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Lay the lines end to end, look pieces up, convolve, sum by line, feed forward, normalize."""
        there = tokens >= 0
        lengths = there.sum(1)
        lines, places = there.nonzero(as_tuple=True)
        pieces = tokens[lines, places].long()
        block = pieces % BLOCKS
        embedded = self.table[pieces].float() * self.scale[block][:, None] + self.lowest[block][:, None]
        projected = self.project_norm(self.project(embedded)).split(_FILTERS, 1)
        neighbors = _neighbors(places, lengths[lines])
        seen = [branch(x, neighbors) for branch, x in zip(self.branches, projected, strict=True)]
        features = self.norm(torch.cat((embedded, *seen), 1))
        sums = torch.zeros(tokens.shape[0], features.shape[1]).index_put((lines,), features, accumulate=True)
        count = lengths[:, None].clamp(min=1).float()
        mean = self.mix(sums / count) * count.sqrt()
        hidden = (self.d1(self.d0(mean).relu()) + self.p1(mean)).relu()
        found = (self.d3(self.d2(hidden).relu()) + self.p3(hidden)).tanh()
        length = found.square().sum(1, keepdim=True).clamp(min=self.epsilon).sqrt()
        return cast(torch.Tensor, found / length)
