"""`exporters.whisper.checkpoint`: three formats give the same weights; wrong files end in one sentence."""

import json
import pickle
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from exporters.errors import ExportError
from exporters.whisper.assembly import assemble
from exporters.whisper.checkpoint import read_checkpoint
from exporters.whisper.network import Dimensions
from tests import tiny_whisper

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
    for part, names in enumerate((list(named)[:half], list(named)[half:]), start=1):
        save_file({name: named[name] for name in names}, folder / f"model-0000{part}-of-00002.safetensors")
    (folder / "config.json").write_text(json.dumps({"suppress_tokens": [1], "begin_suppress_tokens": [2]}))
    (folder / "generation_config.json").write_text(json.dumps({"suppress_tokens": [5, 6]}))
    (folder / "tokenizer.json").write_text("{}")
    return folder


def write_openai(weights: Weights, folder: Path) -> Path:
    folder.mkdir()
    dims = {"n_mels": 80, "n_audio_state": 128}
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
    types = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.float16): 4}

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


@pytest.fixture(scope="module")
def weights() -> Weights:
    return tiny_whisper.weights()


def assert_same(found: Weights, wanted: Weights, tolerance: float = 0.0) -> None:
    """`found` has every weight of `wanted`; besides those only key biases, which are zero."""
    for name, tensor in wanted.items():
        assert found[name].dtype == torch.float32
        scale = float(tensor.abs().max())
        assert float((found[name] - tensor).abs().max()) <= tolerance * scale, name
    for name in found.keys() - wanted.keys():
        assert name.endswith("key.bias")
        assert not found[name].any()


@pytest.mark.parametrize("prefix", ["model.", ""])
def test_hugging_face(weights: Weights, tmp_path: Path, prefix: str) -> None:
    checkpoint = read_checkpoint(write_hugging_face(weights, tmp_path / "hf", prefix))
    assert_same(checkpoint.weights, weights)
    assert (checkpoint.suppress, checkpoint.begin_suppress) == ((5, 6), (2,))
    assert checkpoint.tokenizer == tmp_path / "hf" / "tokenizer.json"


def test_hugging_faces_half_precision_is_widened(weights: Weights, tmp_path: Path) -> None:
    halves = {name: tensor.half() for name, tensor in weights.items()}
    checkpoint = read_checkpoint(write_hugging_face(halves, tmp_path / "hf"))
    assert_same(checkpoint.weights, {name: tensor.float() for name, tensor in halves.items()})


def test_openai(weights: Weights, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(write_openai(weights, tmp_path / "openai"))
    assert_same(checkpoint.weights, weights)
    assert (checkpoint.suppress, checkpoint.begin_suppress, checkpoint.tokenizer) == (None, None, None)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 0.0), ("float16", 5e-4), ("int8", 0.5 / 127 + 1e-6)]
)
def test_ctranslate2(weights: Weights, tmp_path: Path, dtype: str, tolerance: float) -> None:
    checkpoint = read_checkpoint(write_ctranslate2(weights, tmp_path / "ct2", dtype))
    assert_same(checkpoint.weights, weights, tolerance)
    assert (checkpoint.suppress, checkpoint.begin_suppress) == ((5, 6), (2,))


@pytest.mark.parametrize(
    "writer", [write_hugging_face, write_openai, lambda w, f: write_ctranslate2(w, f, "int8")]
)
def test_sizes_come_from_the_weights(
    weights: Weights, tmp_path: Path, writer: Callable[[Weights, Path], Path]
) -> None:
    assert read_checkpoint(writer(weights, tmp_path / "any")).size == tiny_whisper.SIZE


