"""Read ``config.pbtxt`` with Triton's own schema, and find out what serving a model needs."""

from collections.abc import Iterator
from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from exporters.errors import ExportError

REQUIRES = "requires"
"""The config parameter in which a model that calls others (a Python one) names them, space separated."""


def load_config(path: Path) -> model_config_pb2.ModelConfig:
    """Parse one ``config.pbtxt``; an error names the file and the line."""
    try:
        text = path.read_text()
    except FileNotFoundError as error:
        raise ExportError(f"{path} does not exist: the model has no config") from error
    try:
        return text_format.Parse(text, model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        raise ExportError(f"{path} is not a valid model config: {error}") from error


def config_path(repository: Path, model: str) -> Path:
    """Where a model's config is."""
    return repository / model / "config.pbtxt"


def gpu_config_path(repository: Path, model: str) -> Path:
    """Where a model's config for a GPU is, if it differs there (Triton's ``--model-config-name=gpu``)."""
    return repository / model / "configs" / "gpu.pbtxt"


MODEL_FILES = {
    "onnxruntime": "model.onnx",
    "openvino": "model.onnx",
    "python": "model.py",
    "tensorrt": "model.plan",
}
"""What each backend that is known here serves, where the config does not name another file."""


def absent_file(repository: Path, model: str) -> Path | None:
    """The file that a model is served from, if it is missing; None where it is there or unknown."""
    config = load_config(config_path(repository, model))
    name = config.default_model_filename or MODEL_FILES.get(config.backend, "")
    path = repository / model / "1" / name
    return path if name and not path.is_file() else None


def served_models(repository: Path) -> list[str]:
    """Every model of the repository that has a config."""
    return sorted(path.parent.name for path in repository.glob("*/config.pbtxt"))


def needed_models(repository: Path, model: str) -> list[str]:
    """``model`` and all it needs to be served: ensemble steps and the ``requires`` parameter, recursively."""
    found: list[str] = []
    waiting = [model]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += _direct_needs(repository, name)
    return found


def _direct_needs(repository: Path, model: str) -> Iterator[str]:
    config = load_config(config_path(repository, model))
    for step in config.ensemble_scheduling.step:
        yield step.model_name
    if REQUIRES in config.parameters:
        yield from config.parameters[REQUIRES].string_value.replace(",", " ").split()
