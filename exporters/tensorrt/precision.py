"""Put the precision into the graph: TensorRT builds strongly typed networks, which run as they are written.

TensorRT 11 knows no other kind and 10 takes them too, so there is one path for both. fp16 is ONNX Runtime's
own converter, with the nodes left in fp32 that would overflow on real data or add up many terms; bf16, which
that converter does not know, is ModelOpt's AutoCast.
"""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper

from exporters.errors import ExportError, GateError
from exporters.onnx_tools import Array, Graph
from exporters.tensorrt.targets import Precision

HEADROOM = 8
"""How many times larger than on the samples a tensor may become before it overflows fp16."""
LARGEST = float(np.finfo(np.float16).max) / HEADROOM
SUMS = ("Exp", "LayerNormalization", "Log", "ReduceL2", "ReduceMean", "ReduceSum", "Softmax")
"""Operators that stay in fp32: in fp16 sums over an axis lose their terms' last bits, and exp overflows."""


def prepare(source: Path, target: Path, precision: Precision, feed: Mapping[str, Array]) -> Path:
    """Write the fp32 graph ``source`` to ``target`` as TensorRT takes it at ``precision``; give ``target``.

    Inputs and outputs keep their names and data types. ``feed`` has a batch of real inputs by name: it tells
    which tensors are too large for fp16.

    Raises:
        GateError: the result is no valid ONNX.
        ExportError: bf16 without ModelOpt.
    """
    model = onnx.load(str(source))
    bytes_to_floats(model)
    if precision == "fp16":
        model = _fp16(model, feed)
    elif precision == "bf16":
        model = _bf16(model, feed)
    onnx.save(model, str(target))
    try:
        onnx.checker.check_model(str(target), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise GateError(f"{source.parent.parent.name} at {precision} is not valid ONNX: {error}") from error
    return target


def bytes_to_floats(model: onnx.ModelProto) -> None:
    """Cast every uint8 input to float32 first, in place.

    TensorRT takes uint8 at a network's border only (onnx-tensorrt, ``docs/operators.md``). The graphs
    transpose bytes before they cast them, which is cheaper on a CPU; in float32 they are the same numbers.
    """
    graph = model.graph
    for value in graph.input:
        if value.type.tensor_type.elem_type == TensorProto.UINT8:
            floats = f"{value.name}/floats"
            for node in graph.node:
                node.input[:] = [floats if name == value.name else name for name in node.input]
            cast = helper.make_node(
                "Cast", [value.name], [floats], name=f"{value.name}/cast", to=TensorProto.FLOAT
            )
            graph.node.insert(0, cast)
    stale = [value for value in graph.value_info if value.type.tensor_type.elem_type == TensorProto.UINT8]
    for value in stale:
        graph.value_info.remove(value)


def largest_values(model: onnx.ModelProto, feed: Mapping[str, Array]) -> dict[str, float]:
    """The largest absolute value that each float32 tensor between nodes takes for ``feed``, by name."""
    probe = onnx.ModelProto()
    probe.CopyFrom(onnx.shape_inference.infer_shapes(model))
    floats = [
        value.name
        for value in (*probe.graph.value_info, *probe.graph.output)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT
    ]
    del probe.graph.output[:]
    for name in floats:
        probe.graph.node.append(helper.make_node("Abs", [name], [f"{name}/abs"]))
        probe.graph.node.append(helper.make_node("ReduceMax", [f"{name}/abs"], [f"{name}/max"], keepdims=0))
        probe.graph.output.append(helper.make_tensor_value_info(f"{name}/max", TensorProto.FLOAT, []))
    largest = Graph(probe.SerializeToString(), threads=0)(**feed)
    return dict(zip(floats, map(float, largest), strict=True))


def _fp16(model: onnx.ModelProto, feed: Mapping[str, Array]) -> onnx.ModelProto:
    from onnxruntime.transformers import float16, onnx_model  # noqa: PLC0415 - imports onnxruntime

    for index, node in enumerate(model.graph.node):
        node.name = f"{index}/{node.op_type}"
    large = {name for name, value in largest_values(model, feed).items() if not value <= LARGEST}
    converted = float16.convert_float_to_float16(
        model,
        keep_io_types=True,
        op_block_list=[*float16.DEFAULT_OP_BLOCK_LIST, *SUMS],
        node_block_list=[node.name for node in _touching(model, large)],
    )
    _keep_in_fp32(converted)
    sortable = onnx_model.OnnxModel(converted)
    sortable.topological_sort()  # the converter appends its casts
    return sortable.model  # type: ignore[no-any-return]  # untyped library


def _keep_in_fp32(model: onnx.ModelProto) -> None:
    """Undo casts to fp16 and back between nodes that both stay in fp32, which would overflow."""
    graph = model.graph
    narrowed = {node.output[0]: node.input[0] for node in graph.node if _casts_to(node, TensorProto.FLOAT16)}
    same = {
        node.output[0]: narrowed[node.input[0]]
        for node in graph.node
        if _casts_to(node, TensorProto.FLOAT) and node.input[0] in narrowed
    }
    for node in graph.node:
        node.input[:] = [same.get(name, name) for name in node.input]


def _casts_to(node: NodeProto, dtype: int) -> bool:
    return node.op_type == "Cast" and helper.get_node_attr_value(node, "to") == dtype


def _touching(model: onnx.ModelProto, tensors: set[str]) -> Iterator[NodeProto]:
    """The nodes that read or write one of ``tensors``."""
    return (node for node in model.graph.node if tensors & {*node.input, *node.output})


def _bf16(model: onnx.ModelProto, feed: Mapping[str, Array]) -> onnx.ModelProto:
    if find_spec("modelopt") is None:
        raise ExportError(
            "bf16 needs ModelOpt's AutoCast: pip install 'nvidia-modelopt[onnx]', or choose --precision fp16"
        )
    from modelopt.onnx import autocast  # noqa: PLC0415 - imports torch

    with TemporaryDirectory() as folder:
        graph, samples = Path(folder) / "model.onnx", Path(folder) / "samples.npz"
        onnx.save(model, str(graph))
        np.savez(samples, **feed)
        return autocast.convert_to_mixed_precision(  # type: ignore[no-any-return]  # untyped library
            str(graph),
            low_precision_type="bf16",
            op_types_to_exclude=list(SUMS),
            keep_io_types=True,
            calibration_data=str(samples),
            providers=["cpu"],
        )
