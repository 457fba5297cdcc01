"""What the portable backend makes of an ONNX file and an incomplete or wrong configuration."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime as ort
import pytest
from google.protobuf import json_format, text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from onnx_backend.signature import Signature, check, completed
from tests import models


def signature(folder: Path) -> Signature:
    path = folder / "1" / "model.onnx"
    return Signature.of(ort.InferenceSession(path, providers=["CPUExecutionProvider"]))


def as_json(text: str) -> dict[str, Any]:
    """A configuration as Triton hands it to a backend."""
    message = text_format.Parse(text, ModelConfig())
    fields = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return dict(json.loads(json.dumps(fields)))


@pytest.mark.parametrize(
    "write", [models.identity, models.twice, models.shifted, models.counter, models.picky]
)
def test_the_tests_own_configurations_fit(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    folder = write(tmp_path)
    check(as_json((folder / "config.pbtxt").read_text()), signature(folder))


def test_everything_is_completed(tmp_path: Path) -> None:
    batch, inputs, outputs = completed(as_json(""), signature(models.shifted(tmp_path)))
    assert batch == 4
    assert inputs == [
        {"name": "x", "data_type": "TYPE_FP32", "dims": [2]},
        {"name": "by", "data_type": "TYPE_FP32", "dims": [1], "optional": True},
    ]
    assert outputs == [{"name": "y", "data_type": "TYPE_FP32", "dims": [2]}]


def test_only_what_is_missing_is_completed(tmp_path: Path) -> None:
    said = as_json('input { name: "x" } ' + models.tensor("output", "y", "FP32", -1, 2))
    batch, inputs, outputs = completed(said, signature(models.shifted(tmp_path)))
    assert batch == 0, "who names tensors and no batch size does not batch"
    assert inputs == [{"name": "x", "data_type": "TYPE_FP32", "dims": [-1, 2]}]
    assert outputs == []


def test_states_are_no_inputs(tmp_path: Path) -> None:
    folder = models.counter(tmp_path)
    text = (folder / "config.pbtxt").read_text().split("input {")[0]
    _, inputs, outputs = completed(as_json(text), signature(folder))
    assert [tensor["name"] for tensor in inputs] == ["x", "which"]
    assert [tensor["name"] for tensor in outputs] == ["y"]


X = models.tensor("input", "x", "FP32", 2)
Y = models.tensor("output", "y", "FP32", 2)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (X + Y, r"input 'x' has dims \[2\], in the ONNX file \[-1, 2\]"),
        (
            "max_batch_size: 4 " + models.tensor("input", "x", "FP32", 3) + Y,
            r"\[-1, 3\] with the batch dimension",
        ),
        (
            "max_batch_size: 4 " + models.tensor("input", "x", "INT8", 2) + Y,
            "TYPE_INT8, in the ONNX file it is TYPE_FP32",
        ),
        (
            "max_batch_size: 4 " + X + models.tensor("output", "z", "FP32", 2),
            "output 'z', the ONNX file has only 'y'",
        ),
        ("max_batch_size: 4 " + Y, "needs input 'x', which the configuration does not have"),
        (
            "max_batch_size: 4 " + models.tensor("input", "x", "FP32", 2, more="optional: true") + Y,
            "'x' is optional in the configuration, but not in the ONNX file",
        ),
    ],
)
def test_what_does_not_fit(tmp_path: Path, config: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(as_json(config), signature(models.shifted(tmp_path)))


def test_reshape_is_what_counts(tmp_path: Path) -> None:
    reshaped = models.tensor("input", "x", "FP32", 2, 1, more="reshape { shape: [2] }")
    check(as_json("max_batch_size: 4 " + reshaped + Y), signature(models.shifted(tmp_path)))
