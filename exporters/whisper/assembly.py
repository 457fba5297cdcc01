"""Put a checkpoint's weights into the network: fuse projections, fold the attention scale into the query."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from exporters.errors import ExportError
from exporters.whisper.checkpoint import Checkpoint, Weights
from exporters.whisper.network import (
    CrossProjection,
    Decoder,
    DecoderLayer,
    Encoder,
    EncoderLayer,
    FeedForward,
    SelfAttention,
)
from exporters.whisper.vocabulary import Vocabulary

_NEVER = -1e9
"""Added to a logit, it keeps a token from being chosen; finite, so that no softmax turns NaN."""


@dataclass(frozen=True)
class Whisper:
    """The three parts that are exported one by one."""

    encoder: Encoder
    cross: CrossProjection
    decoder: Decoder


def assemble(checkpoint: Checkpoint, vocabulary: Vocabulary) -> Whisper:
    """Build the network of `checkpoint`, with the suppressed tokens of `vocabulary` baked in.

    Raises:
        ExportError: weights are missing, as they are when a part of the checkpoint is.
    """
    try:
        return _assemble(checkpoint, vocabulary)
    except KeyError as missing:
        raise ExportError(f"not a whole Whisper checkpoint: it has no {missing.args[0]}") from None
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ExportError(f"weights of this checkpoint have other shapes than Whisper's: {reason}") from None


@torch.no_grad()
def _assemble(checkpoint: Checkpoint, vocabulary: Vocabulary) -> Whisper:
    weights, size = checkpoint.weights, checkpoint.size

    encoder = Encoder(size)
    _convolution(encoder.conv1, weights, "encoder.conv1")
    _convolution(encoder.conv2, weights, "encoder.conv2")
    encoder.positions.copy_(weights["encoder.positional_embedding"])
    _copy(encoder.norm, weights, "encoder.ln_post")
    for i, block in enumerate(cast("list[EncoderLayer]", encoder.layers)):
        _self_attention(block.attention, weights, f"encoder.blocks.{i}")
        _feed_forward(block.feed_forward, weights, f"encoder.blocks.{i}")

    cross = CrossProjection(size)
    suppress, begin = torch.zeros(size.vocabulary), torch.zeros(size.vocabulary)
    suppress[list(vocabulary.suppress)] = _NEVER
    begin[list(vocabulary.begin_suppress)] = _NEVER
    decoder = Decoder(size, suppress, begin, vocabulary.languages, vocabulary.no_speech)
    decoder.embedding.copy_(weights["decoder.token_embedding.weight"])
    decoder.head.weight = decoder.embedding
    if "proj_out.weight" in weights:
        decoder.head.weight = nn.Parameter(weights["proj_out.weight"].clone())
    decoder.positions.copy_(weights["decoder.positional_embedding"])
    _copy(decoder.norm, weights, "decoder.ln")
    for i, layer in enumerate(cast("list[DecoderLayer]", decoder.layers)):
        name = f"decoder.blocks.{i}"
        _self_attention(layer.attention, weights, name)
        _copy(layer.cross_norm, weights, f"{name}.cross_attn_ln")
        _fuse(layer.cross_query, weights, f"{name}.cross_attn", size.decoder_head, "query")
        both = cast("nn.Linear", cross.layers[i])
        _fuse(both, weights, f"{name}.cross_attn", size.decoder_head, "key", "value")
        _copy(layer.cross_out, weights, f"{name}.cross_attn.out")
        _feed_forward(layer.feed_forward, weights, name)
    return Whisper(encoder.eval(), cross.eval(), decoder.eval())


def _copy(module: nn.Module, weights: Weights, name: str) -> None:
    module.load_state_dict({part: weights[f"{name}.{part}"] for part in ("weight", "bias")})


def _convolution(linear: nn.Linear, weights: Weights, name: str) -> None:
    """Lay a kernel [out, in, 3] out as the matrix [out, 3 * in]."""
    kernel = weights[f"{name}.weight"].permute(0, 2, 1).flatten(1)
    linear.load_state_dict({"weight": kernel, "bias": weights[f"{name}.bias"]})


def _fuse(linear: nn.Linear, weights: Weights, name: str, head: int, *parts: str) -> None:
    """Stack the projections `parts` of attention `name`; the query takes the attention scale with it."""
    rows, biases = [], []
    for part in parts:
        scale = head**-0.5 if part == "query" else 1.0
        weight = weights[f"{name}.{part}.weight"]
        rows.append(weight * scale)
        biases.append(weights.get(f"{name}.{part}.bias", torch.zeros(len(weight))) * scale)
    linear.load_state_dict({"weight": torch.cat(rows), "bias": torch.cat(biases)})


def _self_attention(attention: SelfAttention, weights: Weights, name: str) -> None:
    _copy(attention.norm, weights, f"{name}.attn_ln")
    _fuse(attention.qkv, weights, f"{name}.attn", attention.head, "query", "key", "value")
    _copy(attention.out, weights, f"{name}.attn.out")


def _feed_forward(feed_forward: FeedForward, weights: Weights, name: str) -> None:
    _copy(feed_forward.norm, weights, f"{name}.mlp_ln")
    _copy(feed_forward.up, weights, f"{name}.mlp.0")
    _copy(feed_forward.down, weights, f"{name}.mlp.2")
