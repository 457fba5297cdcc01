"""What works on windows of height and width: convolutions, poolings, resizing."""

import struct

from exporters.errors import ExportError
from exporters.onnx_tools import Array
from exporters.tflite.step import NO_PADS, Pads, Pair, Step, onnx_pads, same_pads


def convolution(step: Step) -> str:
    """CONV_2D: weights [out, height, width, in / groups]."""
    weights = step.constant(1)
    return _convolution(step, weights.transpose(0, 3, 1, 2), step.shape(0)[3] // weights.shape[3])


def depthwise_convolution(step: Step) -> str:
    """DEPTHWISE_CONV_2D: weights [1, height, width, in x multiplier]."""
    return _convolution(step, step.constant(1).transpose(3, 0, 1, 2), step.shape(0)[3])


def _convolution(step: Step, weights: Array, groups: int) -> str:
    """A PAD before it becomes its own padding, and a 1x1 goes before a resizing, where pixels are fewer.

    The latter changes no value: what a resizing makes is a mean of pixels, and a 1x1 is linear.
    """
    kernel = weights.shape[2], weights.shape[3]
    before = step.maker(0)
    if before is not None and before.operator.name == "PAD" and not step.is_same:
        batch, rows, columns, channels = before.constant(1).tolist()
        if batch == channels == [0, 0]:
            pads = (rows[0], rows[1]), (columns[0], columns[1])
            return step.activated(_conv(step, before.input(0), weights, groups, pads))
    if before is not None and before.operator.name == "RESIZE_BILINEAR" and kernel == step.strides == (1, 1):
        small = _conv(step, before.input(0), weights, groups, NO_PADS)
        return step.activated(resized(before, small))
    return step.activated(_conv(step, step.input(0), weights, groups, _pads(step, kernel)))


def _conv(step: Step, tensor: str, weights: Array, groups: int, pads: Pads) -> str:
    return step.graph.node(
        "Conv",
        tensor,
        step.graph.constant(weights),
        *step.bias(2),
        kernel_shape=weights.shape[2:],
        strides=step.strides,
        pads=onnx_pads(pads),
        dilations=step.dilations,
        group=groups,
    )


def transpose_convolution(step: Step) -> str:
    """TRANSPOSE_CONV: inputs are the shape of the output, weights, tensor, bias."""
    return step.activated(_transposed(step, 2, 3, step.strides, step.is_same))


def transpose_convolution_bias(step: Step) -> str:
    """MediaPipe's own, from when TFLite's had no bias: inputs are tensor, weights, bias.

    Its parameters are C's ``TfLiteTransposeConvParams``: padding (1 is SAME), stride across, stride down.
    """
    padding, across, down = struct.unpack("<3i", step.operator.custom)
    return _transposed(step, 0, 2, (down, across), padding == 1)


def _transposed(step: Step, tensor: int, bias: int, strides: Pair, same: bool) -> str:
    """The padding is that of the convolution which would make the tensor out of the output."""
    weights = step.constant(1)
    kernel = weights.shape[1], weights.shape[2]
    sizes, wanted = step.shape(tensor)[1:3], step.output_shape[1:3]
    rows, columns = (
        same_pads(wanted[axis], kernel[axis], strides[axis]) if same else (0, 0) for axis in (0, 1)
    )
    reached = [
        (sizes[axis] - 1) * strides[axis] + kernel[axis] - sum(pads)
        for axis, pads in enumerate((rows, columns))
    ]
    return step.graph.node(
        "ConvTranspose",
        step.input(tensor),
        step.graph.constant(weights.transpose(3, 0, 1, 2)),
        *step.bias(bias),
        kernel_shape=kernel,
        strides=strides,
        pads=onnx_pads((rows, columns)),
        output_padding=[wanted[axis] - reached[axis] for axis in (0, 1)],
    )


def max_pooling(step: Step) -> str:
    """MAX_POOL_2D: what is padded never wins, in TFLite and in ONNX."""
    return _pooling(step, "MaxPool")


def average_pooling(step: Step) -> str:
    """AVERAGE_POOL_2D: what is padded does not count; one window over everything is a global pooling."""
    if _window(step) == step.shape(0)[1:3] and not step.is_same:
        return step.activated(step.graph.node("GlobalAveragePool", step.input(0)))
    return _pooling(step, "AveragePool")


def _pooling(step: Step, operator: str) -> str:
    kernel = _window(step)
    found = step.graph.node(
        operator,
        step.input(0),
        kernel_shape=kernel,
        strides=step.strides,
        pads=onnx_pads(_pads(step, kernel)),
    )
    return step.activated(found)


def _window(step: Step) -> Pair:
    return int(step.option("filterHeight")), int(step.option("filterWidth"))


def _pads(step: Step, kernel: Pair) -> Pads:
    if not step.is_same:
        return NO_PADS
    rows, columns = (
        same_pads(size, (window - 1) * dilation + 1, stride)
        for size, window, dilation, stride in zip(
            step.shape(0)[1:3], kernel, step.dilations, step.strides, strict=True
        )
    )
    return rows, columns


def mean(step: Step) -> str:
    """MEAN over height and width, which are kept as axes of one."""
    axes = sorted(step.constant(1).ravel().tolist())
    if axes != [1, 2] or not step.option("keepDims"):
        raise ExportError(
            f"a MEAN over axes {axes} cannot be converted, only one over 1 and 2 that keeps them"
        )
    return step.graph.node("GlobalAveragePool", step.input(0))


def resize_bilinear(step: Step) -> str:
    """RESIZE_BILINEAR by fixed factors."""
    return resized(step, step.input(0))


def resized(step: Step, tensor: str) -> str:
    """``tensor`` resized as the RESIZE_BILINEAR ``step`` does it."""
    if step.option("alignCorners"):
        mode = "align_corners"
    else:
        mode = "half_pixel" if step.option("halfPixelCenters") else "asymmetric"
    factors = (new / old for new, old in zip(step.output_shape[1:3], step.shape(0)[1:3], strict=True))
    scales = step.graph.floats(1, 1, *factors)
    return step.graph.node("Resize", tensor, "", scales, mode="linear", coordinate_transformation_mode=mode)
