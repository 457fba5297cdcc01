"""A ``.tflite`` file as plain data: tensors, constants in float32, operators by name.

The schema's classes come with the LiteRT runtime, which is what the network is compared with in the end.
Weights are stored as float16 behind DEQUANTIZE and as sparse matrices behind DENSIFY: both are undone here,
so what is left of the operators only works on activations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from exporters.errors import ExportError
from exporters.onnx_tools import Array
from exporters.tflite.sparse import densify

Option = int | float | bool

_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
_DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
}
_ON_CONSTANTS = ("DEQUANTIZE", "DENSIFY")


@dataclass(frozen=True)
class Operator:
    """One step: ``inputs`` and ``outputs`` are indices of tensors.

    ``name`` is TFLite's own (``CONV_2D``), for a custom operator the one its author gave it.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Option] = field(default_factory=dict)
    custom: bytes = b""
    """The parameters of a custom operator, as its author packs them."""


@dataclass(frozen=True)
class Network:
    """The one subgraph of a ``.tflite``. Shapes and constants are by tensor index, channels last."""

    shapes: Mapping[int, tuple[int, ...]]
    constants: Mapping[int, Array]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read(path: Path) -> Network:
    """Read a ``.tflite`` file.

    Raises:
        ExportError: it is not one, has several subgraphs, or constants of a type that is not handled.
    """
    return parse(path.read_bytes(), path.name)


def parse(content: bytes, name: str = "the network") -> Network:
    """Like :func:`read`, of a file's content."""
    if not schema.Model.ModelBufferHasIdentifier(content, 0):
        raise ExportError(f"{name} is not a TensorFlow Lite file: it lacks the identifier TFL3")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    if len(model.subgraphs) != 1:
        raise ExportError(f"{name} has {len(model.subgraphs)} subgraphs, only one can be converted")
    graph = model.subgraphs[0]
    constants: dict[int, Array] = {}
    for index, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is not None and len(data):
            constants[index] = _constant(tensor, bytes(data), name)
    operators = []
    for table in graph.operators:
        operator = _operator(table, model.operatorCodes[table.opcodeIndex])
        if operator.name in _ON_CONSTANTS and operator.inputs[0] in constants:
            constants[operator.outputs[0]] = constants[operator.inputs[0]]
        else:
            operators.append(operator)
    return Network(
        {index: tuple(map(int, tensor.shape)) for index, tensor in enumerate(graph.tensors)},
        constants,
        tuple(operators),
        tuple(map(int, graph.inputs)),
        tuple(map(int, graph.outputs)),
    )


def _constant(tensor: "schema.TensorT", data: bytes, network: str) -> Array:
    """A constant's values in its shape; halves become float32, sparse ones dense."""
    dtype = _DTYPES.get(tensor.type)
    if dtype is None:
        raise ExportError(
            f"{network} has a constant {tensor.name.decode()} of TFLite type {tensor.type}; "
            "handled are float32, float16, int32 and int64"
        )
    values: Array = np.frombuffer(data, dtype)
    shape = tuple(map(int, tensor.shape))
    if tensor.sparsity is not None:
        values = densify(values, shape, tensor.sparsity)
    values = values.reshape(shape)
    return values.astype(np.float32) if dtype is np.float16 else values


def _operator(operator: "schema.OperatorT", code: "schema.OperatorCodeT") -> Operator:
    # Files older than 2020 keep the operator's number in the deprecated field; it ends at 127.
    name = _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
    options = vars(operator.builtinOptions) if operator.builtinOptions is not None else {}
    return Operator(
        name=code.customCode.decode() if name == "CUSTOM" else name,
        inputs=tuple(map(int, operator.inputs)),
        outputs=tuple(map(int, operator.outputs)),
        options={key: value for key, value in options.items() if isinstance(value, int | float)},
        custom=b"" if operator.customOptions is None else bytes(operator.customOptions),
    )
