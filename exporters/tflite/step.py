"""One operator on its way from TFLite to ONNX, and what is known where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ai_edge_litert.schema_py_generated import ActivationFunctionType, Padding

from exporters.errors import ExportError
from exporters.onnx_tools import Array
from exporters.tflite.builder import GraphBuilder
from exporters.tflite.flatbuffer import Network, Operator, Option

Pair = tuple[int, int]
"""Down and across; of a padding: before and after."""
Pads = tuple[Pair, Pair]
"""The padding of rows and that of columns."""

NO_PADS: Pads = ((0, 0), (0, 0))
CHANNELS_FIRST = (0, 3, 1, 2)
"""The order of the axes of a channels-last tensor of four that turns it channels first."""


@dataclass(frozen=True)
class Step:
    """An operator of ``network`` that is to be written into ``graph``."""

    operator: Operator
    network: Network
    graph: GraphBuilder
    tensors: Mapping[int, str]
    """Names in ``graph`` of the tensors that are there so far, by their index in ``network``."""
    makers: Mapping[int, Operator]
    """The operator each tensor comes from."""

    def option(self, name: str) -> Option:
        """One of its options; a file may leave out all of them when they have their default, 0."""
        return self.operator.options.get(name, 0)

    @property
    def strides(self) -> Pair:
        """Of a window, down and across."""
        return int(self.option("strideH")), int(self.option("strideW"))

    @property
    def dilations(self) -> Pair:
        """Of a window, down and across."""
        return int(self.option("dilationHFactor")) or 1, int(self.option("dilationWFactor")) or 1

    @property
    def is_same(self) -> bool:
        """Whether the padding is SAME; else it is VALID, none."""
        return bool(self.option("padding") == Padding.SAME)

    def shape(self, position: int) -> tuple[int, ...]:
        """The shape of an input, channels last."""
        return self.network.shapes[self.operator.inputs[position]]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the output, channels last."""
        return self.network.shapes[self.operator.outputs[0]]

    def maker(self, position: int) -> "Step | None":
        """The operator an input comes from; None of the network's own input."""
        operator = self.makers.get(self.operator.inputs[position])
        return replace(self, operator=operator) if operator else None

    def is_computed(self, position: int) -> bool:
        """Whether an input depends on the network's own; else it is a constant."""
        return self.operator.inputs[position] in self.tensors

    def constant(self, position: int) -> Array:
        """The values of an input that must be a constant."""
        values = self.network.constants.get(self.operator.inputs[position])
        if values is None:
            raise ExportError(f"input {position} of a {self.operator.name} is computed, not a constant")
        return values

    def input(self, position: int) -> str:
        """The name of an input; a constant gets as many axes as the output has, in the same order."""
        if self.is_computed(position):
            return self.tensors[self.operator.inputs[position]]
        values = self.constant(position)
        values = values.reshape((1,) * (len(self.output_shape) - values.ndim) + values.shape)
        return self.graph.constant(values.transpose(CHANNELS_FIRST) if values.ndim == 4 else values)

    def bias(self, position: int) -> list[str]:
        """The bias as a list of inputs, empty where the operator has none."""
        has_one = position < len(self.operator.inputs)
        return [self.graph.constant(self.constant(position))] if has_one else []

    def activated(self, tensor: str) -> str:
        """``tensor`` through the activation that is fused into the operator, if there is one."""
        kind = self.option("fusedActivationFunction")
        if kind == ActivationFunctionType.NONE:
            return tensor
        if kind == ActivationFunctionType.RELU:
            return self.graph.node("Relu", tensor)
        if kind == ActivationFunctionType.RELU6:
            return self.relu6(tensor)
        name = next(name for name, code in vars(ActivationFunctionType).items() if code == kind)
        raise ExportError(f"a {self.operator.name} with the fused activation {name} cannot be converted")

    def relu6(self, tensor: str) -> str:
        """``tensor`` between 0 and 6."""
        return self.graph.node("Clip", tensor, self.graph.scalar(0), self.graph.scalar(6))


def same_pads(size: int, window: int, stride: int) -> Pair:
    """SAME along one axis: an output per stride begun, the odd pixel of padding comes after."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def onnx_pads(pads: Pads) -> list[int]:
    """All that come before, then all that come after."""
    (top, bottom), (left, right) = pads
    return [top, left, bottom, right]
