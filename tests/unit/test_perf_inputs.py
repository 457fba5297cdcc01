"""Inputs for perf_analyzer: every model has them, and they are what its configuration asks for."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tritonclient.grpc.model_config_pb2 import DataType
from tritonclient.utils import deserialize_bytes_tensor, np_to_triton_dtype

from exporters.triton_config import config_path, load_config, served_models
from perf.inputs import command, registry
from perf.inputs.command import Written
from perf.inputs.recorded import Array, Inputs
from server.repository import Repository
from tests import models
from tooling.sources import Library

PROJECT = Path(__file__).parents[2]
REPOSITORY = PROJECT / "model_repository"
MODELS = served_models(REPOSITORY)
WIDTHS = {"FP32": 4, "FP64": 8, "INT16": 2, "INT32": 4, "UINT8": 1, "BOOL": 1}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """The inputs of every model, as `perf inputs` writes them."""
    files = command.write(command.chosen([]), tmp_path_factory.mktemp("inputs"), Console(quiet=True))
    return {each.model.name: each for each in files}


def test_nobody_makes_inputs_for_a_model_that_is_not_there() -> None:
    assert set(registry.WRITERS) <= set(MODELS)


def test_a_model_without_inputs_is_named_and_what_to_do(tmp_path: Path) -> None:
    models.identity(tmp_path)
    found = Repository(tmp_path).resolve(["identity"])
    with pytest.raises(RuntimeError, match=r"no inputs for identity: .*model_warmup of real data in .*pbtxt"):
        registry.inputs(found["identity"], found, Library())


def test_a_model_is_measured_with_its_own_samples_where_nobody_makes_more(tmp_path: Path) -> None:
    sample = (
        'model_warmup {{ name: "{0}" batch_size: 1 inputs {{ key: "x" value'
        ' {{ data_type: TYPE_FP32 dims: [16] input_data_file: "{0}" }} }} }}\n'
    )
    io = models.tensor("input", "x", "FP32", 16) + models.tensor("output", "y", "FP32", 16)
    config = models.BATCHED + io + sample.format("one") + sample.format("two")
    folder = models.identity(tmp_path, config=config) / "warmup"
    models.affine(tmp_path)
    models.pipeline(tmp_path)
    folder.mkdir()
    for number, name in enumerate(("one", "two")):
        (folder / name).write_bytes(np.full(16, number, np.float32).tobytes())
    found = Repository(tmp_path).resolve(["pipeline"])
    of_model = registry.inputs(found["identity"], found, Library())
    assert of_model.about == "samples of identity/config.pbtxt"
    assert [step["x"].tolist() for step in of_model.steps] == [[0.0] * 16, [1.0] * 16]
    of_ensemble = registry.inputs(found["pipeline"], found, Library())
    assert [step["x"].shape for step in of_ensemble.steps] == [(16,)]


@pytest.mark.parametrize("model", MODELS)
def test_inputs_are_what_the_configuration_asks_for(model: str, written: dict[str, Written]) -> None:
    config = load_config(config_path(REPOSITORY, model))
    asked = {entry.name: entry for entry in config.input}
    for step in written[model].inputs.steps:
        assert set(step) <= set(asked)
        assert {name for name, entry in asked.items() if not entry.optional} <= set(step)
        for name, array in step.items():
            assert kind(array) == DataType.Name(asked[name].data_type).removeprefix("TYPE_")
            assert len(array.shape) == len(asked[name].dims)
            for found, wanted in zip(array.shape, asked[name].dims, strict=True):
                assert wanted in (-1, found)


@pytest.mark.parametrize("model", MODELS)
def test_a_file_is_in_the_form_of_perf_analyzer(model: str, written: dict[str, Written]) -> None:
    config = load_config(config_path(REPOSITORY, model))
    kinds = {e.name: DataType.Name(e.data_type).removeprefix("TYPE_") for e in config.input}
    data = json.loads(written[model].file.read_text())["data"]
    streams = data if command.in_sequences(written[model].model) else [data]
    assert [len(stream) for stream in streams] == [len(each) for each in written[model].inputs.streams]
    for name, tensor in (item for stream in streams for step in stream for item in step.items()):
        if isinstance(tensor["content"], list):
            assert kinds[name] == "STRING"
            assert all(isinstance(text, str) for text in tensor["content"])
            assert len(tensor["content"]) == np.prod(tensor["shape"])
        elif kinds[name] == "STRING":
            files = deserialize_bytes_tensor(base64.b64decode(tensor["content"]["b64"]))
            assert len(files) == 1
            assert name != "image" or files[0][:2] == b"\xff\xd8", "a JPEG"
        else:
            assert len(base64.b64decode(tensor["content"]["b64"])) == WIDTHS[kinds[name]] * np.prod(
                tensor["shape"]
            )


def test_speech_of_both_languages_reaches_the_decoder(written: dict[str, Written]) -> None:
    steps = written["whisper_decoder"].inputs.steps
    assert len(steps) == len(written["asr"].inputs.steps) == 13
    assert all(np.isfinite(step["states"].astype(np.float32)).all() for step in steps)
    assert len({step["states"].shape for step in steps}) > 1


def test_networks_of_single_faces_get_a_face_of_every_frame(written: dict[str, Written]) -> None:
    for model in ("face_landmarks", "face_embedder", "face_expression"):
        assert len(written[model].inputs.steps) == len(written["vision"].inputs.steps) == 13


def test_rooms_are_sequences_where_a_step_of_an_ensemble_keeps_them_apart(
    written: dict[str, Written],
) -> None:
    assert [name for name, each in written.items() if command.in_sequences(each.model)] == [
        "captions",
        "chat",
        "denoise",
        "effects",
        "studio",
        "voice_activity",
    ]


def test_the_command_names_model_file_and_streaming(written: dict[str, Written]) -> None:
    each = written["captions"]
    assert each.command == (f"python -m perf analyzer -m captions --input-data {each.file} --streaming")
    assert "--streaming" not in written["voice_activity"].command


def test_the_commands_in_the_docs_are_those_that_are_printed() -> None:
    shown = re.findall(
        r"^    (python -m perf analyzer .*)$", (PROJECT / "docs" / "measuring.md").read_text(), re.MULTILINE
    )
    inputs = Inputs("", [])
    printed = [
        Written(model, inputs, command.FOLDER / f"{model.name}.json").command for model in command.chosen([])
    ]
    assert shown
    assert set(shown) <= set(printed)


def kind(array: Array) -> str:
    """Its type as configurations write it."""
    name: str = np_to_triton_dtype(array.dtype)
    return {"BYTES": "STRING"}.get(name, name)
