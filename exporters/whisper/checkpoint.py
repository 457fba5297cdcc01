"""Read a Whisper checkpoint as published by CTranslate2, Hugging Face or OpenAI.

Every reader gives the weights under OpenAI's names (`encoder.blocks.0.attn.query.weight`), as float32.
Pickled checkpoints are opened with `weights_only=True`: arrays come out, code does not run.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from exporters.errors import ExportError
from exporters.whisper.configuration import (
    compare_ctranslate2,
    compare_hugging_face,
    compare_openai,
    read_config,
)
from exporters.whisper.formats import refuse_other_formats
from exporters.whisper.network import HEAD_DIM, Dimensions

Weights = dict[str, Tensor]
Source = Literal["CTranslate2", "Hugging Face", "OpenAI"]

_LAST = {"encoder": "ln_post.weight", "decoder": "ln.weight"}
_CT2_DTYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
_HF_NAMES = (
    ("model.", ""),
    ("layers.", "blocks."),
    ("self_attn_layer_norm", "attn_ln"),
    ("encoder_attn_layer_norm", "cross_attn_ln"),
    ("final_layer_norm", "mlp_ln"),
    ("self_attn", "attn"),
    ("encoder_attn", "cross_attn"),
    ("q_proj", "query"),
    ("k_proj", "key"),
    ("v_proj", "value"),
    ("out_proj", "out"),
    ("fc1", "mlp.0"),
    ("fc2", "mlp.2"),
    ("encoder.layer_norm", "encoder.ln_post"),
    ("decoder.layer_norm", "decoder.ln"),
    ("embed_positions.weight", "positional_embedding"),
    ("embed_tokens", "token_embedding"),
)


@dataclass(frozen=True)
class Checkpoint:
    """Weights and what belongs with them.

    `tokenizer` is the path of a tokenizer.json, or None where the checkpoint carries none; `suppress` and
    `begin_suppress` are the ids of tokens never written, and never written first; None where it does not say.
    """

    weights: Weights
    tokenizer: Path | None
    suppress: tuple[int, ...] | None
    begin_suppress: tuple[int, ...] | None
    source: Source = "OpenAI"
    encoder_heads: int | None = None
    decoder_heads: int | None = None

    @property
    def size(self) -> Dimensions:
        """The sizes that the weights have."""
        try:
            width, mels, _ = self.weights["encoder.conv1.weight"].shape
            return Dimensions(
                mels=mels,
                width=width,
                encoder_layers=self._layers("encoder"),
                decoder_layers=self._layers("decoder"),
                vocabulary=self.weights["decoder.token_embedding.weight"].shape[0],
                encoder_positions=self.weights["encoder.positional_embedding"].shape[0],
                decoder_positions=self.weights["decoder.positional_embedding"].shape[0],
                encoder_head=width // self.encoder_heads if self.encoder_heads else HEAD_DIM,
                decoder_head=width // self.decoder_heads if self.decoder_heads else HEAD_DIM,
            )
        except KeyError as missing:
            raise ExportError(f"not a Whisper checkpoint: it has no {missing.args[0]}") from None

    @property
    def largest_graph(self) -> int:
        """Bytes of the larger of the fp32 graphs: the decoder holds its embedding twice."""
        embedding = self.weights["decoder.token_embedding.weight"].numel()
        sides = dict.fromkeys(("encoder", "decoder"), 0)
        for name, tensor in self.weights.items():
            sides[name.split(".")[0]] = sides.get(name.split(".")[0], 0) + tensor.numel()
        return 4 * max(sides["encoder"], sides["decoder"] + embedding)

    def _layers(self, side: str) -> int:
        numbers = (int(name.split(".")[2]) for name in self.weights if name.startswith(f"{side}.blocks."))
        return 1 + max(numbers, default=-1)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a CTranslate2 folder (model.bin), a Hugging Face folder (safetensors) or an OpenAI file (.pt).

    Raises:
        ExportError: it is none of them, or not what its own configuration says.
    """
    refuse_other_formats(path)
    if path.is_file():
        return _read_openai(path)
    if (path / "model.bin").is_file():
        return _read_ctranslate2(path)
    if any(path.glob("*.safetensors")):
        return _read_hugging_face(path)
    raise ExportError(
        f"{path}: no Whisper checkpoint there; expected a folder with model.bin (CTranslate2) or "
        "*.safetensors (Hugging Face), or an OpenAI .pt file"
    )


