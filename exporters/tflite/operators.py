"""The TFLite operators that can be converted, each in ONNX's terms.

They are defined by ``tensorflow/lite/schema/schema.fbs`` and ``tensorflow/lite/kernels/reference``.
"""

from collections.abc import Callable, Mapping

from exporters.errors import ExportError
from exporters.tflite import windows
from exporters.tflite.step import Step

_AXES_CHANNELS_FIRST = (0, 2, 3, 1)
"""Where an axis of a channels-last tensor of four is in a channels-first one."""


def _plain(operator: str) -> Callable[[Step], str]:
    """An operator of one tensor that is the same in ONNX."""
    return lambda step: step.activated(step.graph.node(operator, step.input(0)))


def _of_two(operator: str) -> Callable[[Step], str]:
    """An operator of two tensors, the smaller repeated along the other's axes."""

    def convert(step: Step) -> str:
        return step.activated(step.graph.node(operator, step.input(0), step.input(1)))

    return convert


def _relu6(step: Step) -> str:
    return step.graph.node("Clip", step.input(0), step.graph.scalar(0), step.graph.scalar(6))


def _prelu(step: Step) -> str:
    return step.graph.node("PRelu", step.input(0), step.input(1))


def _pad(step: Step) -> str:
    """With zeros; before a convolution it becomes the convolution's own padding, and this falls away."""
    pads = step.constant(1).tolist()
    if len(pads) == 4:
        pads = [pads[axis] for axis in (0, 3, 1, 2)]
    return step.graph.node(
        "Pad", step.input(0), step.graph.ints(*(before for before, _ in pads), *(after for _, after in pads))
    )


def _resize_bilinear(step: Step) -> str:
    if step.option("alignCorners"):
        mode = "align_corners"
    else:
        mode = "half_pixel" if step.option("halfPixelCenters") else "asymmetric"
    scales = [1.0, 1.0, *(wanted / size for wanted, size in zip(step.output_shape[1:3], step.shape(0)[1:3], strict=True))]
    return step.graph.node(
        "Resize", step.input(0), "", step.graph.floats(*scales), mode="linear", coordinate_transformation_mode=mode
    )


def _reshape(step: Step) -> str:
    """The order of values is that of a channels-last tensor; the first axis must stay the batch."""
    before, after = step.shape(0), step.output_shape
    if before[0] != after[0]:
        raise ExportError(f"a RESHAPE of {list(before)} to {list(after)} mixes the batch with other axes")
    tensor = step.input(0)
    if len(before) == 4:
        tensor = step.graph.node("Transpose", tensor, perm=[0, 2, 3, 1])
    tensor = step.graph.node("Reshape", tensor, step.graph.ints(-1, *after[1:]))
    return step.graph.node("Transpose", tensor, perm=[0, 3, 1, 2]) if len(after) == 4 else tensor


def _concatenation(step: Step) -> str:
    rank = len(step.output_shape)
    axis = int(step.option("axis")) % rank
    inputs = [step.input(position) for position in range(len(step.operator.inputs))]
    axis = _AXES_CHANNELS_FIRST[axis] if rank == 4 else axis
    return step.activated(step.graph.node("Concat", *inputs, axis=axis))


def _depth_to_space(step: Step) -> str:
    return step.graph.node("DepthToSpace", step.input(0), blocksize=int(step.option("blockSize")), mode="DCR")


OPERATORS: Mapping[str, Callable[[Step], str]] = {
    "ADD": _of_two("Add"),
    "AVERAGE_POOL_2D": windows.average_pooling,
    "CONCATENATION": _concatenation,
    "CONV_2D": windows.convolution,
    "Convolution2DTransposeBias": windows.transpose_convolution_bias,
    "DEPTHWISE_CONV_2D": windows.depthwise_convolution,
    "DEPTH_TO_SPACE": _depth_to_space,
    "HARD_SWISH": _plain("HardSwish"),
    "LOGISTIC": _plain("Sigmoid"),
    "MAX_POOL_2D": windows.max_pooling,
    "MEAN": windows.mean,
    "MUL": _of_two("Mul"),
    "PAD": _pad,
    "PRELU": _prelu,
    "RELU": _plain("Relu"),
    "RELU6": _relu6,
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize_bilinear,
    "TRANSPOSE_CONV": windows.transpose_convolution,
}
"""By TFLite's name, or the name a custom operator was given: what writes it and returns its output."""
