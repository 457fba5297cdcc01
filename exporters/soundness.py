"""Is a graph sound in itself? Its weights, what flows through it and what it answers are finite and alive.

A comparison says little of a network that is broken as its source is: NaN differs from nothing, and two
constants agree. So the pipeline asks this of every graph of every family, whatever its author measures.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from exporters.contract import Profile, Shape
from exporters.errors import GateError
from exporters.graph_check import Tensor, graph_tensors
from exporters.onnx_tools import Array, session

REMEDY = "the checkpoint is damaged, or its training diverged: take an earlier one"
LOUDNESS = (0.0, 0.1, 1.0)
"""Standard deviations of the three inputs that every graph is tried with; bytes get their whole range.

Where all that goes in are whole numbers, they are 0, 1 and 2.
"""
_MOST_NAMED = 3
_TINY = float(np.finfo(np.float32).tiny)
"""Numbers below are subnormal: nothing is learnt in them."""
_WEIGHTS: Mapping[str, tuple[int, ...]] = {
    "BatchNormalization": (1,),
    "Conv": (1,),
    "ConvInteger": (1,),
    "ConvTranspose": (1,),
    "GRU": (1, 2),
    "Gather": (0,),
    "Gemm": (1,),
    "InstanceNormalization": (1,),
    "LSTM": (1, 2),
    "LayerNormalization": (1,),
    "MatMul": (0, 1),
    "MatMulInteger": (1,),
    "MatMulIntegerToFloat": (1, 3),
    "QLinearConv": (3,),
    "QLinearMatMul": (3,),
    "RNN": (1, 2),
}
"""Inputs by operator without which it gives nothing: all zeros there are a layer that is dead."""


def check_weights(path: Path) -> None:
    """Look at every number that is stored in a graph, in any precision, those of loops and branches included.

    Raises:
        GateError: some are not finite, or a layer's weights are all zero or subnormal; it names them.
    """
    model = onnx.load(str(path))
    where = f"{path.parent.name}/{path.name}"
    broken = [f"{name} ({said})" for name, array in _constants(model.graph) if (said := not_finite(array))]
    if broken:
        raise GateError(f"{where} has weights that are not finite: {_named(broken)}; {REMEDY}")
    if dead := sorted(_dead(model.graph)):
        raise GateError(f"{where} has layers whose weights are all zero: {_named(dead)}; {REMEDY}")


def check_answers(path: Path, profiles: Mapping[str, Profile]) -> None:
    """Run a graph on silence, on something and on more of it, in a small shape of its ``profiles``.

    Raises:
        GateError: a tensor on the way or an output is not finite, or an output is the same for all of them.
    """
    model = onnx.load(str(path))
    where = f"{path.parent.name}/{path.name}"
    weights = {weight.name for weight in model.graph.initializer}
    inputs = graph_tensors([value for value in model.graph.input if value.name not in weights])
    empty = any(0 in profile.smallest for profile in profiles.values())
    shapes = {name: profile.usual if empty else profile.smallest for name, profile in profiles.items()}
    shapes = {name: shapes.get(name, tensor.dims) for name, tensor in inputs.items()}
    feeds = [_feed(where, inputs, shapes, loudness) for loudness in LOUDNESS]
    outputs = [output.name for output in model.graph.output]
    try:
        names, probe = _probed(model)
        network = session(probe)
        answers = [
            dict(zip(outputs + names, network.run(outputs + names, feed), strict=True)) for feed in feeds
        ]
    except Exception as error:  # ONNX Runtime's exceptions have no common base
        reason = str(error).partition("\n")[0]
        raise GateError(f"{where} does not run in ONNX Runtime: {reason}") from None
    broken = [
        name.removesuffix(_PROBE) for name in names if any(np.isnan(answer[name]).any() for answer in answers)
    ]
    if broken:
        raise GateError(f"{where} computes what is not finite: {_named(broken)}; {REMEDY}")
    for name in outputs:
        first, *others = (answer[name] for answer in answers)
        if first.dtype.kind == "f" and first.size and all(np.array_equal(first, other) for other in others):
            raise GateError(f"{where}: output {name} is the same whatever goes in; {REMEDY}")


def not_finite(array: Array) -> str:
    """What is wrong with an array, "2 of 64 are NaN"; empty when all is finite, or not of floats."""
    if array.dtype.kind in "biuOSU":
        return ""
    floats = array.astype(np.float64)
    for what, count in (("NaN", np.isnan(floats).sum()), ("infinite", np.isinf(floats).sum())):
        if count:
            return f"{count} of {array.size} are {what}"
    return ""


def _constants(graph: onnx.GraphProto) -> Iterator[tuple[str, Array]]:
    """Names and values of all that a graph stores."""
    for tensor in graph.initializer:
        yield tensor.name, numpy_helper.to_array(tensor)
    for sparse in graph.sparse_initializer:
        yield sparse.values.name, numpy_helper.to_array(sparse.values)
    for node in graph.node:
        name = node.name or (node.output[0] if node.output else node.op_type)
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield name, numpy_helper.to_array(attribute.t)
            elif attribute.type in (onnx.AttributeProto.FLOAT, onnx.AttributeProto.FLOATS):
                yield f"{name}.{attribute.name}", np.array([attribute.f, *attribute.floats], np.float32)
            elif attribute.HasField("g"):
                yield from _constants(attribute.g)


def _dead(graph: onnx.GraphProto) -> set[str]:
    """Names of the weights that are as good as zero."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    used = {
        node.input[index]
        for node in graph.node
        for index in _WEIGHTS.get(node.op_type, ())
        if index < len(node.input)
    }
    found = set()
    for name in used & stored.keys():
        array = numpy_helper.to_array(stored[name])
        if array.ndim and array.size > 1 and array.dtype.kind not in "OSUb":
            largest = float(np.abs(array.astype(np.float64)).max())
            found |= {name} if largest < _TINY else set()
    return found


