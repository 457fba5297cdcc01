"""The ``.tflite`` itself in LiteRT's interpreter: what the converted graph is compared with."""

import struct

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from flatbuffers import Builder

from exporters.onnx_tools import Floats

_PADDINGS = {1: schema.Padding.SAME, 2: schema.Padding.VALID}
"""C's ``TfLitePadding``, which custom options are written in, as the schema's."""


class Reference:
    """A ``.tflite`` network: ``reference(tensor)`` [1, ...] gives its outputs by the names in the file.

    It runs in TFLite's own kernels. Those of XNNPACK, LiteRT's default, are faster and less exact: masks of
    selfie segmentation differ by 3e-4 between the two.
    """

    def __init__(self, content: bytes) -> None:
        """``content`` is that of the file."""
        self._interpreter = Interpreter(
            model_content=without_custom_operators(content),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {detail["name"]: detail["index"] for detail in self._interpreter.get_output_details()}

    def __call__(self, tensor: Floats) -> dict[str, Floats]:
        """Run the network once."""
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


def without_custom_operators(content: bytes) -> bytes:
    """The file with MediaPipe's ``Convolution2DTransposeBias`` replaced by TFLite's TRANSPOSE_CONV.

    LiteRT does not know MediaPipe's operator. The two have the same weights and the same parameters, now that
    TFLite's has a bias too.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    custom = {
        index
        for index, code in enumerate(model.operatorCodes)
        if code.customCode == b"Convolution2DTransposeBias"
    }
    if not custom:
        return content
    for index in custom:
        code = model.operatorCodes[index]
        code.customCode = None
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TRANSPOSE_CONV
        code.version = 3  # the first with a bias
    graph = model.subgraphs[0]
    for operator in graph.operators:
        if operator.opcodeIndex in custom:
            tensor, weights, bias = operator.inputs
            operator.inputs = [_shape_tensor(model, graph, operator.outputs[0]), weights, tensor, bias]
            operator.builtinOptionsType = schema.BuiltinOptions.TransposeConvOptions
            operator.builtinOptions = options = schema.TransposeConvOptionsT()
            padding, options.strideW, options.strideH = struct.unpack("<3i", bytes(operator.customOptions))
            options.padding = _PADDINGS[padding]
            operator.customOptions = None
    builder = Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _shape_tensor(model: "schema.ModelT", graph: "schema.SubGraphT", output: int) -> int:
    """Add a constant with the shape of ``output`` and return its index."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.asarray(graph.tensors[output].shape, np.int32).tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.buffer = [4], schema.TensorType.INT32, len(model.buffers) - 1
    tensor.name = b"shape_of_output"
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1
