"""Dynamic int8 of the weights' matrix products, one scale per row of activations and per column of weights.

ONNX Runtime's own dynamic quantization takes one scale for a whole activation tensor. Then a request's result
depends on its batch-mates, and one outlier costs every token its precision. With a scale per row neither is
so, and integer products are exact, so a row comes out the same to the last bit in any batch, on any CPU.
Activations are uint8 around 128, weights symmetric int8: the pairing that the VNNI and AMX kernels multiply
fastest (signed activations ran 7 times slower). Weights use 7 of the 8 bits: CPUs with AVX2 alone add two
products in 16 bits (vpmaddubsw), which 255 x 127 twice overflow and 255 x 63 twice do not. On such a CPU
Whisper base in 8 bits misheard twice as many English words; in 7 bits as many as in fp32.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

_LEVELS = 127
"""Of an activation, either side of the zero point."""
_WEIGHT_LEVELS = 63
_ZERO_POINT = 128
_SMALLEST_SCALE = 1e-9
"""Keeps a row of zeros from dividing by zero."""
_SHARED: dict[str, NDArray[np.generic]] = {
    "int8/per_level": np.array([1 / _LEVELS], np.float32),
    "int8/smallest": np.array([_SMALLEST_SCALE], np.float32),
    "int8/one": np.array(1.0, np.float32),
    "int8/zero_point": np.array(_ZERO_POINT, np.uint8),
    "int8/columns": np.array([1], np.int64),
}


def quantize(source: Path, target: Path) -> Path:
    """Write `source` to `target` with every product of a matrix [M, K] and constant weights [K, N] in int8.

    Products of two activations (attention) stay float32. Needs com.microsoft's MatMulIntegerToFloat to run.
    """
    model = onnx.load(str(source))
    graph = model.graph
    weights = {weight.name: weight for weight in graph.initializer}
    nodes: list[NodeProto] = []
    added = [numpy_helper.from_array(array, name) for name, array in _SHARED.items()]
    for node in graph.node:
        product = _product(node, weights)
        if product is None:
            nodes.append(node)
            continue
        matrix, bias = product
        scale = np.maximum(np.abs(matrix).max(0) / _WEIGHT_LEVELS, 1e-12).astype(np.float32)
        name = f"int8/{node.output[0]}"
        levels = np.clip(np.rint(matrix / scale), -_WEIGHT_LEVELS, _WEIGHT_LEVELS).astype(np.int8)
        added += [
            numpy_helper.from_array(levels, f"{name}/w"),
            numpy_helper.from_array(scale, f"{name}/w_scale"),
        ]
        nodes += _replacement(name, node, bias)
    used = {tensor for node in nodes for tensor in node.input}
    result = helper.make_model(
        helper.make_graph(
            nodes,
            graph.name,
            graph.input,
            graph.output,
            [weight for weight in graph.initializer if weight.name in used] + added,
        ),
        opset_imports=[*model.opset_import, helper.make_opsetid("com.microsoft", 1)],
        ir_version=model.ir_version,
    )
    onnx.save(result, str(target))
    return target


def _product(node: NodeProto, weights: dict[str, TensorProto]) -> tuple[NDArray[np.float32], str] | None:
    """The constant matrix [K, N] and the name of the bias ("" for none) of a node that multiplies by one."""
    if node.op_type not in ("MatMul", "Gemm") or node.input[1] not in weights:
        return None
    matrix = numpy_helper.to_array(weights[node.input[1]])
    if node.op_type == "MatMul":
        return (matrix, "") if matrix.ndim == 2 else None
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    if attributes.get("transA") or attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
        return None
    return matrix.T if attributes.get("transB") else matrix, node.input[2] if len(node.input) > 2 else ""


def _replacement(name: str, node: NodeProto, bias: str) -> Iterator[NodeProto]:
    """Scale each row of the input to uint8, multiply integers, scale back, add the bias."""
    x, output = node.input[0], node.output[0]

    def make(
        operator: str,
        inputs: list[str],
        result: str,
        domain: str = "",
        **attributes: int | list[int] | TensorProto,
    ) -> NodeProto:
        return helper.make_node(operator, inputs, [result], None, None, domain, None, **attributes)

    yield make("Abs", [x], f"{name}/abs")
    yield make("ReduceMax", [f"{name}/abs"], f"{name}/max", axes=[1], keepdims=1)
    yield make("Mul", [f"{name}/max", "int8/per_level"], f"{name}/step")
    yield make("Max", [f"{name}/step", "int8/smallest"], f"{name}/scale")
    yield make("Squeeze", [f"{name}/scale", "int8/columns"], f"{name}/scales")
    yield make("Shape", [f"{name}/scales"], f"{name}/rows")
    middle = helper.make_tensor("zero_point", TensorProto.UINT8, [1], [_ZERO_POINT])
    yield make("ConstantOfShape", [f"{name}/rows"], f"{name}/zero_points", value=middle)
    quantized = [x, f"{name}/scales", f"{name}/zero_points"]
    yield make("QuantizeLinear", quantized, f"{name}/x", axis=0)
    product = [f"{name}/x", f"{name}/w", "int8/one", f"{name}/w_scale", "int8/zero_point"]
    yield make("MatMulIntegerToFloat", product, f"{name}/y", domain="com.microsoft")
    yield make("Mul", [f"{name}/y", f"{name}/scale"], f"{name}/scaled" if bias else output)
    if bias:
        yield make("Add", [f"{name}/scaled", bias], output)
