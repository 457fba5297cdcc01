"""Small ONNX and Python models for tests of the server, with their configurations."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Dims = Sequence[int | str]
VECTOR = 16

ONNX = 'backend: "onnxruntime"\ninstance_group { kind: KIND_CPU count: 1 }\n'
PYTHON = 'backend: "python"\ninstance_group { kind: KIND_CPU count: 1 }\n'
BATCHED = ONNX + "max_batch_size: 16\ndynamic_batching { max_queue_delay_microseconds: 3000 }\n"


def tensor(kind: str, name: str, data_type: str, *dims: int, more: str = "") -> str:
    """An `input` or `output` entry of a configuration."""
    shape = ", ".join(map(str, dims))
    return f'{kind} {{ name: "{name}" data_type: TYPE_{data_type} dims: [{shape}] {more} }}\n'


def value(name: str, dims: Dims, element: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """An ONNX graph input or output; a string dimension may vary."""
    return helper.make_tensor_value_info(name, element, dims)


def write(
    repository: Path,
    name: str,
    config: str,
    nodes: Sequence[onnx.NodeProto] = (),
    inputs: Sequence[onnx.ValueInfoProto] = (),
    outputs: Sequence[onnx.ValueInfoProto] = (),
    initializers: Mapping[str, npt.NDArray[np.generic]] | None = None,
    code: str = "",
) -> Path:
    """Writes a model folder with an ONNX graph of `nodes`, or a Python model of `code`; returns it."""
    folder = repository / name
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(config)
    if nodes:
        constants = [numpy_helper.from_array(array, key) for key, array in (initializers or {}).items()]
        graph = helper.make_graph(nodes, name, inputs, outputs, constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        onnx.checker.check_model(model)
        onnx.save(model, folder / "1" / "model.onnx")
    if code:
        (folder / "1" / "model.py").write_text(code)
    return folder


def identity(repository: Path, name: str = "identity", config: str | None = None) -> Path:
    """y = x, FP32 [batch, 16]."""
    io = tensor("input", "x", "FP32", VECTOR) + tensor("output", "y", "FP32", VECTOR)
    return write(
        repository,
        name,
        BATCHED + io if config is None else config,
        [helper.make_node("Identity", ["x"], ["y"])],
        [value("x", ["batch", VECTOR])],
        [value("y", ["batch", VECTOR])],
    )


def weights() -> npt.NDArray[np.float32]:
    """`affine`'s matrix: small whole numbers, so that sums are exact in any order."""
    return np.random.default_rng(7).integers(-4, 5, (VECTOR, VECTOR)).astype(np.float32)


def affine(repository: Path) -> Path:
    """y = x @ weights()."""
    return write(
        repository,
        "affine",
        BATCHED + tensor("input", "x", "FP32", VECTOR) + tensor("output", "y", "FP32", VECTOR),
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [value("x", ["batch", VECTOR])],
        [value("y", ["batch", VECTOR])],
        {"w": weights()},
    )


def twice(repository: Path) -> Path:
    """Text: y = x + x, of any length."""
    return write(
        repository,
        "twice",
        BATCHED + tensor("input", "x", "STRING", -1) + tensor("output", "y", "STRING", -1),
        [helper.make_node("StringConcat", ["x", "x"], ["y"])],
        [value("x", ["batch", "n"], TensorProto.STRING)],
        [value("y", ["batch", "n"], TensorProto.STRING)],
    )


def shifted(repository: Path) -> Path:
    """y = x + by, where `by` may be left out and is 5 then."""
    return write(
        repository,
        "shifted",
        BATCHED
        + tensor("input", "x", "FP32", 2)
        + tensor("input", "by", "FP32", 1, more="optional: true")
        + tensor("output", "y", "FP32", 2),
        [helper.make_node("Add", ["x", "by"], ["y"])],
        [value("x", ["batch", 2]), value("by", ["batch", 1])],
        [value("y", ["batch", 2])],
        {"by": np.full((1, 1), 5, np.float32)},
    )


def picky(repository: Path) -> Path:
    """y = (10, 20, 30)[x]: an x outside of that is an error in the middle of the graph."""
    return write(
        repository,
        "picky",
        BATCHED + tensor("input", "x", "INT64", 1) + tensor("output", "y", "INT64", 1),
        [helper.make_node("Gather", ["table", "x"], ["y"])],
        [value("x", ["batch", 1], TensorProto.INT64)],
        [value("y", ["batch", 1], TensorProto.INT64)],
        {"table": np.array([10, 20, 30])},
    )


