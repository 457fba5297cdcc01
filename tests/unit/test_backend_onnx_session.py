"""The portable backend takes the native backend's parameters."""

from importlib.util import find_spec
from pathlib import Path

import onnxruntime as ort
import pytest

from onnx_backend.session import session_options, sessions
from serving_common.core_lease import Cores
from tests import models


def parameters(**values: str) -> dict[str, object]:
    return {"name": "m", "parameters": {key: {"string_value": value} for key, value in values.items()}}


def test_defaults_are_one_thread_that_does_not_spin() -> None:
    options = session_options(parameters())
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.graph_optimization_level == ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    assert options.enable_cpu_mem_arena


def test_native_names() -> None:
    config = parameters(
        intra_op_thread_count="3",
        inter_op_thread_count="2",
        execution_mode="1",
        enable_mem_arena="0",
        enable_mem_pattern="0",
        **{"session.intra_op.allow_spinning": "1"},
    )
    options = session_options(config | {"optimization": {"graph": {"level": -1}}})
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (3, 2)
    assert options.execution_mode == ort.ExecutionMode.ORT_PARALLEL
    assert not options.enable_cpu_mem_arena
    assert not options.enable_mem_pattern
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "1"
    assert options.graph_optimization_level == ort.GraphOptimizationLevel.ORT_ENABLE_BASIC


def test_values_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="intra_op_thread_count is 'two': use a number"):
        session_options(parameters(intra_op_thread_count="two"))
    with pytest.raises(ValueError, match="level is 7: use -1"):
        session_options(parameters() | {"optimization": {"graph": {"level": 7}}})


def test_a_missing_file_names_the_exporter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run python -m exporters m"):
        sessions(parameters(), tmp_path / "model.onnx", Cores(None))


def accelerated(name: str) -> dict[str, object]:
    accelerators = {"cpu_execution_accelerator": [{"name": name, "parameters": {}}]}
    return parameters() | {"optimization": {"execution_accelerators": accelerators}}


@pytest.mark.skipif(find_spec("onnxruntime_ep_openvino") is not None, reason="openvino is installed")
def test_openvino_that_is_not_installed_is_a_warning(tmp_path: Path) -> None:
    path = models.identity(tmp_path) / "1" / "model.onnx"
    made, warnings = sessions(accelerated("openvino"), path, Cores(None))
    assert made.wide.get_providers() == ["CPUExecutionProvider"]
    assert "pip install onnxruntime-ep-openvino" in warnings[0]


def test_unknown_accelerators_are_refused(tmp_path: Path) -> None:
    path = models.identity(tmp_path) / "1" / "model.onnx"
    with pytest.raises(ValueError, match="'tpu' is not known"):
        sessions(accelerated("tpu"), path, Cores(None))