_PROBE = "/finite"


def _probed(model: onnx.ModelProto) -> tuple[list[str], bytes]:
    """The graph with an output ``NAME/finite`` for each tensor of floats: 0, or NaN where it is not finite.

    ONNX Runtime is asked for the types, for onnx does not know those behind its own operators.
    """
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    known = {output.name for output in model.graph.output}
    made = [name for node in model.graph.node for name in node.output if name]
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made if name not in known)
    typed = session(probe.SerializeToString()).get_outputs()
    floats = [tensor.name for tensor in typed if "float" in tensor.type or "double" in tensor.type]
    del probe.graph.output[len(known) :]
    for name in floats:
        # A sum keeps what a maximum may lose: NaN among numbers.
        steps: list[NodeProto] = [
            helper.make_node("Cast", [name], [f"{name}/float"], to=TensorProto.FLOAT),
            helper.make_node("Sub", [f"{name}/float", f"{name}/float"], [f"{name}/zero"]),
            helper.make_node("ReduceSum", [f"{name}/zero"], [f"{name}{_PROBE}"], keepdims=0),
        ]
        probe.graph.node.extend(steps)
        probe.graph.output.append(helper.make_tensor_value_info(f"{name}{_PROBE}", TensorProto.FLOAT, []))
    return [f"{name}{_PROBE}" for name in floats], probe.SerializeToString()


def _feed(
    where: str, inputs: Mapping[str, Tensor], shapes: Mapping[str, Shape], loudness: float
) -> dict[str, Array]:
    """An input of each name; whole numbers, which may be places in a table, are 0 beside others."""
    random = np.random.default_rng(0)
    counted = all("INT" in tensor.dtype and tensor.dtype != "TYPE_UINT8" for tensor in inputs.values())
    number = LOUDNESS.index(loudness) if counted else 0
    found: dict[str, Array] = {}
    for name, tensor in inputs.items():
        shape = shapes[name]
        if -1 in shape:
            raise GateError(f"{where}: input {name} {list(shape)} has dynamic axes: give it a profile")
        dtype = _NUMPY.get(tensor.dtype)
        if dtype is None:
            raise GateError(f"{where}: nothing is known to try input {name} with, it is {tensor.dtype}")
        noise: NDArray[np.float64] = random.standard_normal(shape) * loudness
        if dtype == np.uint8:
            noise = np.clip(128 * np.sign(loudness) + 64 * noise, 0, 255)
        elif np.dtype(dtype).kind in "bi":
            noise = np.full(shape, float(number))
        found[name] = noise.astype(dtype)
    return found


_NUMPY: Mapping[str, type[np.generic]] = {
    "TYPE_BOOL": np.bool_,
    "TYPE_UINT8": np.uint8,
    "TYPE_INT8": np.int8,
    "TYPE_INT32": np.int32,
    "TYPE_INT64": np.int64,
    "TYPE_FP16": np.float16,
    "TYPE_FP32": np.float32,
    "TYPE_FP64": np.float64,
}


def _named(found: list[str]) -> str:
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return ", ".join(found[:_MOST_NAMED]) + more
