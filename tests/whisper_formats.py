"""Write a Whisper checkpoint in each of the formats it is published in."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

Weights = Mapping[str, Tensor]

HUGGING_FACE = {
    "decoder.token_embedding.weight": "decoder.embed_tokens.weight",
    "encoder.positional_embedding": "encoder.embed_positions.weight",
    "decoder.positional_embedding": "decoder.embed_positions.weight",
    "encoder.ln_post.": "encoder.layer_norm.",
    "decoder.ln.": "decoder.layer_norm.",
    ".blocks.": ".layers.",
    ".attn_ln.": ".self_attn_layer_norm.",
    ".cross_attn.": ".encoder_attn.",
    ".cross_attn_ln.": ".encoder_attn_layer_norm.",
    ".attn.": ".self_attn.",
    ".mlp_ln.": ".final_layer_norm.",
    ".mlp.0.": ".fc1.",
    ".mlp.2.": ".fc2.",
    ".query.": ".q_proj.",
    ".key.": ".k_proj.",
    ".value.": ".v_proj.",
    ".out.": ".out_proj.",
}
"""OpenAI's names -> those of `transformers.WhisperModel`."""


def write_hugging_face(weights: Weights, folder: Path, prefix: str = "model.") -> Path:
    folder.mkdir()
    named = {}
    for name, tensor in weights.items():
        for ours, theirs in HUGGING_FACE.items():
            name = name.replace(ours, theirs)  # noqa: PLW2901 - a chain of renames of one name
        named[prefix + name] = tensor.contiguous()
    half = len(named) // 2
    places: dict[str, str] = {}
    for part, names in enumerate((list(named)[:half], list(named)[half:]), start=1):
        shard = f"model-0000{part}-of-00002.safetensors"
        save_file({name: named[name] for name in names}, folder / shard, {"format": "pt"})
        places |= dict.fromkeys(names, shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    said = hugging_face_config(weights) | {"suppress_tokens": [1], "begin_suppress_tokens": [2]}
    (folder / "config.json").write_text(json.dumps(said))
    (folder / "generation_config.json").write_text(json.dumps({"suppress_tokens": [5, 6]}))
    (folder / "tokenizer.json").write_text("{}")
    return folder


def hugging_face_config(weights: Weights) -> dict[str, object]:
    """What transformers says of such weights in config.json, heads 64 wide."""
    width, mels, _ = weights["encoder.conv1.weight"].shape
    vocabulary = weights["decoder.token_embedding.weight"].shape[0]

    def layers(side: str) -> int:
        return len({name.split(".")[2] for name in weights if name.startswith(f"{side}.blocks.")})

    return {
        "model_type": "whisper",
        "activation_function": "gelu",
        "d_model": width,
        "num_mel_bins": mels,
        "encoder_layers": layers("encoder"),
        "decoder_layers": layers("decoder"),
        "encoder_attention_heads": width // 64,
        "decoder_attention_heads": width // 64,
        "encoder_ffn_dim": 4 * width,
        "decoder_ffn_dim": 4 * width,
        "max_source_positions": weights["encoder.positional_embedding"].shape[0],
        "max_target_positions": weights["decoder.positional_embedding"].shape[0],
        "vocab_size": vocabulary,
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"), 3),
    }


def write_openai(weights: Weights, folder: Path) -> Path:
    folder.mkdir()
    width, mels, _ = weights["encoder.conv1.weight"].shape
    heads = max(width // 64, 1)
    dims = {"n_mels": mels, "n_audio_state": width, "n_audio_head": heads, "n_text_head": heads}
    torch.save({"dims": dims, "model_state_dict": dict(weights)}, folder / "tiny.pt")
    return folder / "tiny.pt"


def ct2_names(weights: Weights) -> dict[str, NDArray[np.float32]]:
    """The arrays of CTranslate2's converter: fused projections, gamma and beta, encodings."""
    arrays: dict[str, NDArray[np.float32]] = {}

    def norm(ours: str, theirs: str) -> None:
        arrays[f"{theirs}/gamma"] = weights[f"{ours}.weight"].numpy()
        arrays[f"{theirs}/beta"] = weights[f"{ours}.bias"].numpy()

    def linear(theirs: str, *ours: str) -> None:
        matrices = [weights[f"{name}.weight"] for name in ours]
        biases = [
            weights.get(f"{name}.bias", torch.zeros(len(m))) for name, m in zip(ours, matrices, strict=True)
        ]
        arrays[f"{theirs}/weight"] = torch.cat(matrices).numpy()
        arrays[f"{theirs}/bias"] = torch.cat(biases).numpy()

    linear("encoder/conv1", "encoder.conv1")
    linear("encoder/conv2", "encoder.conv2")
    norm("encoder.ln_post", "encoder/layer_norm")
    norm("decoder.ln", "decoder/layer_norm")
    arrays["decoder/embeddings/weight"] = weights["decoder.token_embedding.weight"].numpy()
    for side in ("encoder", "decoder"):
        arrays[f"{side}/position_encodings/encodings"] = weights[f"{side}.positional_embedding"].numpy()
        for layer in range(2):
            ours, theirs = f"{side}.blocks.{layer}", f"{side}/layer_{layer}"
            attn, cross = f"{ours}.attn", f"{ours}.cross_attn"
            norm(f"{ours}.attn_ln", f"{theirs}/self_attention/layer_norm")
            linear(f"{theirs}/self_attention/linear_0", f"{attn}.query", f"{attn}.key", f"{attn}.value")
            linear(f"{theirs}/self_attention/linear_1", f"{attn}.out")
            if side == "decoder":
                norm(f"{ours}.cross_attn_ln", f"{theirs}/attention/layer_norm")
                linear(f"{theirs}/attention/linear_0", f"{cross}.query")
                linear(f"{theirs}/attention/linear_1", f"{cross}.key", f"{cross}.value")
                linear(f"{theirs}/attention/linear_2", f"{cross}.out")
            norm(f"{ours}.mlp_ln", f"{theirs}/ffn/layer_norm")
            linear(f"{theirs}/ffn/linear_0", f"{ours}.mlp.0")
            linear(f"{theirs}/ffn/linear_1", f"{ours}.mlp.2")
    return arrays


def write_ctranslate2(weights: Weights, folder: Path, dtype: str, version: int = 6) -> Path:
    """model.bin as CTranslate2 4 writes it: version, name, revision, arrays with shape and type, aliases."""
    folder.mkdir()
    stored: dict[str, NDArray[np.generic]] = {}
    for name, array in ct2_names(weights).items():
        quantised = dtype == "int8" and array.ndim == 2 and name.endswith("/weight")
        if quantised:
            scale = 127 / np.abs(array).max(1)
            stored[name] = np.rint(array * scale[:, None]).astype(np.int8)
            stored[f"{name}_scale"] = scale.astype(np.float32)
        else:
            stored[name] = array.astype(np.float16 if dtype == "float16" else np.float32)
    heads = np.array(len(stored["encoder/conv1/bias"]) // 64, np.int16)
    stored |= {"encoder/num_heads": heads, "decoder/num_heads": heads}
    types = {
        np.dtype(np.float32): 0,
        np.dtype(np.int8): 1,
        np.dtype(np.int16): 2,
        np.dtype(np.float16): 4,
    }

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    content = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(stored))
    for name, each in stored.items():
        content += text(name) + struct.pack(f"<B{each.ndim}I", each.ndim, *each.shape)
        content += struct.pack("<BI", types[each.dtype], each.nbytes) + each.tobytes()
    aliases = [name for name in stored if name.startswith("decoder/embeddings/weight")]
    content += struct.pack("<I", len(aliases))
    for name in aliases:
        content += text(name.replace("embeddings", "projection")) + text(name)
    (folder / "model.bin").write_bytes(content)
    (folder / "config.json").write_text(json.dumps({"suppress_ids": [5, 6], "suppress_ids_begin": [2]}))
    (folder / "tokenizer.json").write_text("{}")
    return folder
