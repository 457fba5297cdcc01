"""Check an ONNX graph's inputs, outputs and states against the ``config.pbtxt`` that serves it."""

import difflib
from dataclasses import dataclass
from pathlib import Path

import onnx
from tritonclient.grpc import model_config_pb2

from exporters.errors import GateError
from exporters.triton_config import load_config

# Triton's data types by ONNX's: model_config.proto and onnx.proto, TensorProto.DataType.
TRITON_TYPES: dict[int, str] = {
    onnx.TensorProto.BOOL: "TYPE_BOOL",
    onnx.TensorProto.UINT8: "TYPE_UINT8",
    onnx.TensorProto.UINT16: "TYPE_UINT16",
    onnx.TensorProto.UINT32: "TYPE_UINT32",
    onnx.TensorProto.UINT64: "TYPE_UINT64",
    onnx.TensorProto.INT8: "TYPE_INT8",
    onnx.TensorProto.INT16: "TYPE_INT16",
    onnx.TensorProto.INT32: "TYPE_INT32",
    onnx.TensorProto.INT64: "TYPE_INT64",
    onnx.TensorProto.FLOAT16: "TYPE_FP16",
    onnx.TensorProto.FLOAT: "TYPE_FP32",
    onnx.TensorProto.DOUBLE: "TYPE_FP64",
    onnx.TensorProto.STRING: "TYPE_STRING",
    onnx.TensorProto.BFLOAT16: "TYPE_BF16",
}


BACKENDS = ("onnxruntime", "python", "tensorrt", "openvino", "pytorch", "tensorflow", "dali", "fil", "vllm")
"""Those of Triton's release containers, and what is served here first."""
PLATFORMS = (
    "ensemble",
    "onnxruntime_onnx",
    "tensorrt_plan",
    "pytorch_libtorch",
    "tensorflow_savedmodel",
    "tensorflow_graphdef",
)
"""How older configs name the same, and an ensemble."""


@dataclass(frozen=True)
class Tensor:
    """A graph's or config's tensor; a dynamic axis is -1."""

    dtype: str
    dims: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.dims)}"


def graph_tensors(values: "list[onnx.ValueInfoProto]") -> dict[str, Tensor]:
    """Name, Triton data type and shape (batch included) of a graph's inputs or outputs."""
    found: dict[str, Tensor] = {}
    for value in values:
        tensor = value.type.tensor_type
        dims = tuple(int(dim.dim_value) if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim)
        found[value.name] = Tensor(TRITON_TYPES.get(tensor.elem_type, f"ONNX {tensor.elem_type}"), dims)
    return found


def check_config(graph_path: Path, config_path: Path) -> None:
    """Compare names, data types and shapes both ways.

    Raises:
        GateError: lists every difference, each with what the config and what the graph has.
    """
    graph = onnx.load(str(graph_path), load_external_data=False).graph
    weights = {weight.name for weight in graph.initializer}
    config = load_config(config_path)
    declared_in, declared_out = _declared(config)
    problems = [
        *_compare("input", declared_in, graph_tensors([v for v in graph.input if v.name not in weights])),
        *_compare("output", declared_out, graph_tensors(list(graph.output))),
    ]
    if problems:
        raise GateError(f"{config_path} does not fit {graph_path.name}: " + "; ".join(problems))


def check_backend(path: Path) -> None:
    """Look at the backend that a config names: Triton would load no model with another.

    Raises:
        GateError: it is none that is known, or there is none; says which are.
    """
    config = load_config(path)
    if config.platform:
        backend, known = config.platform, list(PLATFORMS)
    else:
        backend, known = config.backend, list(BACKENDS)
    if backend not in known:
        close = difflib.get_close_matches(backend, known, 1, 0.3)
        meant = f', "{close[0]}" is meant perhaps' if close and backend else ""
        raise GateError(
            f'{path} has backend: "{backend}", which Triton does not have{meant}: '
            f"known are {', '.join(known)}"
        )


def _declared(config: model_config_pb2.ModelConfig) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The config's inputs and outputs, states included, with the batch axis put in front."""
    batch = (-1,) if config.max_batch_size > 0 else ()

    def tensor(kind: int, dims: "list[int]") -> Tensor:
        return Tensor(model_config_pb2.DataType.Name(kind), batch + tuple(dims))

    inputs = {declared.name: tensor(declared.data_type, declared.dims) for declared in config.input}
    outputs = {declared.name: tensor(declared.data_type, declared.dims) for declared in config.output}
    for state in config.sequence_batching.state:
        inputs[state.input_name] = tensor(state.data_type, state.dims)
        outputs[state.output_name] = tensor(state.data_type, state.dims)
    return inputs, outputs


def _compare(kind: str, declared: dict[str, Tensor], actual: dict[str, Tensor]) -> list[str]:
    problems = []
    for name in sorted(declared.keys() | actual.keys()):
        wanted, got = declared.get(name), actual.get(name)
        if wanted is None:
            problems.append(f"the graph has {kind} {name} ({got}), the config does not")
        elif got is None:
            problems.append(f"the config has {kind} {name} ({wanted}), the graph does not")
        elif wanted.dtype != got.dtype or not _fits(wanted.dims, got.dims):
            problems.append(f"{kind} {name} is {wanted} in the config and {got} in the graph")
    return problems


def _fits(declared: tuple[int, ...], actual: tuple[int, ...]) -> bool:
    """A config may fix an axis that is dynamic in the graph, never the other way round."""
    return len(declared) == len(actual) and all(
        got in (-1, wanted) for wanted, got in zip(declared, actual, strict=True)
    )
