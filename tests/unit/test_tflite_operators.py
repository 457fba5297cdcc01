"""TFLite's operators converted to ONNX: each must say what LiteRT says."""

import struct
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.schema_py_generated import (
    ActivationFunctionType,
    AddOptionsT,
    ConcatenationOptionsT,
    DepthToSpaceOptionsT,
    DepthwiseConv2DOptionsT,
    Padding,
    Pool2DOptionsT,
    ReducerOptionsT,
    ResizeBilinearOptionsT,
    TransposeConvOptionsT,
)

from exporters.onnx_tools import Array
from tests.unit.tiny_tflite import File, agree, convolution, operators, random

RELU6 = ActivationFunctionType.RELU6


@pytest.mark.parametrize("size", [(8, 8), (7, 10)])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 5)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_puts_the_odd_pixel_last(
    size: tuple[int, int], kernel: tuple[int, int], stride: int, tmp_path: Path
) -> None:
    file = File(1, *size, 3)
    shape = (1, -(-size[0] // stride), -(-size[1] // stride), 4)
    out = file.step(
        "CONV_2D",
        [0, file.constant(random(4, *kernel, 3)), file.constant(random(4))],
        shape,
        convolution(Padding.SAME, stride, activation=RELU6),
    )
    agree(file.content(out), tmp_path)


def test_dilated_convolutions(tmp_path: Path) -> None:
    file = File(1, 9, 9, 2)
    inputs = [0, file.constant(random(4, 3, 3, 2)), file.constant(random(4))]
    same = file.step("CONV_2D", inputs, (1, 9, 9, 4), convolution(Padding.SAME, dilation=2))
    valid = file.step("CONV_2D", inputs, (1, 5, 5, 4), convolution(dilation=2))
    agree(file.content(same, valid), tmp_path)


@pytest.mark.parametrize("multiplier", [1, 3])
def test_a_depthwise_convolution(multiplier: int, tmp_path: Path) -> None:
    file = File(1, 6, 7, 4)
    weights, bias = file.constant(random(1, 3, 3, 4 * multiplier)), file.constant(random(4 * multiplier))
    options = DepthwiseConv2DOptionsT(Padding.SAME, 2, 2, multiplier)
    out = file.step("DEPTHWISE_CONV_2D", [0, weights, bias], (1, 3, 4, 4 * multiplier), options)
    agree(file.content(out), tmp_path)


def pads(*pairs: tuple[int, int]) -> Array:
    return np.array(pairs, np.int32)


def test_padding_before_a_convolution_becomes_its_own(tmp_path: Path) -> None:
    file = File(1, 8, 8, 3)
    around = file.step("PAD", [0, file.constant(pads((0, 0), (1, 2), (0, 1), (0, 0)))], (1, 11, 9, 3))
    weights, bias = file.constant(random(4, 3, 3, 3)), file.constant(random(4))
    out = file.step("CONV_2D", [around, weights, bias], (1, 5, 4, 4), convolution(stride=2))
    content = file.content(out)
    agree(content, tmp_path)
    assert operators(content) == ["Conv", "Identity"]


def test_padding_stays_where_it_cannot_be_a_convolutions(tmp_path: Path) -> None:
    file = File(1, 8, 8, 3)
    around = file.step("PAD", [0, file.constant(pads((0, 0), (1, 1), (1, 1), (0, 0)))], (1, 10, 10, 3))
    weights, bias = file.constant(random(4, 3, 3, 3)), file.constant(random(4))
    same = file.step("CONV_2D", [around, weights, bias], (1, 10, 10, 4), convolution(Padding.SAME))
    pool = Pool2DOptionsT(Padding.VALID, 2, 2, 2, 2)
    highest = file.step("MAX_POOL_2D", [around], (1, 5, 5, 3), pool)
    agree(file.content(same, highest), tmp_path)


def test_channels_are_padded_for_a_residual(tmp_path: Path) -> None:
    file = File(1, 8, 8, 3)
    smaller = file.step("MAX_POOL_2D", [0], (1, 4, 4, 3), Pool2DOptionsT(Padding.VALID, 2, 2, 2, 2))
    wider = file.step("PAD", [smaller, file.constant(pads((0, 0), (0, 0), (0, 0), (1, 2)))], (1, 4, 4, 6))
    weights, bias = file.constant(random(6, 3, 3, 3)), file.constant(random(6))
    seen = file.step("CONV_2D", [0, weights, bias], (1, 4, 4, 6), convolution(Padding.SAME, 2))
    out = file.step("ADD", [wider, seen], (1, 4, 4, 6), AddOptionsT(ActivationFunctionType.RELU))
    agree(file.content(out), tmp_path)


@pytest.mark.parametrize("operator", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
def test_padding_of_a_pooling_neither_wins_nor_counts(operator: str, tmp_path: Path) -> None:
    file = File(1, 7, 8, 3)
    out = file.step(operator, [0], (1, 4, 4, 3), Pool2DOptionsT(Padding.SAME, 2, 2, 3, 3))
    agree(file.content(out), tmp_path)


def test_the_mean_of_a_picture_weighs_its_channels(tmp_path: Path) -> None:
    file = File(1, 6, 8, 4)
    pooled = file.step("AVERAGE_POOL_2D", [0], (1, 1, 1, 4), Pool2DOptionsT(Padding.VALID, 8, 6, 8, 6))
    mean = file.step(
        "MEAN", [0, file.constant(np.array([1, 2], np.int32))], (1, 1, 1, 4), ReducerOptionsT(keepDims=True)
    )
    gate = file.step(
        "LOGISTIC", [file.step("ADD", [pooled, mean], (1, 1, 1, 4), AddOptionsT())], (1, 1, 1, 4)
    )
    content = file.content(file.step("MUL", [0, gate], (1, 6, 8, 4)))
    agree(content, tmp_path)
    assert operators(content).count("GlobalAveragePool") == 2


@pytest.mark.parametrize("activation", ["RELU", "RELU6", "LOGISTIC", "HARD_SWISH"])
def test_activations(activation: str, tmp_path: Path) -> None:
    file = File(1, 8, 8, 4)
    scaled = file.step("MUL", [0, file.constant(np.full((1, 1, 1, 1), 5, np.float32))], (1, 8, 8, 4))
    agree(file.content(file.step(activation, [scaled], (1, 8, 8, 4))), tmp_path)


def test_a_vector_is_added_to_channels(tmp_path: Path) -> None:
    file = File(1, 4, 4, 4)
    added = file.step("ADD", [0, file.constant(random(4))], (1, 4, 4, 4), AddOptionsT())
    flat = file.step("RESHAPE", [added, file.constant(np.array([1, 16, 4], np.int32))], (1, 16, 4))
    agree(file.content(added, file.step("MUL", [flat, file.constant(random(4))], (1, 16, 4))), tmp_path)


def test_slopes_of_any_sign_and_size(tmp_path: Path) -> None:
    file = File(1, 8, 8, 4)
    slopes = np.array([-1.6, 0, 0.25, 1.4], np.float32).reshape(1, 1, 4)
    agree(file.content(file.step("PRELU", [0, file.constant(slopes)], (1, 8, 8, 4))), tmp_path)


@pytest.mark.parametrize("corners", [{"alignCorners": True}, {"halfPixelCenters": True}, {}])
@pytest.mark.parametrize("size", [(8, 10), (7, 12)])
def test_resizing(corners: dict[str, bool], size: tuple[int, int], tmp_path: Path) -> None:
    file = File(1, 4, 5, 3)
    wanted = file.constant(np.array(size, np.int32))
    out = file.step("RESIZE_BILINEAR", [0, wanted], (1, *size, 3), ResizeBilinearOptionsT(**corners))
    agree(file.content(out), tmp_path)


def test_a_1x1_convolution_goes_before_the_resizing(tmp_path: Path) -> None:
    file = File(1, 4, 4, 3)
    wanted = file.constant(np.array([8, 8], np.int32))
    large = file.step(
        "RESIZE_BILINEAR", [0, wanted], (1, 8, 8, 3), ResizeBilinearOptionsT(halfPixelCenters=True)
    )
    weights, bias = file.constant(random(2, 1, 1, 3)), file.constant(random(2))
    out = file.step("CONV_2D", [large, weights, bias], (1, 8, 8, 2), convolution(activation=RELU6))
    content = file.content(out)
    agree(content, tmp_path)
    assert operators(content) == ["Conv", "Resize", "Clip", "Identity"]


@pytest.mark.parametrize(
    ("padding", "kernel", "size"),
    [
        (Padding.SAME, 2, 8),
        (Padding.SAME, 3, 8),
        (Padding.SAME, 4, 7),
        (Padding.VALID, 3, 9),
        (Padding.VALID, 1, 8),
    ],
)
def test_a_transposed_convolution(padding: int, kernel: int, size: int, tmp_path: Path) -> None:
    file = File(1, 4, 4, 3)
    shape = (1, size, size, 2)
    inputs = [file.constant(np.array(shape, np.int32)), file.constant(random(2, kernel, kernel, 3)), 0]
    options = TransposeConvOptionsT(padding, 2, 2)
    with_bias = file.step("TRANSPOSE_CONV", [*inputs, file.constant(random(2))], shape, options)
    without = file.step("TRANSPOSE_CONV", inputs, shape, options)
    agree(file.content(with_bias, without), tmp_path)


def test_mediapipes_own_transposed_convolution(tmp_path: Path) -> None:
    file = File(1, 4, 6, 3)
    inputs = [0, file.constant(random(2, 3, 3, 3)), file.constant(random(2))]
    parameters = struct.pack("<3i", 1, 3, 2)  # SAME, 3 across, 2 down
    out = file.custom("Convolution2DTransposeBias", inputs, (1, 8, 18, 2), parameters)
    agree(file.content(out), tmp_path)


def test_two_heads_are_joined_in_the_order_of_channels_last(tmp_path: Path) -> None:
    file = File(1, 4, 4, 3)
    weights, bias = file.constant(random(6, 3, 3, 3)), file.constant(random(6))
    coarse = file.step("CONV_2D", [0, weights, bias], (1, 2, 2, 6), convolution(Padding.SAME, 2))
    both = file.step("CONCATENATION", [0, 0], (1, 4, 4, 6), ConcatenationOptionsT(axis=-1))
    heads = [
        file.step("RESHAPE", [fine, _shape(file, n)], (1, n, 3)) for fine, n in ((coarse, 8), (both, 32))
    ]
    joined = file.step("CONCATENATION", heads, (1, 40, 3), ConcatenationOptionsT(axis=1))
    again = file.step("RESHAPE", [joined, file.constant(np.array([1, 4, 10, 3], np.int32))], (1, 4, 10, 3))
    agree(file.content(joined, again), tmp_path)


def _shape(file: File, rows: int) -> int:
    return file.constant(np.array([1, rows, 3], np.int32))


def test_depth_becomes_space(tmp_path: Path) -> None:
    file = File(1, 3, 4, 12)
    agree(file.content(file.step("DEPTH_TO_SPACE", [0], (1, 6, 8, 3), DepthToSpaceOptionsT(2))), tmp_path)
