"""A released ONNX graph of plain convolutions as a torch module, to be wrapped and exported anew.

What a graph of opset 9 with fixed shapes does not have (dynamic axes, pre- and post-processing, a current
opset) is then written in torch around it, and :func:`exporters.onnx_tools.export_module` makes one graph.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import onnx
import torch
from onnx import helper, numpy_helper
from torch.nn import functional as F

from exporters.errors import ExportError

Tensor = torch.Tensor
Integers = list[int] | tuple[int, ...]


@dataclass(frozen=True)
class _Settings:
    """A node's attributes, those that matter of the operators that are known, with ONNX's defaults."""

    kernel_shape: Integers = ()
    strides: Integers = (1, 1)
    pads: Integers = (0, 0, 0, 0)
    dilations: Integers = (1, 1)
    group: int = 1
    perm: Integers = ()
    axis: int = -1
    epsilon: float = 1e-5
    momentum: float = 0.9
    auto_pad: bytes = b"NOTSET"


_ATTRIBUTES = {field.name for field in fields(_Settings)}


class OnnxModule(torch.nn.Module):
    """Runs the graph's operators in their order: one input, outputs as a tuple in the graph's order.

    Raises:
        ExportError: the graph is not ONNX, or has an operator or a form of one that is not known here.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            graph = onnx.load(str(path)).graph
        except (
            Exception
        ) as error:  # protobuf raises a type of its own, which its two implementations differ in
            raise ExportError(f"{path} is not an ONNX graph: {error}") from error
        unknown = {node.op_type for node in graph.node} - _OPERATORS.keys()
        if unknown:
            raise ExportError(f"{path} is another network: it has operators {', '.join(sorted(unknown))}")
        self._constants: dict[str, str] = {}
        for number, array in enumerate(graph.initializer):
            self._constants[array.name] = f"constant_{number}"
            self.register_buffer(f"constant_{number}", torch.from_numpy(numpy_helper.to_array(array).copy()))
        self._steps: list[tuple[str, list[str], str, _Settings]] = []
        for node in graph.node:
            attributes = {
                attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute
            }
            if attributes.get("auto_pad", b"NOTSET") != b"NOTSET" or attributes.keys() - _ATTRIBUTES:
                raise ExportError(f"{path} is another network: {node.op_type} with {attributes} is not known")
            self._steps.append((node.op_type, list(node.input), node.output[0], _Settings(**attributes)))
        self._input = next(tensor.name for tensor in graph.input if tensor.name not in self._constants)
        self._outputs = [tensor.name for tensor in graph.output]

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The graph's outputs."""
        values = {name: self.get_buffer(buffer) for name, buffer in self._constants.items()}
        values[self._input] = image
        for operator, inputs, output, settings in self._steps:
            values[output] = _OPERATORS[operator](*(values[name] for name in inputs), settings=settings)
        return tuple(values[name] for name in self._outputs)


def _halves(pads: Integers) -> tuple[Integers, Integers]:
    """Padding before the first row and column, and after the last."""
    return pads[:2], pads[2:]


def _padded(x: Tensor, settings: _Settings, value: float) -> tuple[Tensor, tuple[int, int]]:
    """``x`` and the padding a torch operator can add itself: ONNX also pads the sides differently."""
    top, left, bottom, right = settings.pads
    if (top, left) == (bottom, right):
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def _conv(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, settings: _Settings) -> Tensor:
    x, padding = _padded(x, settings, 0.0)
    return F.conv2d(x, weight, bias, settings.strides, padding, settings.dilations, settings.group)


def _conv_transpose(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, settings: _Settings) -> Tensor:
    padding = settings.pads[:2]
    return F.conv_transpose2d(
        x, weight, bias, settings.strides, padding, 0, settings.group, settings.dilations
    )


def _batch_norm(
    x: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, *, settings: _Settings
) -> Tensor:
    return F.batch_norm(x, mean, variance, scale, shift, eps=settings.epsilon)


def _max_pool(x: Tensor, *, settings: _Settings) -> Tensor:
    """A side that is padded only so that its last window is whole needs no padding, which costs a copy."""
    sides = zip(x.shape[2:], settings.kernel_shape, settings.strides, *_halves(settings.pads), strict=True)
    if all(
        (size - kernel) % stride == stride - end and not start for size, kernel, stride, start, end in sides
    ):
        return F.max_pool2d(x, settings.kernel_shape, settings.strides, ceil_mode=True)
    x, padding = _padded(x, settings, float("-inf"))
    return F.max_pool2d(x, settings.kernel_shape, settings.strides, padding)


def _average_pool(x: Tensor, *, settings: _Settings) -> Tensor:
    if any(settings.pads):
        raise ExportError("an AveragePool that pads is not known")
    return F.avg_pool2d(x, settings.kernel_shape, settings.strides)


_OPERATORS: Mapping[str, Callable[..., Tensor]] = {
    "Add": lambda x, y, settings: x + y,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MatMul": lambda x, y, settings: x @ y,
    "MaxPool": _max_pool,
    "Relu": lambda x, settings: x.relu(),
    "Reshape": lambda x, shape, settings: x.reshape([int(size) for size in shape]),
    "Sigmoid": lambda x, settings: x.sigmoid(),
    "Softmax": lambda x, settings: x.softmax(settings.axis),
    "Transpose": lambda x, settings: x.permute(settings.perm),
}
