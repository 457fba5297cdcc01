"""The project's own networks at the precision of their plans, on the CPU: what passes, what is refused."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from exporters.contract import Profile
from exporters.errors import ExportError, GateError
from exporters.onnx_tools import Array
from exporters.tensorrt import parity, precision
from exporters.tensorrt.attempt import Built, Candidate
from exporters.tensorrt.plans import Cache
from exporters.tensorrt.targets import PLANS, Plan, Precision
from exporters.tensorrt_lint import lint, lint_bytes
from tests import tiny_whisper
from tooling.sources import Library

REPOSITORY = Path(__file__).parents[2] / "model_repository"


def attempt(model: str, at: Precision, work: Path, repository: Path = REPOSITORY) -> Built:
    return Candidate(model, repository, Library()).attempt(at, work, None, Cache(work / "plans"))


@pytest.mark.thorough
@pytest.mark.parametrize("model", sorted(set(PLANS) - {"whisper_encoder"}))
def test_a_network_passes_at_the_precision_of_its_plan(model: str, tmp_path: Path) -> None:
    at = PLANS[model].precisions[0]
    built = attempt(model, at, tmp_path)
    assert [each["name"] for each in built.parity] == [
        f"max difference of {output} from fp32" for output in PLANS[model].tolerance
    ]
    graph = onnx.load(str(tmp_path / f"{at}.onnx")).graph
    halves = sum(weight.data_type == TensorProto.FLOAT16 for weight in graph.initializer)
    assert (halves > len(graph.initializer) // 2) == (at == "fp16")
    source = onnx.load(str(REPOSITORY / model / "1" / "model.onnx")).graph
    for one, other in ((graph.input, source.input), (graph.output, source.output)):
        assert [str(value.type.tensor_type.elem_type) for value in one] == [
            str(value.type.tensor_type.elem_type) for value in other
        ]


def test_whisper_s_encoder_passes_in_fp16(tmp_path: Path) -> None:
    from exporters.whisper import graphs  # noqa: PLC0415 - imports torch
    from exporters.whisper.assembly import assemble  # noqa: PLC0415
    from exporters.whisper.checkpoint import Checkpoint  # noqa: PLC0415

    folder = tmp_path / "whisper_encoder" / "1"
    folder.mkdir(parents=True)
    checkpoint = Checkpoint(tiny_whisper.weights(), None, None, None)
    whisper = assemble(checkpoint, tiny_whisper.VOCABULARY)
    graphs.export_encoder(whisper, tiny_whisper.SIZE, folder / "model.onnx")
    shapes = [[batch, 80, frames] for batch, frames in ((1, 200), (4, 300), (16, 400))]
    record = {"files": {"model.onnx": {"tensorrt_profiles": {"features": shapes}}}}
    (folder / "manifest.json").write_text(json.dumps(record))
    (difference,) = attempt("whisper_encoder", "fp16", tmp_path, tmp_path).parity
    assert difference["name"] == "rms difference of states from fp32"
    assert 0 < float(str(difference["value"])) < 0.01


def test_features_that_drift_in_fp16_are_refused(tmp_path: Path) -> None:
    """Log-mel features span 8 decades of power; this is why log_mel is fp32 on a GPU."""
    with pytest.raises(
        GateError, match=r"max difference of features from fp32 is 0\.\d+, allowed is at most"
    ):
        attempt("log_mel", "fp16", tmp_path)


def test_a_network_that_overflows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """face_expression greys in 16.16 fixed point: with the converter's casts that is infinite in fp16."""
    monkeypatch.setattr(precision, "_keep_in_fp32", lambda model: None)
    with pytest.raises(GateError, match="values that are not finite"):
        attempt("face_expression", "fp16", tmp_path)


def test_bytes_are_cast_before_anything_else_reads_them(tmp_path: Path) -> None:
    """The served graphs transpose bytes first, which TensorRT refuses."""
    served = REPOSITORY / "nsfw" / "1" / "model.onnx"
    with pytest.raises(GateError, match=r"nothing but Cast read uint8; model\.onnx has Transpose"):
        lint_bytes(served)
    image = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)
    prepared = precision.prepare(served, tmp_path / "fp32.onnx", "fp32", {"image": image})
    lint_bytes(prepared)
    one, other = (parity.on_cpu(path)({"image": image})["probability"] for path in (served, prepared))
    np.testing.assert_array_equal(one, other)


def test_bf16_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"nvidia-modelopt\[onnx\].*--precision fp16"):
        attempt("face_expression", "bf16", tmp_path)


def test_lint_finds_types_inside_a_graph(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.DOUBLE),
        helper.make_node("Cast", ["wide"], ["y"], to=TensorProto.FLOAT),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2]) for name in "xy"]
    graph = helper.make_graph(nodes, "wide", values[:1], values[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), str(tmp_path / "wide.onnx")
    )
    with pytest.raises(GateError, match="weights, constants or casts of TYPE_FP64"):
        lint(tmp_path / "wide.onnx", {"x": Profile((1, 2), (1, 2), (4, 2))})


def found(scores: list[float], boxes: list[float]) -> dict[str, Array]:
    return {"scores": np.array([scores], np.float32), "boxes": np.array([boxes], np.float32)[..., None]}


def test_rows_of_nearly_one_score_may_change_places_but_not_go() -> None:
    plan = Plan({"boxes": 0.01, "scores": 0.01}, ranked_by="scores")
    expected = found([0.9, 0.8, 0.1], [1, 2, 3])

    def differences(got: dict[str, Array]) -> list[float]:
        return [each.value for each in parity.compare(plan, "fp16", [expected], [got], "")]

    assert differences(found([0.9, 0.8, 0.1], [2, 1, 7])) == [0, 0]
    lost, invented = found([0.9, 0.1, 0.1], [1, 9, 3]), found([0.9, 0.8, 0.7], [1, 2, 9])
    assert differences(lost)[0] == 1
    assert differences(invented)[0] == 6
    assert np.isnan(differences(found([0.9, np.nan, 0.1], [1, 2, 3]))[1])
    assert np.isnan(differences(found([0.9, 0.8], [1, 2]))).all()
