"""The released graph as it is served."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporters.errors import ExportError

RANGE = ("fmin", "fmax")
"""Inputs of the released graph, in Hz."""


def with_range(released: Path, path: Path, lowest: float, highest: float) -> Path:
    """Write the graph with `lowest` and `highest` in place of its inputs `fmin` and `fmax`.

    Raises:
        ExportError: it has other inputs.
    """
    model = onnx.load(released)
    inputs = [tensor.name for tensor in model.graph.input]
    if inputs != ["audio", *RANGE]:
        raise ExportError(
            f"{released} takes {', '.join(inputs)}: expected audio, {', '.join(RANGE)} (SwiftF0)"
        )
    del model.graph.input[1:]
    for name, value in zip(RANGE, (lowest, highest), strict=True):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f" and np.isinf(array).any():  # masks, which as infinite look like damage
            tensor.CopyFrom(numpy_helper.from_array(np.nan_to_num(array), tensor.name))
    for output in model.graph.output:
        if output.type.tensor_type.elem_type == TensorProto.DOUBLE:  # of which single precision is plenty
            _cast(model.graph, output)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def _cast(graph: onnx.GraphProto, output: onnx.ValueInfoProto) -> None:
    """Give an output single precision."""
    double = f"{output.name}_double"
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == output.name:
                    names[index] = double
    graph.node.append(helper.make_node("Cast", [double], [output.name], to=TensorProto.FLOAT))
    output.type.tensor_type.elem_type = TensorProto.FLOAT