def counter(repository: Path, name: str = "counter", *, batch: int = 8) -> Path:
    """y = the sum of all x of the sequence, plus the number of requests times 1000, kept in two states."""
    state = (
        'state {{ input_name: "{0}" output_name: "{0}_next" data_type: TYPE_FP32 dims: [{1}]'
        ' initial_state {{ name: "zero" data_type: TYPE_FP32 dims: [{1}] zero_data: true }} }}\n'
    )
    size = "2" if batch else "1, 2"
    config = (
        ONNX
        + f"max_batch_size: {batch}\nsequence_batching {{\n oldest {{ max_candidate_sequences: 64 }}\n"
        + " max_sequence_idle_microseconds: 1500000\n"
        + f"{state.format('sum', size)}{state.format('count', size)}}}\n"
    )
    dims = (2,) if batch else (1, 2)
    nodes = [
        helper.make_node("Add", ["sum", "x"], ["sum_next"]),
        helper.make_node("Add", ["count", "thousand"], ["count_next"]),
        helper.make_node("Gather", ["table", "which"], ["checked"]),
        helper.make_node("Add", ["sum_next", "count_next"], ["total"]),
        helper.make_node("Add", ["total", "checked"], ["y"]),
    ]
    first = "batch" if batch else 1
    return write(
        repository,
        name,
        config
        + tensor("input", "x", "FP32", *dims)
        + tensor("input", "which", "INT64", *dims)
        + tensor("output", "y", "FP32", *dims),
        nodes,
        [value(n, [first, 2]) for n in ("x", "sum", "count")]
        + [value("which", [first, 2], TensorProto.INT64)],
        [value(n, [first, 2]) for n in ("y", "sum_next", "count_next")],
        {"thousand": np.full((1, 2), 1000, np.float32), "table": np.zeros(1, np.float32)},
    )


def stepped(repository: Path) -> Path:
    """y = x, FP32 [batch, 4 n], of up to 32, as an exporter's manifest says; 70 elements a pass at most."""
    folder = write(
        repository,
        "stepped",
        BATCHED
        + 'parameters { key: "elements_at_once" value { string_value: "70" } }\n'
        + tensor("input", "x", "FP32", -1)
        + tensor("output", "y", "FP32", -1),
        [helper.make_node("Identity", ["x"], ["y"])],
        [value("x", ["batch", "n"])],
        [value("y", ["batch", "n"])],
    )
    profile = [[1, 4], [2, 8], [16, 32], [1, 4]]
    manifest = {"files": {"model.onnx": {"tensorrt_profiles": {"x": profile}}}}
    (folder / "1" / "manifest.json").write_text(json.dumps(manifest))
    return folder


def pipeline(repository: Path) -> Path:
    """An ensemble of identity and affine."""
    step = (
        'step {{ model_name: "{}" model_version: -1'
        ' input_map {{ key: "x" value: "{}" }} output_map {{ key: "y" value: "{}" }} }}\n'
    )
    steps = step.format("identity", "x", "same") + step.format("affine", "same", "y")
    io = tensor("input", "x", "FP32", VECTOR) + tensor("output", "y", "FP32", VECTOR)
    config = f'platform: "ensemble"\nmax_batch_size: 16\n{io}ensemble_scheduling {{\n{steps}}}\n'
    return write(repository, "pipeline", config)


REPEATER = """
import numpy as np
import triton_python_backend_utils as pb


class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            x = pb.get_input_tensor_by_name(request, "x").as_numpy()
            if x[0] < 0:
                error = pb.TritonError("no answer", pb.TritonError.INVALID_ARG)
                sender.send(pb.InferenceResponse(error=error), flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
                continue
            for _ in range(int(x[0])):
                sender.send(pb.InferenceResponse([pb.Tensor("y", {answer})]))
            sender.send(flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""
"""Code of a decoupled model that sends `answer` as many times as its x says; below 0 an error."""


def echo(repository: Path) -> Path:
    """A decoupled Python sequence model: sends x back as many times as x says."""
    config = (
        PYTHON
        + "max_batch_size: 0\nmodel_transaction_policy { decoupled: true }\n"
        + "sequence_batching { oldest { max_candidate_sequences: 8 } }\n"
        + 'parameters { key: "requires" value { string_value: "identity" } }\n'
        + 'model_warmup { name: "none" inputs {\n'
        + ' key: "x" value { data_type: TYPE_INT32 dims: [1] zero_data: true } } }\n'
        + tensor("input", "x", "INT32", 1)
        + tensor("output", "y", "INT32", 1)
    )
    return write(repository, "echo", config, code=REPEATER.format(answer="x"))


ALL: tuple[Callable[[Path], Path], ...] = (
    *(identity, affine, twice, shifted, picky, counter, stepped, pipeline, echo),
)
