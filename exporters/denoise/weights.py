"""Read GTCRN's weights out of its streaming ONNX graph, whose exporter folded and renamed most of them.

The graph is a chain, so weights are taken in the order of the operators that hold them. Batch normalization
is folded into the transposed convolutions before it, and those of stride 1 become plain convolutions.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from exporters.errors import ExportError

Array = NDArray[np.float32]
Weights = dict[str, torch.Tensor]

_OPERATORS = {"Conv": 11, "ConvTranspose": 11, "BatchNormalization": 11, "PRelu": 15, "GRU": 14, "MatMul": 12}


class _Graph:
    """The operators of the graph by type, each giving the arrays among its inputs."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(str(path)).graph
        self.named: dict[str, Array] = {
            initializer.name: numpy_helper.to_array(initializer) for initializer in graph.initializer
        }
        self._nodes = {kind: [node for node in graph.node if node.op_type == kind] for kind in _OPERATORS}
        counts = {kind: len(nodes) for kind, nodes in self._nodes.items()}
        if counts != _OPERATORS:
            raise ExportError(
                f"{path} is not GTCRN's streaming graph (gtcrn_simple.onnx): it has operators {counts}, "
                f"expected {_OPERATORS}"
            )

    def take(self, kind: str) -> list[Array]:
        """The arrays of the next operator of a type."""
        node = self._nodes[kind].pop(0)
        return [self.named[name] for name in node.input if name in self.named]


def read_weights(path: Path) -> Weights:
    """The state of :class:`exporters.denoise.network.Gtcrn`.

    Raises:
        ExportError: the graph is another network.
    """
    graph = _Graph(path)
    found: dict[str, Array] = {"compress.weight": graph.take("MatMul")[0].T}
    for number in range(2):
        found |= _convolution(graph, f"narrow.{number}.0") | _slope(graph, f"narrow.{number}.1")
    for number in range(3):
        found |= _block(graph, f"encoder.{number}", f"encoder.en_convs.{number + 2}")
    for number in (1, 2):
        for axis in ("intra", "inter"):
            for half in ("first", "second"):
                found |= _recurrent(graph, f"paths.{number - 1}.{axis}.{half}")
            theirs, ours = f"dpgrnn{number}.{axis}", f"paths.{number - 1}.{axis}"
            found |= _linear(graph, f"{ours}.mix", f"{theirs}_fc.bias")
            found |= {
                f"{ours}.norm.{kind}": graph.named[f"{theirs}_ln.{kind}"] for kind in ("weight", "bias")
            }
    for number in range(3):
        found |= _block(graph, f"decoder.{number}", f"decoder.de_convs.{number}")
    found |= _transposed(graph, "widen.0.0", groups=2) | _slope(graph, "widen.0.1")
    found |= _transposed(graph, "widen.1.0")
    found["expand.weight"] = graph.take("MatMul")[0].T
    return {name: torch.from_numpy(np.array(value, np.float32)) for name, value in found.items()}


def _linear(graph: _Graph, name: str, bias: str) -> dict[str, Array]:
    return {f"{name}.weight": graph.take("MatMul")[0].T, f"{name}.bias": graph.named[bias]}


def _slope(graph: _Graph, name: str) -> dict[str, Array]:
    return {f"{name}.weight": graph.take("PRelu")[0].reshape(1)}


def _block(graph: _Graph, name: str, theirs: str) -> dict[str, Array]:
    """Three convolutions and a gate; the graph's decoder has them transposed, with normalization after."""
    found: dict[str, Array] = {}
    for part in ("point1", "depth", "point2"):
        if name.startswith("encoder"):
            found |= _convolution(graph, f"{name}.{part}")
        else:
            found |= _transposed(graph, f"{name}.{part}", groups=16 if part == "depth" else 1, plain=True)
        if part != "point2":
            found |= _slope(graph, f"{name}.{part}_act")
    # Each band is seen with its two neighbors: the graph has 24 channels of one band, the block 8 of three.
    found[f"{name}.point1.weight"] = found[f"{name}.point1.weight"].reshape(16, 8, 1, 3)
    found |= _recurrent(graph, f"{name}.attention")
    return found | _linear(graph, f"{name}.gate", f"{theirs}.tra.att_fc.bias")


def _convolution(graph: _Graph, name: str) -> dict[str, Array]:
    weight, bias = graph.take("Conv")
    return {f"{name}.weight": weight, f"{name}.bias": bias}


def _transposed(graph: _Graph, name: str, groups: int = 1, plain: bool = False) -> dict[str, Array]:
    """A transposed convolution [in, out / groups, ...], normalized; ``plain`` makes it a convolution."""
    weight, bias = graph.take("ConvTranspose")
    gain, offset, mean, variance = graph.take("BatchNormalization")
    gain = gain / np.sqrt(variance + 1e-5)
    inputs, outputs, *kernel = weight.shape
    weight = weight.reshape(groups, inputs // groups, outputs, *kernel) * gain.reshape(
        groups, 1, outputs, 1, 1
    )
    if plain:
        weight = weight.swapaxes(1, 2).reshape(groups * outputs, inputs // groups, *kernel)[..., ::-1, ::-1]
    else:
        weight = weight.reshape(inputs, outputs, *kernel)
    return {f"{name}.weight": weight, f"{name}.bias": (bias - mean) * gain + offset}


def _recurrent(graph: _Graph, name: str) -> dict[str, Array]:
    """A GRU: ONNX has gates in the order update, reset, new, torch reset, update, new."""
    weight, recurrence, bias = graph.take("GRU")[:3]
    found: dict[str, Array] = {}
    for index, suffix in enumerate(("", "_reverse")[: len(weight)]):
        arrays = (weight[index], recurrence[index], *np.split(bias[index], 2))
        for kind, array in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), arrays, strict=True):
            update, reset, new = np.split(array, 3)
            found[f"{name}.{kind}_l0{suffix}"] = np.concatenate([reset, update, new])
    return found