def _ids(config: Path, *names: str) -> tuple[int, ...] | None:
    """The first list of token ids under one of `names` in a JSON file."""
    if config.is_file():
        try:
            found = json.loads(config.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ExportError(f"{config} can't be read as JSON: {error}") from None
        for name in names:
            if found.get(name):
                return tuple(found[name])
    return None


def _tokenizer(folder: Path) -> Path | None:
    path = folder / "tokenizer.json"
    return path if path.is_file() else None


def _read_openai(path: Path) -> Checkpoint:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        weights = content.get("model_state_dict", content)
        named = {name: tensor.float() for name, tensor in weights.items()}
        dims = content.get("dims")
    except Exception as error:  # torch raises a different type for every way a file can be wrong
        # Not its advice: it is to run the code in the file.
        raise ExportError(
            f"{path}: not a state dict that can be read without running code ({type(error).__name__}):"
            " expected openai-whisper's own .pt file, or a folder as transformers saves it"
        ) from None
    checkpoint = Checkpoint(named, _tokenizer(path.parent), None, None)
    return replace(checkpoint, **compare_openai(path, dims, checkpoint.size))


def _read_hugging_face(folder: Path) -> Checkpoint:
    weights: Weights = {}
    index = folder / "model.safetensors.index.json"
    shards = json.loads(index.read_text()).get("weight_map", {}).values() if index.is_file() else ()
    if absent := sorted({name for name in shards if not (folder / name).is_file()}):
        raise ExportError(f"{folder}: not a whole Whisper checkpoint: it has no {', '.join(absent)}")
    for part in sorted(folder.glob("*.safetensors")):
        try:
            content = load_file(part)
        except SafetensorError as error:
            raise ExportError(f"{part}: cut short or not safetensors ({error})") from None
        for name, tensor in content.items():
            for old, new in _HF_NAMES:
                name = name.replace(old, new)  # noqa: PLW2901 - a chain of renames of one name
            weights[name] = tensor.float()
    generation = folder / "generation_config.json"
    checkpoint = Checkpoint(
        weights,
        _tokenizer(folder),
        _ids(generation, "suppress_tokens") or _ids(folder / "config.json", "suppress_tokens"),
        _ids(generation, "begin_suppress_tokens") or _ids(folder / "config.json", "begin_suppress_tokens"),
        "Hugging Face",
    )
    said = read_config(folder, checkpoint.size)
    ends = (
        f"{side}.{end}" for side in ("encoder", "decoder") for end in ("blocks.0.mlp.0.weight", _LAST[side])
    )
    for name in ends:
        if name not in weights:
            raise ExportError(f"{folder}: not a whole Whisper checkpoint: it has no {name}")
    heads = compare_hugging_face(folder / "config.json", said, weights, checkpoint.size)
    if said.get("tie_word_embeddings", True):
        weights.pop("proj_out.weight", None)
    return replace(checkpoint, **heads)


def _read_ctranslate2(folder: Path) -> Checkpoint:
    arrays = _ct2_arrays(folder / "model.bin")
    try:
        weights = dict(_ct2_weights(arrays))
    except KeyError as missing:
        raise ExportError(f"{folder}: not a Whisper checkpoint: it has no {missing.args[0]}") from None
    config = folder / "config.json"
    checkpoint = Checkpoint(
        weights,
        _tokenizer(folder),
        _ids(config, "suppress_ids"),
        _ids(config, "suppress_ids_begin"),
        "CTranslate2",
    )
    read_config(folder, checkpoint.size)
    return replace(checkpoint, **compare_ctranslate2(folder / "model.bin", arrays, checkpoint.size))


def _ct2_arrays(path: Path) -> dict[str, Tensor]:
    """Parse CTranslate2's model.bin, version 6: a flat list of named arrays, then aliases.

    Quantized weights are stored with one scale per row: value = stored / scale.
    """

    def number(file: BinaryIO, code: str) -> int:
        raw = file.read(struct.calcsize(code))
        return int(struct.unpack("<" + code, raw)[0])

    def text(file: BinaryIO) -> str:
        return file.read(number(file, "H"))[:-1].decode()

    arrays: dict[str, Tensor] = {}
    try:
        with path.open("rb") as file:
            version = number(file, "I")
            if version != 6:
                raise ExportError(
                    f"{path}: CTranslate2 binary version {version}; version 6 is what can be read"
                )
            text(file), number(file, "I")
            for _ in range(number(file, "I")):
                name = text(file)
                shape = [number(file, "I") for _ in range(number(file, "B"))]
                dtype = _CT2_DTYPES[number(file, "B")]
                raw = np.frombuffer(file.read(number(file, "I")), dtype)
                arrays[name] = torch.from_numpy(raw.astype(np.float32)).reshape(shape)
            for _ in range(number(file, "I")):
                alias = text(file)
                arrays[alias] = arrays[text(file)]
    except (struct.error, ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ExportError(f"{path}: cut short or not a CTranslate2 model ({error})") from None
    for name in [name for name in arrays if name.endswith("_scale")]:
        weight = name.removesuffix("_scale")
        scale = arrays.pop(name)
        arrays[weight] = arrays[weight] / scale.reshape(-1, *[1] * (arrays[weight].dim() - 1))
    return arrays


def _ct2_weights(arrays: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """CTranslate2's arrays under OpenAI's names, fused projections taken apart."""

    def norm(source: str, target: str) -> Iterator[tuple[str, Tensor]]:
        yield f"{target}.weight", arrays[f"{source}/gamma"]
        yield f"{target}.bias", arrays[f"{source}/beta"]

    def linear(source: str, *targets: str) -> Iterator[tuple[str, Tensor]]:
        weights, biases = (arrays[f"{source}/{part}"].chunk(len(targets)) for part in ("weight", "bias"))
        for target, weight, bias in zip(targets, weights, biases, strict=True):
            yield f"{target}.weight", weight
            yield f"{target}.bias", bias

    for conv in ("conv1", "conv2"):
        yield from linear(f"encoder/{conv}", f"encoder.{conv}")
    yield "decoder.token_embedding.weight", arrays["decoder/embeddings/weight"]
    for side, last in (("encoder", "ln_post"), ("decoder", "ln")):
        yield f"{side}.positional_embedding", arrays[f"{side}/position_encodings/encodings"]
        yield from norm(f"{side}/layer_norm", f"{side}.{last}")
        layer = 0
        while f"{side}/layer_{layer}/self_attention/linear_0/weight" in arrays:
            old, new = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
            attn, cross = f"{new}.attn", f"{new}.cross_attn"
            yield from norm(f"{old}/self_attention/layer_norm", f"{new}.attn_ln")
            yield from linear(
                f"{old}/self_attention/linear_0", f"{attn}.query", f"{attn}.key", f"{attn}.value"
            )
            yield from linear(f"{old}/self_attention/linear_1", f"{attn}.out")
            if side == "decoder":
                yield from norm(f"{old}/attention/layer_norm", f"{new}.cross_attn_ln")
                yield from linear(f"{old}/attention/linear_0", f"{cross}.query")
                yield from linear(f"{old}/attention/linear_1", f"{cross}.key", f"{cross}.value")
                yield from linear(f"{old}/attention/linear_2", f"{cross}.out")
            yield from norm(f"{old}/ffn/layer_norm", f"{new}.mlp_ln")
            yield from linear(f"{old}/ffn/linear_0", f"{new}.mlp.0")
            yield from linear(f"{old}/ffn/linear_1", f"{new}.mlp.2")
            layer += 1
