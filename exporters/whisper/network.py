"""Whisper as three torch modules that export cleanly: encoder, cross-attention projections, decoder step.

The arithmetic is that of "Robust Speech Recognition via Large-Scale Weak Supervision" (Radford et al., 2022):
pre-norm transformer blocks, GELU, learned positions, no bias on key projections. What differs in form leaves
every result as it was: query, key and value projections are fused, the attention scale is folded into the
query, the two convolutions are written as matrix products, and all tokens of a batch are rows of one matrix,
so that each weight meets one two-dimensional product (which is what the row-wise int8 form in `quantize`
wants).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from whisper_decoder.decoding import WINDOW

HEAD_DIM = 64
"""Width of an attention head in every published Whisper; a checkpoint's configuration may say another."""
_LANES = 16
"""Columns of ones in the product that adds up attention weights; with one, another kernel would be taken."""


@dataclass(frozen=True)
class Dimensions:
    """Sizes of a Whisper checkpoint."""

    mels: int
    width: int
    encoder_layers: int
    decoder_layers: int
    vocabulary: int
    encoder_positions: int = 1500
    decoder_positions: int = 448
    encoder_head: int = HEAD_DIM
    """Width of an attention head; it divides the width of the network."""
    decoder_head: int = HEAD_DIM

    @property
    def heads(self) -> int:
        """Attention heads of each layer of the decoder."""
        return self.width // self.decoder_head


