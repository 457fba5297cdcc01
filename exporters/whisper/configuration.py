"""What a checkpoint says of itself, against the network that is built from its weights.

Much of a network does not show in the shapes of its weights: how many heads share a layer's width, which
function is between two matrices. Where a checkpoint is silent it is refused; nothing is assumed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from torch import Tensor

from exporters.errors import ExportError
from exporters.whisper.network import Dimensions

Said = Mapping[str, object]

_GELU = 3
"""CTranslate2's number of the exact GELU (``ctranslate2/specs/common_spec.py``, ``Activation``)."""
_HUGGING_FACE = {
    "d_model": "width",
    "encoder_layers": "encoder_layers",
    "decoder_layers": "decoder_layers",
    "num_mel_bins": "mels",
    "max_source_positions": "encoder_positions",
    "max_target_positions": "decoder_positions",
    "vocab_size": "vocabulary",
}
"""Names in config.json of transformers, and of :class:`Dimensions`."""
_OPENAI = {
    "n_mels": "mels",
    "n_audio_ctx": "encoder_positions",
    "n_audio_state": "width",
    "n_audio_layer": "encoder_layers",
    "n_vocab": "vocabulary",
    "n_text_ctx": "decoder_positions",
    "n_text_state": "width",
    "n_text_layer": "decoder_layers",
}


class Heads(TypedDict):
    """Attention heads of each layer."""

    encoder_heads: int
    decoder_heads: int


def read_config(folder: Path, size: Dimensions) -> dict[str, object]:
    """The config.json of a folder whose weights have ``size``.

    Raises:
        ExportError: there is none, or it is no JSON object.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ExportError(
            f"{path} is missing: without it nobody knows what the weights (width {size.width}) are of. Copy "
            "it from where the checkpoint is published, or from the model it was trained from"
        )
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ExportError(f"{path} can't be read as JSON: {error}") from None
    if not isinstance(said, dict):
        raise ExportError(f"{path} is not a JSON object: it holds a {type(said).__name__}")
    return said


def compare_hugging_face(path: Path, said: Said, weights: Mapping[str, Tensor], size: Dimensions) -> Heads:
    """Compare config.json with the weights, and give the heads it says."""
    kind = said.get("model_type", "whisper")
    if kind != "whisper":
        raise ExportError(f"{path}: model_type is {kind!r}, expected 'whisper'")
    _compare(path, said, _HUGGING_FACE, size)
    for side in ("encoder", "decoder"):
        wide = weights[f"{side}.blocks.0.mlp.0.weight"].shape[0] if size.encoder_layers else 0
        _same(path, f"{side}_ffn_dim", said.get(f"{side}_ffn_dim", wide), wide)
    function = said.get("activation_function", "gelu")
    if function != "gelu":
        raise ExportError(f"{path}: activation_function is {function!r}; only 'gelu' is built")
    if said.get("scale_embedding"):
        raise ExportError(
            f"{path}: scale_embedding is true, which is not built. Multiply decoder.embed_tokens by the "
            "square root of d_model, keep the old one as proj_out, and say tie_word_embeddings: false"
        )
    if not said.get("tie_word_embeddings", True) and "proj_out.weight" not in weights:
        raise ExportError(f"{path}: tie_word_embeddings is false, and the weights have no proj_out.weight")
    return _heads(
        path, said.get("encoder_attention_heads"), said.get("decoder_attention_heads"), size,
        "encoder_attention_heads and decoder_attention_heads",
    )  # fmt: skip


def compare_openai(path: Path, dims: object, size: Dimensions) -> Heads:
    """Compare the ``dims`` of an OpenAI file with its weights, and give the heads they say."""
    if not isinstance(dims, Mapping):
        raise ExportError(
            f"{path}: has weights and no dims, which say how many heads there are. Save it as OpenAI does: "
            'torch.save({"dims": model.dims.__dict__, "model_state_dict": model.state_dict()}, PATH)'
        )
    _compare(path, dims, _OPENAI, size)
    return _heads(
        path, dims.get("n_audio_head"), dims.get("n_text_head"), size, "n_audio_head and n_text_head"
    )


def compare_ctranslate2(path: Path, arrays: Mapping[str, Tensor], size: Dimensions) -> Heads:
    """Compare the numbers that CTranslate2 stores beside its weights, and give the heads they say."""

    def number(name: str) -> int | None:
        return int(arrays[name].item()) if name in arrays and arrays[name].numel() == 1 else None

    for side in ("encoder", "decoder"):
        if number(f"{side}/activation") not in (None, _GELU):
            raise ExportError(
                f"{path}: {side}/activation is {number(f'{side}/activation')}; only {_GELU}, GELU, is built"
            )
        if number(f"{side}/pre_norm") not in (None, 1):
            raise ExportError(f"{path}: {side}/pre_norm is 0; Whisper normalizes before its layers")
    if number("decoder/scale_embeddings"):
        raise ExportError(f"{path}: decoder/scale_embeddings is set, which is not built; Whisper has it off")
    return _heads(
        path, number("encoder/num_heads"), number("decoder/num_heads"), size,
        "encoder/num_heads and decoder/num_heads",
    )  # fmt: skip


def _compare(path: Path, said: Said, names: Mapping[str, str], size: Dimensions) -> None:
    for theirs, ours in names.items():
        if theirs in said:
            _same(path, theirs, said[theirs], getattr(size, ours))


def _same(path: Path, name: str, said: object, built: int) -> None:
    if said != built:
        raise ExportError(
            f"{path}: {name} is {said}, the weights have {built}: take both from the same checkpoint"
        )


def _heads(path: Path, encoder: object, decoder: object, size: Dimensions, names: str) -> Heads:
    found = []
    for heads in (encoder, decoder):
        if not isinstance(heads, int) or heads < 1:
            raise ExportError(f"{path} does not say how many heads there are: it needs {names}, from 1")
        if size.width % heads:
            raise ExportError(f"{path}: {heads} heads do not divide the width {size.width}: correct {names}")
        found.append(heads)
    return {"encoder_heads": found[0], "decoder_heads": found[1]}
