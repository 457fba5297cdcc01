"""`exporters.whisper.quantize`: row-wise int8, close to float32 and the same in any batch."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from exporters.onnx_tools import Graph
from exporters.whisper.quantize import quantize

Floats = NDArray[np.float32]
IN, OUT = 128, 48


def matrix(rows: int, columns: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


def save(path: Path, operator: str, *, transposed: bool = False, weight: Floats | None = None) -> Path:
    """y = x W (+ b), by MatMul or Gemm."""
    if weight is None:
        weight = matrix(OUT, IN, 1) if transposed else matrix(IN, OUT, 1)
    inputs = ["x", "w", "b"] if operator == "Gemm" else ["x", "w"]
    product = helper.make_node(operator, inputs, ["y"])
    if transposed:
        product.attribute.append(helper.make_attribute("transB", 1))
    graph = helper.make_graph(
        [product],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", IN])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", OUT])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(matrix(1, OUT, 2)[0], "b")][
            : len(inputs) - 1
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.fixture(params=["MatMul", "Gemm", "Gemm transposed"])
def graphs(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Graph, Graph]:
    """The same product in float32 and in int8."""
    operator, _, transposed = request.param.partition(" ")
    source = save(tmp_path / "fp32.onnx", operator, transposed=bool(transposed))
    return Graph(source), Graph(quantize(source, tmp_path / "int8.onnx"))


def test_the_error_is_small_whatever_the_rows_size(graphs: tuple[Graph, Graph]) -> None:
    rows = matrix(32, IN, 3) * np.logspace(-4, 4, 32, dtype=np.float32)[:, None]
    exact, close = (graph(x=rows)[0] for graph in graphs)
    spread = np.abs(rows).max(1, keepdims=True) * np.sqrt(IN)
    assert np.abs(exact - close).max() > 0
    assert float((np.abs(exact - close) / spread).max()) < 0.025  # 7 bits of weights round to 1 in 126


def test_a_row_is_the_same_to_the_last_bit_in_any_batch(graphs: tuple[Graph, Graph]) -> None:
    _, int8 = graphs
    rows = matrix(33, IN, 4)
    rows[7] *= 1e6  # an outlier that a scale for all rows would have spread to everyone
    together = int8(x=rows)[0]
    for size in (1, 2, 3, 16):
        for start in range(0, 33 - size, size):
            assert np.array_equal(int8(x=rows[start : start + size])[0], together[start : start + size])


def test_a_row_of_zeros_is_exact_and_no_rows_are_none(graphs: tuple[Graph, Graph]) -> None:
    for rows in (np.zeros((3, IN), np.float32), np.zeros((0, IN), np.float32)):
        exact, close = (graph(x=rows)[0] for graph in graphs)
        assert np.array_equal(exact, close)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_sums_overflow_on_no_cpu(sign: int, tmp_path: Path) -> None:
    source = save(tmp_path / "fp32.onnx", "MatMul", weight=np.full((IN, OUT), sign, np.float32))
    target = quantize(source, tmp_path / "int8.onnx")
    assert Graph(target)(x=np.ones((1, IN), np.float32))[0] == pytest.approx(sign * IN, rel=1e-5)
    weights = [numpy_helper.to_array(each) for each in onnx.load(target).graph.initializer]
    largest = max(np.abs(each.astype(int)).max() for each in weights if each.dtype == np.int8)
    assert 2 * 255 * largest < 2**15  # what AVX2 adds two products in


def test_weights_shrink_to_a_quarter_and_products_of_activations_stay(tmp_path: Path) -> None:
    wide = matrix(256, 512, 5)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["h"]),
            helper.make_node("Transpose", ["h"], ["t"], perm=[1, 0]),
            helper.make_node("MatMul", ["h", "t"], ["y"]),
        ],
        "attention",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 256])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", "rows"])],
        [numpy_helper.from_array(wide, "w")],
    )
    source, target = tmp_path / "fp32.onnx", tmp_path / "int8.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), source)
    quantize(source, target)
    assert target.stat().st_size < 0.3 * source.stat().st_size
    operators = [node.op_type for node in onnx.load(target).graph.node]
    assert operators.count("MatMulIntegerToFloat") == operators.count("MatMul") == 1
