"""Released ONNX graphs as torch modules: what ONNX Runtime says of the same graph counts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from exporters.errors import ExportError
from exporters.onnx_module import OnnxModule
from exporters.onnx_tools import Floats, Graph

WINDOW = {"kernel_shape": [3, 3], "strides": [2, 2]}


def write(
    path: Path, operator: str, arrays: Sequence[Floats] = (), attributes: Mapping[str, object] | None = None
) -> Path:
    """A graph of one operator over ``x`` [1,C,H,W] and constant arrays, opset 9 like the released ones."""
    names = [f"constant{number}" for number in range(len(arrays))]
    node = helper.make_node(operator, ["x", *names], ["y"])
    node.attribute.extend(helper.make_attribute(name, value) for name, value in (attributes or {}).items())
    shape = ["n", "c", "h", "w"]
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in zip(names, arrays, strict=True)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4), str(path))
    return path


def noise(*shape: int) -> Floats:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("side", [7, 8, 11, 12])
@pytest.mark.parametrize("pads", [[0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]])
@pytest.mark.parametrize("operator", ["Conv", "MaxPool"])
def test_padding_is_onnx_s_on_every_side(tmp_path: Path, operator: str, pads: list[int], side: int) -> None:
    arrays = (noise(5, 3, 3, 3), noise(5)) if operator == "Conv" else ()
    path = write(tmp_path / "graph.onnx", operator, arrays, {**WINDOW, "pads": pads})
    x = noise(2, 3, side, side) - 3  # all below zero: padding with zeros would be the largest
    (found,) = OnnxModule(path)(torch.from_numpy(x))
    np.testing.assert_allclose(found.numpy(), Graph(path)(x=x)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("operator", "arrays", "attributes"),
    [
        ("ConvTranspose", (noise(3, 4, 2, 2),), {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("BatchNormalization", tuple(np.abs(noise(3)) + n for n in range(4)), {"epsilon": 0.1}),
        ("AveragePool", (), {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Add", (noise(3, 1, 1),), {}),
        ("Sigmoid", (), {}),
        ("Transpose", (), {"perm": [0, 2, 3, 1]}),
    ],
)
def test_operators_do_what_onnx_runtime_does(
    tmp_path: Path, operator: str, arrays: Sequence[Floats], attributes: Mapping[str, object]
) -> None:
    path = write(tmp_path / "graph.onnx", operator, arrays, attributes)
    x = noise(2, 3, 6, 6)
    (found,) = OnnxModule(path)(torch.from_numpy(x))
    np.testing.assert_allclose(found.numpy(), Graph(path)(x=x)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("operator", "attributes", "message"),
    [
        ("LSTM", {"hidden_size": 3}, "has operators LSTM"),
        ("MaxPool", {**WINDOW, "auto_pad": "SAME_UPPER"}, "MaxPool with .*SAME_UPPER.* is not known"),
        ("MaxPool", {**WINDOW, "storage_order": 1}, "MaxPool with .*storage_order.* is not known"),
    ],
)
def test_what_is_not_known_is_refused(
    tmp_path: Path, operator: str, attributes: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ExportError, match=message):
        OnnxModule(write(tmp_path / "graph.onnx", operator, (), attributes))


def test_a_file_that_is_no_graph_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(b"not a graph")
    with pytest.raises(ExportError, match="is not an ONNX graph"):
        OnnxModule(path)
