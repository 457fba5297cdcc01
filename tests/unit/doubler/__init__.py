"""A model family small enough to export in milliseconds: ``doubled = 2 * number`` and a text file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from exporters.contract import Artifact, Build, Exporter, Job, Measurement, Options, Profile, Weights
from exporters.onnx_tools import Graph, max_difference

CONFIG = """
backend: "onnxruntime"
max_batch_size: 8
input [ { name: "number" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "doubled" data_type: TYPE_FP32 dims: [ -1 ] } ]
"""
PROFILES = {"number": Profile((1, 1), (4, 8), (8, 64))}


def repository(folder: Path, config: str = CONFIG) -> Path:
    """A model repository for the family: ``doubler`` is served as ONNX, ``words`` by committed code."""
    for model, text in (("doubler", config), ("words", 'backend: "python"\nmax_batch_size: 0\n')):
        (folder / model / "1").mkdir(parents=True)
        (folder / model / "config.pbtxt").write_text(text)
    (folder / "words" / "1" / "model.py").write_text("# committed\n")
    (folder / "words" / "1" / "words").mkdir()
    (folder / "words" / "1" / "words" / "__init__.py").write_text("# committed\n")
    return folder


@dataclass
class Doubler(Exporter):
    """The family; what it builds can be varied to make each gate fail."""

    name = "doubler"
    summary = "twice the number"
    models = ("doubler", "words")
    variants = ("plain", "fancy")
    precisions = ("fp32", "int8")
    checkpoint = "a text file"

    factor: float = 2.0
    operator: str = "Mul"
    dtype: int = TensorProto.FLOAT
    text: str = "old"
    measured: bool = True
    accuracy: float = 1.0
    error_percent: float = 3.0
    source: tuple[Weights, ...] = ()

    def sources(self, options: Options) -> tuple[Weights, ...]:
        return self.source

    def build(self, job: Job) -> Build:
        path = job.folder("doubler") / "model.onnx"
        factor = helper.make_tensor("factor", self.dtype, [1], [self.factor])
        values = [helper.make_tensor_value_info(n, self.dtype, ["b", "n"]) for n in ("number", "doubled")]
        node = helper.make_node(self.operator, ["number", "factor"], ["doubled"])
        graph = helper.make_graph([node], "doubler", values[:1], values[1:], [factor])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, str(path))
        words = job.folder("words") / "words.txt"
        words.write_text(self.text)
        artifacts = (Artifact("doubler", path, "fp32", PROFILES), Artifact("words", words))
        return Build(artifacts, lambda: self._measure(path))

    def _measure(self, path: Path) -> Iterator[Measurement]:
        if not self.measured:
            return
        numbers = np.array([[1.0, -3.0]], np.float32)
        difference = max_difference(Graph(path)(number=numbers)[0], 2 * numbers)
        yield Measurement(gate="parity", name="difference", value=difference, limit=1e-6)
        yield Measurement(
            gate="accuracy",
            name="error rate",
            value=self.error_percent,
            limit=None,
            unit=" %",
            bound=60.0,
        )
        yield Measurement(
            gate="accuracy", name="score", value=self.accuracy, limit=0.9, higher_is_better=True
        )
