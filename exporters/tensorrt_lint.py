"""A static look at whether TensorRT could build an ONNX graph: operators, data types, profiles, axes.

It needs neither a GPU nor TensorRT, so it finds what is certain to fail and promises nothing more.
Operators: those the onnx-tensorrt project's ``docs/operators.md`` marks supported, and those added since.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import onnx

from exporters.contract import Profile
from exporters.errors import GateError
from exporters.graph_check import TRITON_TYPES, graph_tensors

_OPERATORS = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast Ceil
Celu Clip Concat Constant ConstantOfShape Conv ConvTranspose Cos Cosh CumSum DepthToSpace
DequantizeLinear Div Dropout Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather
GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GridSample
GroupNormalization HardSigmoid HardSwish Identity If InstanceNormalization IsInf IsNaN LRN LSTM
LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul Max
MaxPool Mean Min Mod Mul Neg NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow QuantizeLinear
RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign Round Scan
ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign
SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze
Upsample Where Xor
"""
SUPPORTED_OPERATORS = frozenset(_OPERATORS.split())
SUPPORTED_TYPES = frozenset(
    (
        "TYPE_BOOL",
        "TYPE_UINT8",
        "TYPE_INT8",
        "TYPE_INT32",
        "TYPE_INT64",
        "TYPE_FP16",
        "TYPE_BF16",
        "TYPE_FP32",
    )
)
MAX_OPSET = 24
"""That of TensorRT 10.15; 11 reads 25."""


def lint(path: Path, profiles: Mapping[str, Profile]) -> None:
    """Lint one graph; ``profiles`` must give a range to every dynamic axis.

    Raises:
        GateError: lists everything TensorRT would not take.
    """
    model = onnx.load(str(path), load_external_data=False)
    problems = [*_operators(model), *_types(model.graph), *_inputs(model.graph, profiles)]
    if problems:
        raise GateError(f"TensorRT would not build {path.parent.name}/{path.name}: " + "; ".join(problems))


def lint_bytes(path: Path) -> None:
    """Lint a graph prepared for TensorRT, which has uint8 at a network's border only: only a Cast reads it.

    Raises:
        GateError: names the operators that read bytes.
    """
    graph = onnx.load(str(path), load_external_data=False).graph
    inputs = {
        value.name for value in graph.input if value.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    }
    readers = {node.op_type for node in _nodes(graph) if inputs & set(node.input)} - {"Cast"}
    if readers:
        raise GateError(
            f"TensorRT lets nothing but Cast read uint8; {path.name} has {', '.join(sorted(readers))}"
        )


def opset(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operator set a model is written in."""
    return next(int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx"))


def _operators(model: onnx.ModelProto) -> Iterator[str]:
    if opset(model) > MAX_OPSET:
        yield f"opset {opset(model)} is newer than {MAX_OPSET}"
    nodes = list(_nodes(model.graph))
    unknown = {f"{n.domain}.{n.op_type}" if n.domain else n.op_type for n in nodes if not _supported(n)}
    if unknown:
        yield "unsupported operators " + ", ".join(sorted(unknown))


def _supported(node: onnx.NodeProto) -> bool:
    return node.domain in ("", "ai.onnx") and node.op_type in SUPPORTED_OPERATORS


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node, those inside loops and branches included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)


def _types(graph: onnx.GraphProto) -> Iterator[str]:
    """Weights, constants and casts of data types that TensorRT does not have; int64 it has since 10."""
    found = {weight.data_type for weight in graph.initializer}
    for node in _nodes(graph):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                found.add(attribute.t.data_type)
            elif node.op_type == "Cast" and attribute.name == "to":
                found.add(attribute.i)
    unknown = {TRITON_TYPES.get(code, f"ONNX {code}") for code in found} - SUPPORTED_TYPES
    if unknown:
        yield "weights, constants or casts of " + ", ".join(sorted(unknown))


def _inputs(graph: onnx.GraphProto, profiles: Mapping[str, Profile]) -> Iterator[str]:
    weights = {weight.name for weight in graph.initializer}
    inputs = graph_tensors([value for value in graph.input if value.name not in weights])
    for name, tensor in (inputs | graph_tensors(list(graph.output))).items():
        if tensor.dtype not in SUPPORTED_TYPES:
            yield f"{name} is {tensor.dtype}, which TensorRT does not have"
    for name in profiles.keys() - inputs.keys():
        yield f"there is a profile for {name}, which is not an input"
    for name, tensor in inputs.items():
        if name not in profiles:
            if -1 in tensor.dims:
                yield f"input {name} {list(tensor.dims)} has dynamic axes and no optimization profile"
        elif not _covers(profiles[name], tensor.dims):
            yield f"the profile of {name} ({profiles[name]}) does not fit its shape {list(tensor.dims)}"


def _covers(profile: Profile, dims: tuple[int, ...]) -> bool:
    """Whether min <= opt <= max on every axis, and a fixed axis keeps its size."""
    shapes = (profile.smallest, profile.usual, profile.largest)
    if any(len(shape) != len(dims) for shape in shapes):
        return False
    return all(
        low <= mid <= high and (dim == -1 or low == high == dim)
        for low, mid, high, dim in zip(*shapes, dims, strict=True)
    )
