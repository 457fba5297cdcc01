"""NaN differs from nothing and two constants agree: what is broken as its source is passes no export."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from exporters.contract import Measurement, Options, Profile
from exporters.errors import GateError
from exporters.onnx_tools import Graph, max_difference
from exporters.pipeline import export
from exporters.soundness import check_answers, check_weights
from exporters.tensorrt import parity
from exporters.tensorrt.targets import Plan
from tests.unit.doubler import Doubler, repository
from tooling.sources import Library

Weights = Mapping[str, NDArray[np.generic]]
PROFILES = {"x": Profile((1, 4), (2, 4), (8, 4))}


def write(folder: Path, nodes: Sequence[NodeProto], weights: Weights) -> Path:
    """A graph x [B, 4] -> y."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", 4]) for name in ("x", "y")]
    constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "small", values[:1], values[1:], constants)
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=8), str(path))
    return path


def matrix(value: float, dtype: object = np.float32, size: float = 1.0) -> NDArray[np.generic]:
    """The unit matrix with one other value, and all of it `size` times as large."""
    found = np.eye(4) * size
    found[1, 2] = value * size
    return found.astype(dtype)  # type: ignore[call-overload,no-any-return]  # types of ml_dtypes are none of numpy's


PRODUCT = [helper.make_node("MatMul", ["x", "w"], ["y"])]


@pytest.mark.parametrize("factor", [math.nan, math.inf, -math.inf])
def test_a_family_whose_author_compares_nan_with_nan_is_refused(tmp_path: Path, factor: float) -> None:
    models = repository(tmp_path / "models")
    with pytest.raises(
        GateError, match=r"doubler/model\.onnx has weights that are not finite: factor \(1 of 1"
    ):
        export(Doubler(factor=factor, measured=False), Options(), models, Library(tmp_path / "cache"))
    assert not (models / "doubler/1/model.onnx").exists()


def test_a_network_that_always_says_the_same_is_refused(tmp_path: Path) -> None:
    models = repository(tmp_path / "models")
    with pytest.raises(GateError, match="output doubled is the same whatever goes in"):
        export(Doubler(factor=0.0), Options(), models, Library(tmp_path / "cache"))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16])
def test_weights_of_any_precision_are_finite(tmp_path: Path, dtype: object, value: float) -> None:
    cast = helper.make_node("Cast", ["w"], ["floats"], to=TensorProto.FLOAT)
    nodes = [cast, helper.make_node("MatMul", ["x", "floats"], ["y"])]
    check_weights(write(tmp_path, nodes, {"w": matrix(0.5, dtype)}))
    with pytest.raises(GateError, match=r"not finite: w \(1 of 16 are (NaN|infinite)\); the checkpoint is"):
        check_weights(write(tmp_path, nodes, {"w": matrix(value, dtype)}))


def test_scales_of_int8_and_constants_inside_of_branches_are_finite(tmp_path: Path) -> None:
    scaled = [helper.make_node("DequantizeLinear", ["w", "scale"], ["floats"]), *PRODUCT]
    scale = np.array(math.nan, np.float32)
    with pytest.raises(GateError, match="not finite: scale"):
        check_weights(write(tmp_path, scaled, {"w": matrix(1, np.int8), "scale": scale}))
    inner = [helper.make_node("Constant", [], ["deep"], value=numpy_helper.from_array(matrix(math.nan)))]
    branch = helper.make_graph(
        inner, "branch", [], [helper.make_tensor_value_info("deep", TensorProto.FLOAT, [4, 4])]
    )
    choice = helper.make_node("If", ["flag"], ["w"], then_branch=branch, else_branch=branch)
    with pytest.raises(GateError, match="not finite: deep"):
        check_weights(write(tmp_path, [choice, *PRODUCT], {"flag": np.array(True)}))


@pytest.mark.parametrize("small", [0.0, 1e-42])
def test_a_layer_of_zeros_or_subnormals_is_dead(tmp_path: Path, small: float) -> None:
    with pytest.raises(GateError, match="layers whose weights are all zero: w"):
        check_weights(write(tmp_path, PRODUCT, {"w": np.full((4, 4), small, np.float32)}))


