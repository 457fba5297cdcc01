"""configs/gpu.pbtxt of every model: it fits config.pbtxt, its plan, its warm-up, and what README says."""

from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import Message
from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig, ModelInstanceGroup, ModelWarmup

from exporters.registry import all_exporters
from exporters.tensorrt.attempt import Candidate
from exporters.tensorrt.targets import PLANS
from exporters.tensorrt_lint import lint
from exporters.triton_config import config_path, gpu_config_path, load_config, served_models
from onnx_backend.signature import numpy_type
from server.repository import Repository, check_files
from tooling.sources import Library

REPOSITORY = Path(__file__).parents[2] / "model_repository"
MODELS = served_models(REPOSITORY)
DIFFERENT = [name for name in MODELS if gpu_config_path(REPOSITORY, name).exists()]
GPU = ModelInstanceGroup.KIND_GPU


def on_cpu(name: str) -> ModelConfig:
    return load_config(config_path(REPOSITORY, name))


def on_gpu(name: str) -> ModelConfig:
    path = gpu_config_path(REPOSITORY, name)
    return load_config(path) if path.exists() else on_cpu(name)


def is_ensemble(name: str) -> bool:
    return bool(on_cpu(name).platform == "ensemble")


def texts(messages: "list[Message]") -> list[str]:
    return sorted(map(str, messages))


@pytest.mark.parametrize("name", DIFFERENT)
def test_clients_and_ensembles_see_no_difference(name: str) -> None:
    ours, theirs = on_gpu(name), on_cpu(name)
    assert texts(ours.input) == texts(theirs.input)
    assert texts(ours.output) == texts(theirs.output)
    assert ours.model_transaction_policy == theirs.model_transaction_policy
    assert ours.sequence_batching.state == theirs.sequence_batching.state
    assert ours.HasField("sequence_batching") == theirs.HasField("sequence_batching")
    idle = "max_sequence_idle_microseconds"
    assert getattr(ours.sequence_batching, idle) == getattr(theirs.sequence_batching, idle)
    assert ours.max_batch_size >= theirs.max_batch_size
    assert ours != theirs, "says what config.pbtxt says: remove it"


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_the_server_reads_from_parameters_stays(name: str) -> None:
    portable = {"intra_op_thread_count", "elements_at_once"}  # of the portable backend alone
    ours, theirs = (
        {key: value.string_value for key, value in config.parameters.items() if key not in portable}
        for config in (on_gpu(name), on_cpu(name))
    )
    assert ours == theirs


def test_a_step_takes_the_batches_of_its_ensemble() -> None:
    ensembles = [name for name in MODELS if is_ensemble(name)]
    assert ensembles
    for name in ensembles:
        for step in on_gpu(name).ensemble_scheduling.step:
            assert on_gpu(step.model_name).max_batch_size >= on_gpu(name).max_batch_size


def test_a_network_is_a_plan_or_onnxruntime_s() -> None:
    """Every model that an exporter writes a graph for is one of the two, by its own config."""
    networks = {model for exporter in all_exporters().values() for model in exporter.models}
    assert {name for name in MODELS if on_gpu(name).backend == "tensorrt"} == set(PLANS)
    assert {name for name in networks - set(PLANS) if on_gpu(name).backend != "onnxruntime"} == {
        "sentiment_features",  # it gets its lexicon from the exporter
        "moderation_features",  # it gets its tables from the exporter
        "text_tokenizer",  # its pieces
        "tts",
        "whisper_decoder",
    }
    for name in MODELS:
        assert on_gpu(name).backend in ("tensorrt", "onnxruntime", "python") or is_ensemble(name)


@pytest.mark.parametrize("name", sorted(set(PLANS) - {"whisper_encoder"}))
def test_a_plan_s_profile_covers_all_that_its_config_lets_through(name: str) -> None:
    candidate, config = Candidate(name, REPOSITORY, Library()), on_gpu(name)
    lint(candidate.graph, candidate.profiles)
    assert set(candidate.profiles) == {tensor.name for tensor in config.input}
    for profile in candidate.profiles.values():
        assert profile.smallest[0] == 1
        assert profile.largest[0] == config.max_batch_size
        preferred = list(config.dynamic_batching.preferred_batch_size)
        assert not preferred or preferred == [profile.usual[0], config.max_batch_size]
    assert [sample.batch_size for sample in config.model_warmup] == [1, config.max_batch_size]
    for sample in config.model_warmup:
        for tensor, value in sample.inputs.items():
            profile = candidate.profiles[tensor]
            limits = zip(profile.smallest[1:], value.dims, profile.largest[1:], strict=True)
            assert all(low <= dim <= high for low, dim, high in limits)
    dims = [list(value.dims) for sample in config.model_warmup for value in sample.inputs.values()]
    assert [list(profile.largest[1:]) for profile in candidate.profiles.values()] == dims[-1:]


