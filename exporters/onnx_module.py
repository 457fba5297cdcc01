"""A released ONNX graph of plain convolutions as a torch module, to be wrapped and exported anew.

What a graph of opset 9 with fixed shapes does not have (dynamic axes, pre- and post-processing, a current
opset) is then written in torch around it, and :func:`exporters.onnx_tools.export_module` makes one graph.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import onnx
import torch
from onnx import helper, numpy_helper
from torch.nn import functional as F

from exporters.errors import ExportError

Tensor = torch.Tensor
Attributes = Mapping[str, object]


class OnnxModule(torch.nn.Module):
    """Runs the graph's operators in their order: one input, outputs as a tuple in the graph's order.

    Raises:
        ExportError: the graph is not ONNX, or has an operator or a form of one that is not known here.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            graph = onnx.load(str(path)).graph
        except Exception as error:  # protobuf raises a type of its own, which its two implementations differ in
            raise ExportError(f"{path} is not an ONNX graph: {error}") from error
        unknown = {node.op_type for node in graph.node} - _OPERATORS.keys()
        if unknown:
            raise ExportError(f"{path} is another network: it has operators {', '.join(sorted(unknown))}")
        self._constants: dict[str, str] = {}
        for number, array in enumerate(graph.initializer):
            self._constants[array.name] = f"constant_{number}"
            self.register_buffer(f"constant_{number}", torch.from_numpy(numpy_helper.to_array(array).copy()))
        self._steps: list[tuple[str, list[str], str, Attributes]] = []
        for node in graph.node:
            attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            if attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
                raise ExportError(f"{path} is another network: {node.op_type} {node.name} has automatic padding")
            self._steps.append((node.op_type, list(node.input), node.output[0], attributes))
        self._input = next(each.name for each in graph.input if each.name not in self._constants)
        self._outputs = [each.name for each in graph.output]

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The graph's outputs."""
        values = {name: self.get_buffer(buffer) for name, buffer in self._constants.items()}
        values[self._input] = image
        for operator, inputs, output, attributes in self._steps:
            values[output] = _OPERATORS[operator](*(values[name] for name in inputs), attributes=attributes)
        return tuple(values[name] for name in self._outputs)


def _integers(attributes: Attributes, name: str, default: list[int]) -> list[int]:
    found = attributes.get(name, default)
    assert isinstance(found, list)
    return found


def _padded(x: Tensor, attributes: Attributes, value: float) -> tuple[Tensor, tuple[int, int]]:
    """``x`` and the padding a torch operator can add itself: ONNX also pads the sides differently."""
    top, left, bottom, right = _integers(attributes, "pads", [0, 0, 0, 0])
    if (top, left) == (bottom, right):
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def _conv(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, attributes: Attributes) -> Tensor:
    x, padding = _padded(x, attributes, 0.0)
    stride = _integers(attributes, "strides", [1, 1])
    groups = attributes.get("group", 1)
    assert isinstance(groups, int)
    return F.conv2d(x, weight, bias, stride, padding, _integers(attributes, "dilations", [1, 1]), groups)


def _conv_transpose(x: Tensor, weight: Tensor, *, attributes: Attributes) -> Tensor:
    x, padding = _padded(x, attributes, 0.0)
    return F.conv_transpose2d(x, weight, None, _integers(attributes, "strides", [1, 1]), padding)


def _batch_norm(
    x: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, *, attributes: Attributes
) -> Tensor:
    epsilon = attributes.get("epsilon", 1e-5)
    assert isinstance(epsilon, float)
    return F.batch_norm(x, mean, variance, scale, shift, eps=epsilon)


def _max_pool(x: Tensor, *, attributes: Attributes) -> Tensor:
    x, padding = _padded(x, attributes, float("-inf"))
    return F.max_pool2d(
        x, _integers(attributes, "kernel_shape", []), _integers(attributes, "strides", [1, 1]), padding
    )


def _average_pool(x: Tensor, *, attributes: Attributes) -> Tensor:
    return F.avg_pool2d(
        x, _integers(attributes, "kernel_shape", []), _integers(attributes, "strides", [1, 1])
    )


def _reshape(x: Tensor, shape: Tensor, *, attributes: Attributes) -> Tensor:
    return x.reshape([int(size) for size in shape])


def _transpose(x: Tensor, *, attributes: Attributes) -> Tensor:
    return x.permute(_integers(attributes, "perm", []))


def _softmax(x: Tensor, *, attributes: Attributes) -> Tensor:
    axis = attributes.get("axis", -1)
    assert isinstance(axis, int)
    return x.softmax(axis)


_OPERATORS: Mapping[str, Callable[..., Tensor]] = {
    "Add": lambda x, y, attributes: x + y,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MatMul": lambda x, y, attributes: x @ y,
    "MaxPool": _max_pool,
    "Relu": lambda x, attributes: x.relu(),
    "Reshape": _reshape,
    "Sigmoid": lambda x, attributes: x.sigmoid(),
    "Softmax": _softmax,
    "Transpose": _transpose,
}
