"""The TFLite operators that can be converted, each in ONNX's terms.

They are defined by ``tensorflow/lite/schema/schema.fbs`` and ``tensorflow/lite/kernels/reference``.
"""

from collections.abc import Callable, Mapping

import numpy as np

from exporters.errors import ExportError
from exporters.tflite import windows
from exporters.tflite.step import CHANNELS_FIRST, Step

_CHANNELS_LAST = (0, 2, 3, 1)


def _same(operator: str) -> Callable[[Step], str]:
    """An operator that is ``operator`` in ONNX; axes of one are repeated to the other input's size."""

    def convert(step: Step) -> str:
        positions = range(len(step.operator.inputs))
        shapes = [step.shape(position) for position in positions if step.is_computed(position)]
        if len({len(shape) for shape in shapes}) > 1:
            raise ExportError(f"{step.operator.name} of shapes {shapes} of several ranks cannot be converted")
        return step.activated(step.graph.node(operator, *(step.input(position) for position in positions)))

    return convert


def _prelu(step: Step) -> str:
    """``slope x + (1 - slope) relu(x)``: ONNX's own PRelu takes ONNX Runtime ten times as long."""
    slope = step.constant(1).astype(np.float32).ravel()[:, None, None]
    tensor = step.input(0)
    below = step.graph.node("Mul", tensor, step.graph.constant(slope))
    above = step.graph.node(
        "Mul", step.graph.node("Relu", tensor), step.graph.constant(np.float32(1) - slope)
    )
    return step.graph.node("Add", below, above)


def _pad(step: Step) -> str:
    """With zeros; before a convolution it becomes the convolution's own padding, and this falls away."""
    pads = step.constant(1).tolist()
    if len(pads) == 4:
        pads = [pads[axis] for axis in CHANNELS_FIRST]
    return step.graph.node(
        "Pad", step.input(0), step.graph.ints(*(before for before, _ in pads), *(after for _, after in pads))
    )


def _reshape(step: Step) -> str:
    """The order of values is that of a channels-last tensor; the first axis must stay the batch."""
    before, after = step.shape(0), step.output_shape
    if before[0] != after[0]:
        raise ExportError(f"a RESHAPE of {list(before)} to {list(after)} mixes the batch with other axes")
    tensor = step.input(0)
    if len(before) == 4:
        tensor = step.graph.node("Transpose", tensor, perm=_CHANNELS_LAST)
    tensor = step.graph.node("Reshape", tensor, step.graph.ints(-1, *after[1:]))
    return step.graph.node("Transpose", tensor, perm=CHANNELS_FIRST) if len(after) == 4 else tensor


def _concatenation(step: Step) -> str:
    rank = len(step.output_shape)
    axis = int(step.option("axis")) % rank
    inputs = (step.input(position) for position in range(len(step.operator.inputs)))
    return step.activated(
        step.graph.node("Concat", *inputs, axis=CHANNELS_FIRST.index(axis) if rank == 4 else axis)
    )


def _depth_to_space(step: Step) -> str:
    return step.graph.node("DepthToSpace", step.input(0), blocksize=int(step.option("blockSize")), mode="DCR")


OPERATORS: Mapping[str, Callable[[Step], str]] = {
    "ADD": _same("Add"),
    "AVERAGE_POOL_2D": windows.average_pooling,
    "CONCATENATION": _concatenation,
    "CONV_2D": windows.convolution,
    "Convolution2DTransposeBias": windows.transpose_convolution_bias,
    "DEPTHWISE_CONV_2D": windows.depthwise_convolution,
    "DEPTH_TO_SPACE": _depth_to_space,
    "HARD_SWISH": _same("HardSwish"),
    "LOGISTIC": _same("Sigmoid"),
    "MAX_POOL_2D": windows.max_pooling,
    "MEAN": windows.mean,
    "MUL": _same("Mul"),
    "PAD": _pad,
    "PRELU": _prelu,
    "RELU": _same("Relu"),
    "RELU6": lambda step: step.relu6(step.input(0)),
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": windows.resize_bilinear,
    "TRANSPOSE_CONV": windows.transpose_convolution,
}
"""By TFLite's name, or the name a custom operator was given: what writes it and returns its output."""