def test_whisper_s_profile_is_that_of_its_config() -> None:
    """Its fp32 graph is not installed where int8 is served, so the exporter's declaration is read."""
    from exporters.whisper import graphs  # noqa: PLC0415 - imports torch

    rooms, config = graphs._ROOMS, on_gpu("whisper_encoder")
    assert (rooms[0], rooms[2]) == (1, config.max_batch_size)
    assert list(config.dynamic_batching.preferred_batch_size) == [rooms[1], rooms[2]]
    frames = [sample.inputs["features"].dims[1] for sample in config.model_warmup]
    assert frames == [2 * graphs._CONTEXT[0], 2 * graphs._CONTEXT[2]]


@pytest.mark.parametrize("name", MODELS)
def test_instances_are_where_the_backend_can_use_them(name: str) -> None:
    config = on_gpu(name)
    kinds = {group.kind for group in config.instance_group}
    if config.backend == "tensorrt":
        assert kinds == {GPU}
    if config.optimization.execution_accelerators.gpu_execution_accelerator:
        assert kinds == {GPU}
    if GPU in kinds:
        assert config.backend in ("tensorrt", "onnxruntime") or name in ("tts", "whisper_decoder")


def runs(sample: ModelWarmup) -> bool:
    """Whether Triton runs the sample at start-up: it skips those of batch 0."""
    return bool(sample.batch_size > 0)


@pytest.mark.parametrize("name", MODELS)
def test_no_warm_up_keeps_a_model_from_loading(name: str) -> None:
    """Warm-up has no implicit state to write, and may come before the models that a Python model asks."""
    for config in (on_cpu(name), on_gpu(name)):
        loads_alone = not config.sequence_batching.state and "requires" not in config.parameters
        alone = (
            loads_alone or name == "waveform"
        )  # asks for clips of more than 12 s, and its sample has one second
        assert alone or not any(map(runs, config.model_warmup))
        assert all(sample.batch_size <= max(config.max_batch_size, 1) for sample in config.model_warmup)


def test_samples_from_files_are_as_long_as_declared() -> None:
    for name in MODELS:
        for value in (each for sample in on_gpu(name).model_warmup for each in sample.inputs.values()):
            kind = DataType.Name(value.data_type)
            if value.input_data_file and kind != "TYPE_STRING":
                size = (REPOSITORY / name / "warmup" / value.input_data_file).stat().st_size
                assert size == np.dtype(numpy_type(kind)).itemsize * np.prod(value.dims)


def test_the_server_reads_them(tmp_path: Path) -> None:
    """What it lacks of a GPU's repository is the plans, and it says how to make one."""
    models = Repository(REPOSITORY, "gpu").resolve(MODELS)
    assert {name for name, model in models.items() if model.missing_file()} == set(PLANS)
    with pytest.raises(Exception, match=r"model\.plan does not exist: run: python -m exporters"):
        check_files(models)
    assert models["nsfw"].niceness == 10
    assert set(models["faces"].requires) == set(Repository(REPOSITORY).read("faces").requires)


def test_readme_says_who_serves_what_on_a_gpu_and_why() -> None:
    lines = (REPOSITORY / "README.md").read_text().splitlines()
    start = lines.index("| model | on a GPU's node | why |") + 2
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[start : lines.index("", start)]
    ]
    said = {name.strip("` "): serving for names, serving, why in rows for name in names.split(",") if why}
    assert set(DIFFERENT) <= set(said) <= set(MODELS)
    for name, serving in said.items():
        assert serving == served(name), name


def served(name: str) -> str:
    config = on_gpu(name)
    if name not in DIFFERENT:
        return "as on a CPU"
    if name in PLANS:
        return f"TensorRT, {PLANS[name].precisions[0]}"
    (group,) = config.instance_group
    kind = "GPU" if group.kind == GPU else "CPU"
    return f"{config.backend}, {kind}, {group.count} instance{'s' if group.count > 1 else ''}"
