"""A Whisper checkpoint's own configuration is believed; what is no checkpoint is refused with the way out."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from exporters import whisper
from exporters.contract import Job, Options
from exporters.errors import ExportError, GateError
from exporters.soundness import check_weights
from exporters.whisper import graphs, own
from exporters.whisper.assembly import assemble
from exporters.whisper.checkpoint import read_checkpoint
from exporters.whisper.measure import Piece
from exporters.whisper.quantize import quantize
from tests import tiny_whisper
from tests.whisper_formats import Weights, write_ctranslate2, write_hugging_face, write_openai
from tooling.sources import Library

SPEECH = [Piece(np.random.default_rng(0).standard_normal((1, 80, 200)).astype(np.float32), 2.0, 0)]


@pytest.fixture(scope="module")
def weights() -> Weights:
    return tiny_whisper.weights()


def changed(folder: Path, **said: object) -> Path:
    """The checkpoint of `folder` with another config.json; None takes an entry out."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **said}
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return folder


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"model_type": "wav2vec2"}, "model_type is 'wav2vec2', expected 'whisper'"),
        ({"d_model": 256}, "d_model is 256, the weights have 128"),
        ({"encoder_layers": 4}, "encoder_layers is 4, the weights have 2"),
        ({"decoder_layers": 1}, "decoder_layers is 1, the weights have 2"),
        ({"num_mel_bins": 128}, "num_mel_bins is 128, the weights have 80"),
        ({"max_source_positions": 1500}, "max_source_positions is 1500, the weights have 200"),
        ({"max_target_positions": 100}, "max_target_positions is 100, the weights have 448"),
        ({"vocab_size": 51865}, "vocab_size is 51865, the weights have 320"),
        ({"decoder_ffn_dim": 100}, "decoder_ffn_dim is 100, the weights have 512"),
        ({"activation_function": "gelu_new"}, "activation_function is 'gelu_new'; only 'gelu' is built"),
        ({"scale_embedding": True}, "scale_embedding is true, which is not built. Multiply"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings is false, and the weights have no proj_out"),
        ({"encoder_attention_heads": 3}, "3 heads do not divide the width 128"),
        ({"decoder_attention_heads": None}, "does not say how many heads there are: it needs encoder_att"),
        ({"decoder_attention_heads": 0}, "does not say how many heads there are"),
    ],
)
def test_what_the_configuration_says_is_what_is_built(
    weights: Weights, tmp_path: Path, said: dict[str, object], message: str
) -> None:
    with pytest.raises(ExportError, match=message):
        read_checkpoint(changed(write_hugging_face(weights, tmp_path / "hf"), **said))


def test_heads_of_each_side_come_from_the_configuration(weights: Weights, tmp_path: Path) -> None:
    folder = changed(
        write_hugging_face(weights, tmp_path / "hf"), encoder_attention_heads=4, decoder_attention_heads=1
    )
    size = read_checkpoint(folder).size
    assert (size.encoder_head, size.decoder_head, size.heads) == (32, 128, 1)
    found = write_openai(weights, tmp_path / "openai")
    content = torch.load(found, weights_only=True)
    torch.save(content | {"dims": {**content["dims"], "n_audio_head": 8}}, found)
    assert read_checkpoint(found).size.encoder_head == 16
    torch.save(content | {"dims": {**content["dims"], "n_text_layer": 5}}, found)
    with pytest.raises(ExportError, match="n_text_layer is 5, the weights have 2"):
        read_checkpoint(found)
    torch.save({"model_state_dict": content["model_state_dict"]}, found)
    with pytest.raises(ExportError, match="has weights and no dims, which say how many heads"):
        read_checkpoint(found)


def test_an_output_layer_of_its_own_is_taken(weights: Weights, tmp_path: Path) -> None:
    untied = {**weights, "proj_out.weight": 2 * weights["decoder.token_embedding.weight"]}
    folder = write_hugging_face(untied, tmp_path / "hf", prefix="")
    tied = assemble(read_checkpoint(folder), tiny_whisper.VOCABULARY).decoder
    assert torch.equal(tied.head.weight, tied.embedding), "as transformers does where it is tied"
    decoder = assemble(
        read_checkpoint(changed(folder, tie_word_embeddings=False)), tiny_whisper.VOCABULARY
    ).decoder
    assert torch.equal(decoder.head.weight, 2 * decoder.embedding)


