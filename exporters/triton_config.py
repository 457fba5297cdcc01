"""Read ``config.pbtxt`` with Triton's own schema, and find out what serving a model needs."""

from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from exporters.errors import ExportError
from server.errors import ServerError
from server.repository import Repository


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
    """``model`` and all it needs to be served, what is needed before what needs it.

    Raises:
        ExportError: one of them has no config, or none that can be read; or they need each other in a circle.
    """
    try:
        return list(Repository(repository).resolve([model]))
    except ServerError as error:
        raise ExportError(str(error)) from error
