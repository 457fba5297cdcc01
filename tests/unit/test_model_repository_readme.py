"""model_repository/README.md says what the configs say."""

from itertools import zip_longest
from pathlib import Path

import pytest
from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig, ModelInput, ModelOutput

from exporters.triton_config import config_path, load_config, served_models
from server.repository import Repository

REPOSITORY = Path(__file__).parents[2] / "model_repository"


def test_the_table_is_what_the_configs_say() -> None:
    lines = (REPOSITORY / "README.md").read_text().splitlines()
    start = lines.index("| model | kind | inputs | outputs | batch | instances |") + 2
    written = lines[start : lines.index("", start)]
    for number, (is_, should_be) in enumerate(
        zip_longest(written, map(row, served_models(REPOSITORY))), start + 1
    ):
        assert is_ == should_be, f"model_repository/README.md:{number}: the next row should be\n{should_be}"


@pytest.mark.parametrize("file", ["config.pbtxt", "configs/gpu.pbtxt"])
def test_a_queue_is_bounded_where_the_readme_says_so_alone(file: str) -> None:
    """Triton overlooks requests in bounded queues for half a second: see "Queues" there."""
    bounded = [
        path.relative_to(REPOSITORY).parts[0]
        for path in REPOSITORY.glob(f"*/{file}")
        if load_config(path).dynamic_batching.default_queue_policy.max_queue_size
    ]
    assert bounded == ["whisper_encoder"]


def row(name: str) -> str:
    config = load_config(config_path(REPOSITORY, name))
    instances = sum(group.count for group in config.instance_group)
    cells = [
        f"`{name}`",
        kind(config) + (", public" if Repository(REPOSITORY).read(name).is_public else ""),
        ", ".join(map(tensor, config.input)),
        ", ".join(map(tensor, config.output)),
        str(config.max_batch_size),
        str(instances) if instances else "-",
    ]
    return "| " + " | ".join(cells) + " |"


def kind(config: ModelConfig) -> str:
    words = [config.backend or config.platform]
    if config.HasField("sequence_batching"):
        words.append("sequence")
    if config.model_transaction_policy.decoupled:
        words.append("decoupled")
    return ", ".join(words)


def tensor(each: ModelInput | ModelOutput) -> str:
    optional = " optional" if getattr(each, "optional", False) else ""
    return f"`{each.name}` {DataType.Name(each.data_type).removeprefix('TYPE_')} {list(each.dims)}" + optional