def test_what_overflows_on_the_way_is_found_though_the_answer_hides_it(tmp_path: Path) -> None:
    """A sigmoid of an overflow is 1, and Max, Clip and ArgMax lose NaN."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["large"]),
        helper.make_node("Mul", ["large", "large"], ["overflown"]),
        helper.make_node("Sigmoid", ["overflown"], ["bounded"]),
        helper.make_node("Add", ["bounded", "x"], ["y"]),
    ]
    sound = write(tmp_path, nodes, {"w": matrix(1.0)})
    check_answers(sound, PROFILES)
    broken = write(tmp_path, nodes, {"w": matrix(1.0, size=1e30)})
    check_weights(broken)
    with pytest.raises(GateError, match="computes what is not finite: overflown"):
        check_answers(broken, PROFILES)


def test_behind_operators_that_only_onnx_runtime_knows_it_is_looked_too(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("FusedMatMul", ["x", "w"], ["large"], domain="com.microsoft"),
        helper.make_node("Mul", ["large", "large"], ["overflown"]),
        helper.make_node("Sigmoid", ["overflown"], ["y"]),
    ]
    with pytest.raises(GateError, match="computes what is not finite: overflown"):
        check_answers(write(tmp_path, nodes, {"w": matrix(1.0, size=1e30)}), PROFILES)


def test_a_graph_that_cannot_be_tried_is_told(tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"input x \[-1, 4\] has dynamic axes: give it a profile"):
        check_answers(write(tmp_path, PRODUCT, {"w": matrix(0.5)}), {})


def test_nothing_compares_well_with_nan() -> None:
    nan, one = np.array([1, math.nan], np.float32), np.ones(2, np.float32)
    for pair in ((nan, one), (one, nan), (nan, nan), (np.array([math.inf]), np.array([math.inf]))):
        assert max(0.0, max_difference(*pair)) == math.inf
    for value in (math.nan, math.inf, -math.inf):
        for limit in (None, 1.0):
            for higher in (True, False):
                measured = Measurement(
                    gate="accuracy", name="x", value=value, limit=limit, higher_is_better=higher
                )
                assert not measured.passed


def test_a_graph_that_answers_nan_to_real_data_is_refused_wherever_it_is_run(tmp_path: Path) -> None:
    root = write(tmp_path, [helper.make_node("Sqrt", ["x"], ["y"])], {})
    graph = Graph(root)
    assert graph(x=np.ones((1, 4), np.float32))[0].tolist() == [[1, 1, 1, 1]]
    with pytest.raises(GateError, match=r"model\.onnx: output y has values that are not finite"):
        graph(x=-np.ones((1, 4), np.float32))


@pytest.mark.parametrize(
    ("plan", "changed"),
    [
        (Plan({"y": 0.1}), {"y": math.nan}),
        (Plan({"y": 0.1}, norm="rms"), {"y": math.inf}),
        (Plan({"y": 0.1}, ranked_by="score"), {"score": math.nan}),
    ],
)
def test_a_plan_or_its_reference_that_is_not_finite_passes_no_gate(
    plan: Plan, changed: dict[str, float]
) -> None:
    sound = {"y": np.ones((1, 3, 2), np.float32), "score": np.ones((1, 3), np.float32)}
    broken = {name: array * np.float32(changed.get(name, 1)) for name, array in sound.items()}
    parity.judge(parity.compare(plan, "fp16", [sound], [sound], ""))
    for pair in ((sound, broken), (broken, sound), (broken, broken)):
        with pytest.raises(GateError, match="can't be told, as a value is not finite"):
            parity.judge(parity.compare(plan, "fp16", [pair[0]], [pair[1]], ""))


def test_a_plan_that_ranks_nothing_highly_was_not_compared() -> None:
    nothing = {"y": np.ones((1, 3, 2), np.float32), "score": np.zeros((1, 3), np.float32)}
    with pytest.raises(GateError, match="can't be told"):
        parity.judge(parity.compare(Plan({"y": 0.1}, ranked_by="score"), "fp16", [nothing], [nothing], ""))
