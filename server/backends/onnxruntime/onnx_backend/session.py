"""An ONNX Runtime session from a Triton configuration, under the native backend's parameter names.

Names and values: https://github.com/triton-inference-server/onnxruntime_backend#model-config-options
Two defaults differ, as many small models share few cores here: one thread instead of all, and no spinning.
"""

import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnxruntime as ort

from serving_common.core_lease import Cores, Sessions, share_memory

Config = Mapping[str, Any]  # the model configuration as Triton's JSON

_LEVELS = {
    -1: ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    0: ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    1: ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    2: ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}
_OPENVINO = "onnxruntime_ep_openvino"


def sessions(config: Config, path: Path, cores: Cores) -> tuple[Sessions, list[str]]:
    """The sessions for the ONNX file at `path`, and what of `config` could not be had (for the log).

    Raises:
        ValueError: the value of a parameter makes no sense.
        FileNotFoundError: a file is missing.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: run python -m exporters {config['name']}")
    options = session_options(config)
    warnings = []
    accelerators = config.get("optimization", {}).get("execution_accelerators", {})
    for accelerator in accelerators.get("cpu_execution_accelerator", []):
        if accelerator["name"] != "openvino":
            raise ValueError(f"cpu_execution_accelerator '{accelerator['name']}' is not known: use openvino")
        if not _add_openvino(options, accelerator.get("parameters", {})):
            warnings.append(
                "openvino is not to be had (pip install onnxruntime-ep-openvino): plain CPU instead"
            )
    if accelerators.get("gpu_execution_accelerator"):
        warnings.append("gpu_execution_accelerator needs Triton's native backend: plain CPU instead")

    def make(threads: int) -> ort.InferenceSession:
        options.intra_op_num_threads = threads
        if options.has_providers():
            return ort.InferenceSession(path, options)
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    return Sessions(make, options.intra_op_num_threads, cores), warnings


def session_options(config: Config) -> ort.SessionOptions:
    """Threads, graph optimization and memory as `config` has them.

    Raises:
        ValueError: one of them makes no sense.
    """
    parameters = {key: str(value["string_value"]) for key, value in config.get("parameters", {}).items()}
    options = ort.SessionOptions()
    options.intra_op_num_threads = _number(parameters, "intra_op_thread_count", 1)
    options.inter_op_num_threads = _number(parameters, "inter_op_thread_count", 1)
    if _number(parameters, "execution_mode", 0):
        options.execution_mode = ort.ExecutionMode.ORT_PARALLEL
    options.enable_cpu_mem_arena = bool(_number(parameters, "enable_mem_arena", 1))
    options.enable_mem_pattern = bool(_number(parameters, "enable_mem_pattern", 1))
    level = int(config.get("optimization", {}).get("graph", {}).get("level", 0))
    if level not in _LEVELS:
        raise ValueError(
            f"optimization.graph.level is {level}: use -1 (basic), 0 (all), 1 (extended) or 2 (none)"
        )
    options.graph_optimization_level = _LEVELS[level]
    if options.enable_cpu_mem_arena:
        share_memory(options)
    entries = {"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"}
    entries |= {key: value for key, value in parameters.items() if key.startswith("session.")}
    for key, value in entries.items():
        options.add_session_config_entry(key, value)
    return options


def elements_at_once(config: Config) -> int:
    """How many elements of its largest input one pass may have, as a parameter says; 0 for any."""
    parameters = {key: str(value["string_value"]) for key, value in config.get("parameters", {}).items()}
    return _number(parameters, "elements_at_once", 0)


def _number(parameters: Mapping[str, str], key: str, default: int) -> int:
    value = parameters.get(key, str(default))
    if not value.isdecimal():
        raise ValueError(f"parameter {key} is '{value}': use a number from 0")
    return int(value)


def _add_openvino(options: ort.SessionOptions, parameters: Mapping[str, str]) -> bool:
    """Whether OpenVINO's plugin is installed and has a CPU device, which then runs the session."""
    if find_spec(_OPENVINO) is None:
        return False
    plugin = importlib.import_module(_OPENVINO)
    ort.register_execution_provider_library(plugin.get_ep_name(), plugin.get_library_path())
    cpus = [
        device
        for device in ort.get_ep_devices()
        if device.ep_name == plugin.get_ep_name() and device.device.type == ort.OrtHardwareDeviceType.CPU
    ]
    if cpus:
        options.add_provider_for_devices(cpus[:1], dict(parameters))
    return bool(cpus)
