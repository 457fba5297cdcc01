"""What a TFLite file keeps its weights in, and what is refused by name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.schema_py_generated import (
    ActivationFunctionType,
    DimensionMetadataT,
    DimensionType,
    Int32VectorT,
    Padding,
    ReducerOptionsT,
    SparseIndexVector,
    SparsityParametersT,
)

from exporters.errors import ExportError
from exporters.tflite.flatbuffer import parse
from tests.unit.tiny_tflite import File, agree, converted, convolution, operators, random


def test_weights_in_half_precision_become_constants(tmp_path: Path) -> None:
    file = File(1, 6, 6, 3)
    halves = file.constant(random(4, 3, 3, 3).astype(np.float16))
    weights = file.step("DEQUANTIZE", [halves], (4, 3, 3, 3))
    out = file.step(
        "CONV_2D", [0, weights, file.constant(random(4))], (1, 6, 6, 4), convolution(Padding.SAME)
    )
    content = file.content(out)
    agree(content, tmp_path)
    assert operators(content) == ["Conv", "Identity"]


def vector(*values: int) -> Int32VectorT:
    return Int32VectorT(list(values))


def dense(size: int) -> DimensionMetadataT:
    return DimensionMetadataT(DimensionType.DENSE, size)


def compressed(segments: Int32VectorT, indices: Int32VectorT) -> DimensionMetadataT:
    kind = SparseIndexVector.Int32Vector
    return DimensionMetadataT(DimensionType.SPARSE_CSR, 0, kind, segments, kind, indices)


def test_sparse_weights_are_filled_up(tmp_path: Path) -> None:
    """[3, 1, 1, 4], compressed along the last axis: rows keep the columns 1 and 3, none, and 0."""
    file = File(1, 5, 5, 4)
    sparsity = SparsityParametersT(
        [0, 1, 2, 3], [], [dense(3), dense(1), dense(1), compressed(vector(0, 2, 2, 3), vector(1, 3, 0))]
    )
    values = np.array([1, 2, 3], np.float32)
    weights = file.step("DENSIFY", [file.constant(values, (3, 1, 1, 4), sparsity)], (3, 1, 1, 4))
    content = file.content(
        file.step("CONV_2D", [0, weights, file.constant(random(3))], (1, 5, 5, 3), convolution())
    )
    agree(content, tmp_path)
    expected = [[0, 1, 0, 2], [0, 0, 0, 0], [3, 0, 0, 0]]
    np.testing.assert_array_equal(parse(content).constants[weights].reshape(3, 4), expected)


def test_blocks_of_sparse_weights_are_put_in_their_places(tmp_path: Path) -> None:
    """[4, 1, 1, 4] in blocks of 2 along the first axis: the upper has column 1, the lower columns 0 and 2."""
    file = File(1, 5, 5, 4)
    sparsity = SparsityParametersT(
        [0, 1, 2, 3, 4],
        [0],
        [dense(2), dense(1), dense(1), compressed(vector(0, 1, 3), vector(1, 0, 2)), dense(2)],
    )
    values = np.arange(1, 7, dtype=np.float32)
    weights = file.step("DENSIFY", [file.constant(values, (4, 1, 1, 4), sparsity)], (4, 1, 1, 4))
    content = file.content(
        file.step("CONV_2D", [0, weights, file.constant(random(4))], (1, 5, 5, 4), convolution())
    )
    agree(content, tmp_path)
    expected = [[0, 1, 0, 0], [0, 2, 0, 0], [3, 0, 5, 0], [4, 0, 6, 0]]
    np.testing.assert_array_equal(parse(content).constants[weights].reshape(4, 4), expected)


def test_operators_that_are_not_known_are_named() -> None:
    file = File(1, 4, 4, 3)
    content = file.content(file.custom("MaxUnpooling2D", [file.step("COS", [0], (1, 4, 4, 3))], (1, 4, 4, 3)))
    with pytest.raises(ExportError, match=r"cannot be converted: COS, MaxUnpooling2D$"):
        converted(content)


def convolution_with_tanh(file: File) -> int:
    inputs = [0, file.constant(random(4, 3, 3, 3)), file.constant(random(4))]
    return file.step("CONV_2D", inputs, (1, 2, 2, 4), convolution(activation=ActivationFunctionType.TANH))


def mixed_batch(file: File) -> int:
    return file.step("RESHAPE", [0, file.constant(np.array([4, 12], np.int32))], (4, 12))


def mean_of_rows(file: File) -> int:
    return file.step("MEAN", [0, file.constant(np.array([1], np.int32))], (1, 4, 3), ReducerOptionsT())


def computed_weights(file: File) -> int:
    weights = file.step("RELU", [0], (1, 4, 4, 3))
    return file.step("CONV_2D", [0, weights, file.constant(random(1))], (1, 1, 1, 1), convolution())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (convolution_with_tanh, "a CONV_2D with the fused activation TANH"),
        (mixed_batch, r"RESHAPE of \[1, 4, 4, 3\] to \[4, 12\] mixes the batch"),
        (mean_of_rows, r"MEAN over axes \[1\]"),
        (computed_weights, "input 1 of a CONV_2D is computed, not a constant"),
    ],
)
def test_what_is_known_in_part_is_refused(make: Callable[[File], int], message: str) -> None:
    file = File(1, 4, 4, 3)
    content = file.content(make(file))
    with pytest.raises(ExportError, match=message):
        converted(content)


def test_another_file_is_refused() -> None:
    with pytest.raises(ExportError, match=r"is not a TensorFlow Lite file: it lacks the identifier TFL3"):
        parse(b"\0" * 100)
    with pytest.raises(ExportError, match=r"is not a TensorFlow Lite file"):
        parse(b"")
