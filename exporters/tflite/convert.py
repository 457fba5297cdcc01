"""Write a TFLite network's operators into an ONNX graph.

TFLite is channels last, ONNX is channels first. In the graph every tensor of four axes is [batch, channels,
height, width]; tensors of other ranks keep TFLite's order. Only RESHAPE goes between the two.
"""

from collections.abc import Sequence

from exporters.errors import ExportError
from exporters.tflite.builder import GraphBuilder
from exporters.tflite.flatbuffer import Network
from exporters.tflite.operators import OPERATORS
from exporters.tflite.step import Step


def convert(network: Network, graph: GraphBuilder, inputs: Sequence[str]) -> list[str]:
    """Append ``network`` to ``graph`` on its tensors ``inputs`` and return the names of its outputs.

    Inputs and outputs of four axes are channels first. The batch axis may be of any size.

    Raises:
        ExportError: the network has operators that are not handled; it names them.
    """
    if unknown := sorted({step.name for step in network.operators} - OPERATORS.keys()):
        raise ExportError(f"TFLite operators that cannot be converted: {', '.join(unknown)}")
    tensors = dict(zip(network.inputs, inputs, strict=True))
    makers = {index: operator for operator in network.operators for index in operator.outputs}
    for operator in network.operators:
        step = Step(operator, network, graph, tensors, makers)
        tensors[operator.outputs[0]] = OPERATORS[operator.name](step)
    return [tensors[index] for index in network.outputs]