class Intruder:
    """Pickled, it opens a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, ...]:
        return open, (self.path, "w")


def test_a_pickle_is_never_executed(tmp_path: Path) -> None:
    harmed = tmp_path / "harmed"
    plain, zipped = tmp_path / "plain.pt", tmp_path / "zipped.pt"
    plain.write_bytes(pickle.dumps({"model_state_dict": Intruder(harmed)}, protocol=2))
    torch.save({"model_state_dict": {"encoder.conv1.weight": Intruder(harmed)}}, zipped)
    for path in (plain, zipped):
        with pytest.raises(
            ExportError, match="not a state dict that can be read without running code"
        ) as error:
            read_checkpoint(path)
        assert "\n" not in str(error.value)
    assert not harmed.exists()
    torch.load(zipped, weights_only=False)  # the intruder would have done it
    assert harmed.exists()


def cut_short(folder: Path, weights: Weights) -> Path:
    path = write_ctranslate2(weights, folder, "float32") / "model.bin"
    path.write_bytes(path.read_bytes()[:-1000])
    return folder


def other_version(folder: Path, weights: Weights) -> Path:
    return write_ctranslate2(weights, folder, "float32", version=5)


def not_ctranslate2(folder: Path, weights: Weights) -> Path:
    folder.mkdir()
    (folder / "model.bin").write_bytes(struct.pack("<I", 6) + b"\xff" * 5000)
    return folder


def other_ctranslate2(folder: Path, weights: Weights) -> Path:
    """A translation model, say: sound, but without an encoder for audio."""
    path = write_ctranslate2(weights, folder, "float32") / "model.bin"
    path.write_bytes(path.read_bytes().replace(b"encoder/conv1", b"encoder/embed"))
    return folder


def empty(folder: Path, weights: Weights) -> Path:
    folder.mkdir()
    return folder


def broken_safetensors(folder: Path, weights: Weights) -> Path:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{not json at all")
    return folder


def other_safetensors(folder: Path, weights: Weights) -> Path:
    folder.mkdir()
    save_file({"bert.embeddings.weight": torch.zeros(4, 4)}, folder / "model.safetensors")
    return folder


def half_of_it(folder: Path, weights: Weights) -> Path:
    write_hugging_face(weights, folder)
    (folder / "model-00002-of-00002.safetensors").unlink()
    return folder


def other_state_dict(folder: Path, weights: Weights) -> Path:
    folder.mkdir()
    torch.save({"layer.weight": torch.zeros(3, 3)}, folder / "net.pt")
    return folder / "net.pt"


def a_list(folder: Path, weights: Weights) -> Path:
    folder.mkdir()
    torch.save([1, 2, 3], folder / "net.pt")
    return folder / "net.pt"


def odd_width(folder: Path, weights: Weights) -> Path:
    size = Dimensions(80, 96, 1, 1, 320, 200)
    return write_openai(tiny_whisper.weights(size), folder)


def nothing(folder: Path, weights: Weights) -> Path:
    return folder


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (cut_short, "cut short or not a CTranslate2 model"),
        (other_version, "CTranslate2 binary version 5; version 6 is what can be read"),
        (not_ctranslate2, "cut short or not a CTranslate2 model"),
        (other_ctranslate2, "not a Whisper checkpoint: it has no encoder/conv1/weight"),
        (empty, "no Whisper checkpoint there; expected a folder with model.bin"),
        (nothing, "no Whisper checkpoint there; expected a folder with model.bin"),
        (broken_safetensors, "model.safetensors: cut short or not safetensors"),
        (other_safetensors, "not a Whisper checkpoint: it has no encoder.conv1.weight"),
        (half_of_it, "not a whole Whisper checkpoint: it has no "),
        (other_state_dict, "not a Whisper checkpoint: it has no encoder.conv1.weight"),
        (a_list, "not a state dict that can be read without running code"),
        (odd_width, "width 96 is not a multiple of 64"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_whisper_is_one_sentence(
    weights: Weights, tmp_path: Path, wrong: Callable[[Path, Weights], Path], message: str
) -> None:
    with pytest.raises(ExportError, match=message) as error:
        assemble(read_checkpoint(wrong(tmp_path / "given", weights)), tiny_whisper.VOCABULARY)
    assert "\n" not in str(error.value)
