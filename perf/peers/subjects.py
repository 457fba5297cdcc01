"""What is served by everyone: a model that does nothing, and one that keeps the cores busy."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from exporters.onnx_tools import Floats, Graph
from perf import report
from perf.inputs.recorded import Inputs
from perf.inputs.registry import WRITERS
from server.repository import Model, Repository, check_files
from tooling.sources import Library

VECTOR = 16
IDENTITY = "identity"
ENCODER = "whisper_encoder"
SUBJECTS = (IDENTITY, ENCODER)
_FRAMES = 800
"""Of the encoder's input: 8 s, the shortest context that clips are laid out in."""
_CONFIG = f"""
backend: "onnxruntime"
max_batch_size: 32
dynamic_batching {{ }}
instance_group {{ kind: KIND_CPU count: 1 }}
input {{ name: "x" data_type: TYPE_FP32 dims: [{VECTOR}] }}
output {{ name: "y" data_type: TYPE_FP32 dims: [{VECTOR}] }}
"""


@dataclass(frozen=True)
class Subject:
    """A model and one request to it.

    Attributes:
        repository: the folder that Triton serves it from.
        x: the input [1, ...].
        y: the output [1, ...] that ONNX Runtime gives in this process, which every service's is compared
            with.
        alone_s: that took, on one core.
        inputs: x for perf_analyzer, a file.
    """

    model: Model
    repository: Path
    x: Floats
    y: Floats
    alone_s: float
    inputs: Path

    @property
    def file(self) -> Path:
        """The ONNX file."""
        return self.model.folder / "1" / "model.onnx"

    @property
    def heavy(self) -> bool:
        """Whether it computes for long: then cores are what counts, not what each request costs."""
        return self.model.name != IDENTITY

    def is_right(self, y: Floats) -> bool:
        """Whether `y`, of any shape, is the output, give or take what other numbers of threads do to sums."""
        close = 1e-3 * float(np.abs(self.y).max())
        return y.size == self.y.size and np.allclose(y.ravel(), self.y.ravel(), rtol=1e-3, atol=close)


def prepare(name: str, scratch: Path, library: Library) -> Subject:
    """The subject `name` of SUBJECTS; what has to be written goes to `scratch`.

    Raises:
        RuntimeError: the encoder has not been exported, or its inputs can't be had.
        SourceError: the encoder has not been exported, or its inputs can't be had.
    """
    if name == IDENTITY:
        repository = scratch / "models"
        _write_identity(repository / IDENTITY)
        x = np.random.default_rng(0).standard_normal((1, VECTOR), np.float32)
    else:
        repository = report.PROJECT / "model_repository"
        x = _features(WRITERS[name](library))[None]
    model = Repository(repository).read(name)
    check_files({name: model})
    (tensor,) = model.config.input
    step = {tensor.name: x[0]}
    inputs = scratch / f"{name}.json"
    Inputs(name, [[step]]).write(inputs, sequences=False)
    graph = Graph(model.folder / "1" / "model.onnx")
    began = time.perf_counter()
    (y,) = graph(**{tensor.name: x})
    return Subject(model, repository, x, y, time.perf_counter() - began, inputs)


def _write_identity(folder: Path) -> None:
    """The Triton model `y = x`."""
    dims: list[str | int | None] = ["batch", VECTOR]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", [x], [y])
    file = folder / "1" / "model.onnx"
    file.parent.mkdir(parents=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    (folder / "config.pbtxt").write_text(_CONFIG, encoding="utf-8")


def _features(inputs: Inputs) -> Floats:
    """The features [80, 800] of the first clip that is laid out in 8 s."""
    (name,) = inputs.steps[0]
    found: Sequence[Floats] = [step[name].astype(np.float32, copy=False) for step in inputs.steps]
    return next(features for features in found if features.shape[-1] == _FRAMES)
