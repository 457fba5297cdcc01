"""What the launcher makes of a repository, before any server is started."""

import json
from pathlib import Path

import pytest

from exporters.triton_config import needed_models
from server import ServerError
from server.repository import Repository, check_files, waves
from tests import models


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    for write in (models.identity, models.affine, models.pipeline, models.echo, models.twice):
        write(tmp_path)
    return Repository(tmp_path)


def test_names_are_the_folders_with_a_configuration(repository: Repository) -> None:
    (repository.path / "notes").mkdir()
    assert repository.names() == ["affine", "echo", "identity", "pipeline", "twice"]


def test_ensembles_and_declared_requirements_come_along(repository: Repository) -> None:
    found = repository.resolve(["pipeline", "echo"])
    assert list(found) == ["identity", "affine", "pipeline", "echo"]
    assert [[model.name for model in wave] for wave in waves(found)] == [
        ["identity", "affine"],
        ["pipeline", "echo"],
    ]


def test_an_unknown_model_is_named_with_what_there_is(repository: Repository) -> None:
    with pytest.raises(ServerError, match=r"no model 'asr' in .*there are: affine, echo"):
        repository.resolve(["asr"])


def test_an_unknown_requirement_says_who_requires_it(repository: Repository) -> None:
    requires = 'parameters { key: "requires" value { string_value: "ghost" } }'
    models.write(repository.path, "needy", models.PYTHON + requires)
    with pytest.raises(ServerError, match="model 'needy' requires 'ghost': no model 'ghost'"):
        repository.resolve(["needy"])


@pytest.mark.parametrize("value", ["identity,echo", "identity, echo", "identity echo", " identity\n\techo,"])
def test_server_and_exporters_read_the_same_requirements(repository: Repository, value: str) -> None:
    requires = f'parameters {{ key: "requires" value {{ string_value: {json.dumps(value)} }} }}'
    models.write(repository.path, "needy", models.PYTHON + requires)
    assert repository.read("needy").requires == ("identity", "echo")
    assert needed_models(repository.path, "needy") == ["identity", "echo", "needy"]


@pytest.mark.parametrize("value", ["20", "-5", "low", "1, 2"])
def test_a_niceness_that_is_none_is_refused(repository: Repository, value: str) -> None:
    parameter = 'parameters {{ key: "niceness" value {{ string_value: "{}" }} }}'
    models.write(repository.path, "polite", models.PYTHON + parameter.format("10"))
    assert (repository.read("polite").niceness, repository.read("echo").niceness) == (10, 0)
    models.write(repository.path, "odd", models.PYTHON + parameter.format(value))
    with pytest.raises(ServerError, match=f"niceness is '{value}' in .*: use 0 to 19"):
        _ = repository.read("odd").niceness


def test_a_circle_is_shown(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        requires = f'parameters {{ key: "requires" value {{ string_value: "{other}" }} }}'
        models.write(tmp_path, name, models.PYTHON + requires)
    with pytest.raises(ServerError, match="a -> b -> a"):
        Repository(tmp_path).resolve(["a"])


def test_no_repository() -> None:
    with pytest.raises(ServerError, match="there is no model repository at nowhere"):
        Repository(Path("nowhere")).names()


def test_config_name_selects_a_file_where_there_is_one(repository: Repository) -> None:
    other = repository.path / "identity" / "configs" / "gpu.pbtxt"
    other.parent.mkdir()
    other.write_text("max_batch_size: 99")
    gpu = Repository(repository.path, "gpu")
    assert gpu.read("identity").config.max_batch_size == 99
    assert gpu.read("affine").config_file.name == "config.pbtxt"


def test_missing_files_name_the_exporter(repository: Repository) -> None:
    (repository.path / "affine" / "1" / "model.onnx").unlink()
    with pytest.raises(
        ServerError, match=r"affine/1/model\.onnx does not exist: run: python -m exporters affine"
    ):
        check_files(repository.resolve(["pipeline"]))


def test_declared_artifacts_are_checked_in_the_latest_version(tmp_path: Path) -> None:
    artifacts = 'parameters { key: "artifacts" value { string_value: "decoder.onnx, tokenizer.json" } }'
    folder = models.write(tmp_path, "decoder", models.PYTHON + artifacts, code="pass")
    (folder / "2").mkdir()
    for name in ("model.py", "decoder.onnx"):
        (folder / "2" / name).touch()
    decoder = Repository(tmp_path).read("decoder")
    assert decoder.missing_file() == folder / "2" / "tokenizer.json"
    (folder / "2" / "tokenizer.json").touch()
    assert decoder.missing_file() is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('parameters { key: "acess" value { string_value: "public" } }', "'acess' in .*: write 'access'"),
        (
            'parameters { key: "Requires" value { string_value: "echo" } }',
            "'Requires' in .*: write 'requires'",
        ),
        (
            'parameters { key: "niceness_" value { string_value: "3" } }',
            "'niceness_' in .*: write 'niceness'",
        ),
        (
            'model_warmup [ { name: "s" inputs { key: "txet" value { data_type: TYPE_INT32 dims: [1] } } } ]',
            "its sample 's' in .* has 'txet', which is no input: use text",
        ),
    ],
)
def test_what_triton_would_overlook_is_named(repository: Repository, line: str, message: str) -> None:
    models.write(repository.path, "odd", models.PYTHON + models.tensor("input", "text", "STRING", 1) + line)
    with pytest.raises(ServerError, match=message):
        repository.read("odd")


def test_parameters_of_a_backend_or_of_its_own_are_left_alone(repository: Repository) -> None:
    own = 'parameters {{ key: "{}" value {{ string_value: "1" }} }}'
    keys = ("intra_op_thread_count", "FORCE_CPU_ONLY_INPUT_TENSORS", "threshold")
    models.write(repository.path, "own", models.PYTHON + "".join(own.format(key) for key in keys))
    assert set(repository.read("own").config.parameters) == set(keys)
