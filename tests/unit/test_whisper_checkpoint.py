"""`exporters.whisper.checkpoint`: three formats give the same weights; wrong files end in one sentence."""

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from exporters.errors import ExportError
from exporters.whisper.assembly import assemble
from exporters.whisper.checkpoint import read_checkpoint
from tests import tiny_whisper
from tests.whisper_formats import Weights, write_ctranslate2, write_hugging_face, write_openai


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
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_whisper_is_one_sentence(
    weights: Weights, tmp_path: Path, wrong: Callable[[Path, Weights], Path], message: str
) -> None:
    with pytest.raises(ExportError, match=message) as error:
        assemble(read_checkpoint(wrong(tmp_path / "given", weights)), tiny_whisper.VOCABULARY)
    assert "\n" not in str(error.value)