def _heads(rows: Tensor, batch: int, head: int) -> Tensor:
    """[B * T, n * head] -> [B, n, T, head]."""
    return rows.reshape(batch, -1, rows.shape[1] // head, head).transpose(1, 2)


def _rows(mixed: Tensor) -> Tensor:
    """[B, heads, T, head] -> [B * T, width]."""
    return mixed.transpose(1, 2).reshape(-1, mixed.shape[1] * mixed.shape[3])


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention to rows [B * T, width]; the key comes as [B, heads, head, T]."""
    return _rows(torch.softmax(query @ key, -1) @ value)


def _attend_masked(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Attention under a mask whose hidden slots leave no trace, not even in the last bit.

    A row's hidden slots depend on its batch-mates. A vectorized softmax adds up its terms in an order that
    depends on where they lie, so the denominator is a matrix product too: there a hidden slot adds an exact
    zero, in place.
    """
    scores = query @ key + mask
    weights = torch.exp(scores - scores.amax(-1, keepdim=True))
    total = weights @ torch.ones_like(value[..., :_LANES])
    return _rows((weights @ value) / total[..., :1])


class SelfAttention(nn.Module):
    """Self-attention with fused projections; the query rows of `qkv` carry the scale head ** -0.5."""

    def __init__(self, width: int, head: int) -> None:
        super().__init__()
        self.head = head
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def project(self, x: Tensor, batch: int) -> tuple[Tensor, ...]:
        """[B * T, width] -> query, key and value, each [B, heads, T, head]."""
        return _heads(self.qkv(self.norm(x)), batch, self.head).chunk(3, 1)


class FeedForward(nn.Module):
    """Two linear layers with GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[B * T, width] -> [B * T, width]."""
        out: Tensor = self.down(F.gelu(self.up(self.norm(x))))
        return out


class EncoderLayer(nn.Module):
    """One block of the encoder."""

    def __init__(self, width: int, head: int) -> None:
        super().__init__()
        self.attention = SelfAttention(width, head)
        self.feed_forward = FeedForward(width)

    def forward(self, x: Tensor, batch: int) -> Tensor:
        """[B * T, width] -> [B * T, width]."""
        query, key, value = self.attention.project(x, batch)
        x = x + self.attention.out(_attend(query, key.transpose(2, 3), value))
        out: Tensor = x + self.feed_forward(x)
        return out


class Encoder(nn.Module):
    """Log-mel features [B, mels, T] -> states [B, T / 2, width], for any even T.

    Features of more than a window (18 s) are two or three windows, which are encoded side by side.

    `conv1` and `conv2` are the kernels of width 3 (padding 1; stride 1, then 2) with weights laid out as
    [width, 3 * channels], the earliest frame first.
    """

    def __init__(self, size: Dimensions) -> None:
        super().__init__()
        self.width = size.width
        self.conv1 = nn.Linear(3 * size.mels, size.width)
        self.conv2 = nn.Linear(3 * size.width, size.width)
        self.positions = nn.Parameter(torch.empty(size.encoder_positions, size.width))
        self.layers = nn.ModuleList(
            EncoderLayer(size.width, size.encoder_head) for _ in range(size.encoder_layers)
        )
        self.norm = nn.LayerNorm(size.width)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        items, mels, frames = features.shape
        batch = items * (1 + frames // (2 * WINDOW + 1))
        x = features.transpose(1, 2).reshape(batch, -1, mels)
        x = F.pad(x, (0, 0, 1, 1))
        x = torch.cat([x[:, :-2], x[:, 1:-1], x[:, 2:]], 2)
        x = F.gelu(self.conv1(x.reshape(-1, x.shape[2])))
        x = F.pad(x.reshape(batch, -1, self.width), (0, 0, 1, 1))
        x = torch.cat([x[:, :-2:2], x[:, 1:-1:2], x[:, 2::2]], 2)
        x = F.gelu(self.conv2(x.reshape(-1, x.shape[2]))).reshape(batch, -1, self.width)
        x = (x + self.positions[: x.shape[1]]).reshape(-1, self.width)
        for layer in self.layers:
            x = layer(x, batch)
        states: Tensor = self.norm(x).reshape(items, -1, self.width)
        return states


class CrossProjection(nn.Module):
    """Encoder states [B, C, width] -> the keys and values that the decoder's layers attend to.

    Keys are [B, heads, head, C], values [B, heads, C, head]. Done once per
    request instead of once per decoding step.
    """

    def __init__(self, size: Dimensions) -> None:
        super().__init__()
        self.head = size.decoder_head
        self.layers = nn.ModuleList(nn.Linear(size.width, 2 * size.width) for _ in range(size.decoder_layers))

    def forward(self, states: Tensor) -> tuple[Tensor, ...]:
        """See the class; keys and values alternate."""
        batch, rows = states.shape[0], states.reshape(-1, states.shape[2])
        out: list[Tensor] = []
        for layer in self.layers:
            key, value = _heads(layer(rows), batch, self.head).chunk(2, 1)
            out += [key.transpose(2, 3), value]
        return tuple(out)


class DecoderLayer(nn.Module):
    """One block of the decoder, with a cache of earlier keys and values."""

    def __init__(self, width: int, head: int) -> None:
        super().__init__()
        self.attention = SelfAttention(width, head)
        self.cross_norm = nn.LayerNorm(width)
        self.cross_query = nn.Linear(width, width)
        self.cross_out = nn.Linear(width, width)
        self.feed_forward = FeedForward(width)

    def forward(
        self, x: Tensor, batch: int, mask: Tensor, past: tuple[Tensor, ...], cross: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the block's output rows and the grown cache, keys and values [B, heads, P + S, head]."""
        query, key, value = self.attention.project(x, batch)
        key = torch.cat([past[0], key], 2)
        value = torch.cat([past[1], value], 2)
        x = x + self.attention.out(_attend_masked(query, key.transpose(2, 3), value, mask))
        query = _heads(self.cross_query(self.cross_norm(x)), batch, self.attention.head)
        x = x + self.cross_out(_attend(query, cross[0], cross[1]))
        return x + self.feed_forward(x), key, value


class Decoder(nn.Module):
    """Run S tokens of each of B requests on top of P cached ones.

    Inputs: `tokens` and `positions` int64 [B, S]; `mask` float32 [B, 1, S, P + S], added to the attention
    scores; `rows` int64 [R], which of the B * S tokens an answer is wanted for; `probe` int64 [Q], which of
    those R are to be looked at closer; then past and cross keys and values of every layer.

    Outputs, for every row: `next` int64 [R], the most likely token to follow, and `probability` float32 [R],
    its own. For every probed row: `first` int64 [Q], the most likely token where a text begins (it may not
    begin with a blank or end at once); `language` float32 [Q, languages], the logits of the language tokens;
    `no_speech` float32 [Q], the probability of the no-speech token. Then the grown cache. Tokens that are
    never written have no part in `next`, `first` and `probability`.
    """

    def __init__(
        self, size: Dimensions, suppress: Tensor, begin_suppress: Tensor, languages: range, no_speech: int
    ) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(size.vocabulary, size.width))
        self.positions = nn.Parameter(torch.empty(size.decoder_positions, size.width))
        self.layers = nn.ModuleList(
            DecoderLayer(size.width, size.decoder_head) for _ in range(size.decoder_layers)
        )
        self.norm = nn.LayerNorm(size.width)
        self.head = nn.Linear(size.width, size.vocabulary, bias=False)
        self.register_buffer("suppress", suppress, persistent=False)
        self.register_buffer("begin_suppress", begin_suppress, persistent=False)
        self.languages, self.no_speech = languages, no_speech

    def forward(
        self, tokens: Tensor, positions: Tensor, mask: Tensor, rows: Tensor, probe: Tensor, *caches: Tensor
    ) -> tuple[Tensor, ...]:
        """See the class; `caches` are past key and value of every layer, then cross key and value."""
        batch, layers = tokens.shape[0], len(self.layers)
        past, cross = caches[: 2 * layers], caches[2 * layers :]
        x = F.embedding(tokens.reshape(-1), self.embedding) + F.embedding(
            positions.reshape(-1), self.positions
        )
        grown: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            pair = slice(2 * i, 2 * i + 2)
            x, key, value = layer(x, batch, mask, past[pair], cross[pair])
            grown += [key, value]
        logits = self.head(self.norm(x.index_select(0, rows)))
        probed = logits.index_select(0, probe)
        language = probed[:, self.languages.start : self.languages.stop]
        no_speech = torch.softmax(probed, -1)[:, self.no_speech]
        first = (probed + self.suppress + self.begin_suppress).argmax(-1)
        logits = logits + self.suppress
        following = logits.argmax(-1)
        probability = torch.softmax(logits, -1).gather(1, following[:, None])[:, 0]
        return following, probability, first, language, no_speech, *grown
