"""Write an ONNX graph node by node."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import DTypeLike
from onnx import helper, numpy_helper

from exporters.onnx_tools import OPSET, Array

Attribute = int | float | str | Sequence[int]
Dim = int | str

_IR_VERSION = 8
"""The version of the file format that came with opset 17."""


class GraphBuilder:
    """Collects nodes and constants; a tensor is known by its name."""

    FLOAT = int(onnx.TensorProto.FLOAT)
    """What a Cast to float32 is told."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, dtype: DTypeLike, shape: Sequence[Dim]) -> str:
        """Declare an input of the graph; an axis given by a name is dynamic."""
        self._inputs.append(_value(name, dtype, shape))
        return name

    def output(self, name: str, tensor: str, shape: Sequence[Dim]) -> None:
        """Make ``tensor`` (float32) an output of the graph under ``name``."""
        self._nodes.append(helper.make_node("Identity", [tensor], [name], name=name))
        self._outputs.append(_value(name, np.float32, shape))

    def constant(self, values: Array) -> str:
        """A weight or a parameter."""
        name = f"constant_{len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def ints(self, *values: int) -> str:
        """A vector of int64, as shapes and axes are given."""
        return self.constant(np.array(values, np.int64))

    def floats(self, *values: float) -> str:
        """A vector of float32."""
        return self.constant(np.array(values, np.float32))

    def scalar(self, value: float) -> str:
        """A single float32."""
        return self.constant(np.array(value, np.float32))

    def node(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Append a node with one output and return its name; ``""`` is an input left out."""
        return self.nodes(operator, *inputs, outputs=1, **attributes)[0]

    def nodes(self, operator: str, *inputs: str, outputs: int, **attributes: Attribute) -> list[str]:
        """Append a node with several outputs and return their names."""
        name = f"{operator}_{len(self._nodes)}"
        names = [f"{name}_{index}" for index in range(outputs)]
        node = helper.make_node(operator, inputs, names, name=name)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self._nodes.append(node)
        return names

    def model(self) -> onnx.ModelProto:
        """The finished graph, without the nodes and constants that no output needs."""
        needed = {output.name for output in self._outputs}
        kept = []
        for node in reversed(self._nodes):
            if needed.intersection(node.output):
                needed.update(node.input)
                kept.append(node)
        constants = [tensor for name, tensor in self._constants.items() if name in needed]
        graph = helper.make_graph(kept[::-1], "graph", self._inputs, self._outputs, constants)
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)

    def save(self, path: Path) -> Path:
        """Write the graph to ``path``, its tensors' shapes inferred, and return it."""
        onnx.save(onnx.shape_inference.infer_shapes(self.model(), strict_mode=True), str(path))
        return path


def _value(name: str, dtype: DTypeLike, shape: Sequence[Dim]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