@pytest.mark.thorough
@pytest.mark.parametrize(("encoder", "decoder"), [(4, 8)])
def test_states_are_those_of_transformers_whatever_the_heads(
    weights: Weights, tmp_path: Path, encoder: int, decoder: int
) -> None:
    pytest.importorskip("transformers")
    folder = changed(
        write_hugging_face(weights, tmp_path / "hf"),
        encoder_attention_heads=encoder,
        decoder_attention_heads=decoder,
    )
    network = assemble(read_checkpoint(folder), tiny_whisper.VOCABULARY)
    (measured,) = own.parity("Hugging Face", folder, "", network, SPEECH)
    assert measured.limit
    assert measured.passed, measured
    wrong = replace(read_checkpoint(folder), encoder_heads=1)
    (measured,) = own.parity("Hugging Face", folder, "", assemble(wrong, tiny_whisper.VOCABULARY), SPEECH)
    assert not measured.passed, "a network that was built wrongly is seen"


def test_where_no_other_implementation_is_installed_the_manifest_will_say_so(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "find_spec", lambda package: None)
    folder = write_hugging_face(weights, tmp_path / "hf")
    network = assemble(read_checkpoint(folder), tiny_whisper.VOCABULARY)
    (measured,) = own.parity("Hugging Face", folder, "", network, SPEECH)
    assert measured.limit is None
    assert measured.data.startswith("transformers is not installed")


def adapter(folder: Path, weights: Weights) -> None:
    write_hugging_face(weights, folder)
    (folder / "adapter_config.json").write_text("{}")


def bin_only(folder: Path, weights: Weights) -> None:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(b"PK")


def no_config(folder: Path, weights: Weights) -> None:
    (write_hugging_face(weights, folder) / "config.json").unlink()


def no_config_of_ctranslate2(folder: Path, weights: Weights) -> None:
    (write_ctranslate2(weights, folder, "float32") / "config.json").unlink()


def config_that_is_no_json(folder: Path, weights: Weights) -> None:
    (write_hugging_face(weights, folder) / "config.json").write_text("{")


def shard_missing(folder: Path, weights: Weights) -> None:
    write_hugging_face(weights, folder)
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00003.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def lfs_pointer(folder: Path, weights: Weights) -> None:
    folder.mkdir()
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")


def folder_above(folder: Path, weights: Weights) -> None:
    folder.mkdir()
    write_hugging_face(weights, folder / "checkpoint-500")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (adapter, r"is an adapter.*Merge the adapter with peft.*merge_and_unload"),
        (bin_only, r"has pytorch_model\.bin, which is not read here: convert with transformers"),
        (no_config, r"config\.json is missing.*Copy it from where"),
        (no_config_of_ctranslate2, r"config\.json is missing"),
        (config_that_is_no_json, r"config\.json can't be read as JSON"),
        (shard_missing, r"not a whole Whisper checkpoint: it has no model-00003\.safetensors"),
        (lfs_pointer, "is a pointer of Git LFS.*git lfs pull"),
        (folder_above, "perhaps in .*checkpoint-500: give that"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_other_things_are_refused_with_what_to_do(
    weights: Weights, tmp_path: Path, make: Callable[[Path, Weights], None], message: str
) -> None:
    make(tmp_path / "given", weights)
    with pytest.raises(ExportError, match=message):
        read_checkpoint(tmp_path / "given")


def test_no_other_tokenizer_takes_the_place_of_one_that_is_missing(weights: Weights, tmp_path: Path) -> None:
    size = replace(tiny_whisper.SIZE, encoder_positions=1500)
    folder = write_hugging_face(tiny_whisper.weights(size), tmp_path / "hf")
    (folder / "tokenizer.json").unlink()
    job = Job(Options(checkpoint=folder), tmp_path / "work", Library(tmp_path))
    with pytest.raises(ExportError, match=r"there is no tokenizer\.json.*WhisperTokenizerFast"):
        whisper.EXPORTER.build(job)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_one_nan_in_a_layer_is_refused_in_every_precision(
    weights: Weights, tmp_path: Path, precision: str
) -> None:
    broken = {name: tensor.clone() for name, tensor in weights.items()}
    broken["encoder.blocks.0.mlp.0.weight"][3, 5] = math.nan
    folder = write_hugging_face(broken, tmp_path / "hf")
    checkpoint = read_checkpoint(folder)
    network = assemble(checkpoint, tiny_whisper.VOCABULARY)
    path = graphs.export_encoder(network, checkpoint.size, tmp_path / "encoder.onnx").path
    if precision == "int8":
        quantize(path, path)
    with pytest.raises(GateError, match="has weights that are not finite"):
        check_weights(path)
