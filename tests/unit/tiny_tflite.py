"""Make small ``.tflite`` files, and run them both ways: in LiteRT and converted to ONNX."""

from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder

from exporters.onnx_tools import Array, Floats, Graph
from exporters.tflite.builder import GraphBuilder
from exporters.tflite.convert import convert
from exporters.tflite.flatbuffer import parse
from exporters.tflite.reference import Reference

RANDOM = np.random.default_rng(7)
_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.int32): schema.TensorType.INT32,
}

_VERSIONS = {"DEPTHWISE_CONV_2D": 2, "RESIZE_BILINEAR": 3, "TRANSPOSE_CONV": 3, "DEQUANTIZE": 3}
"""Of the operators that need another than 1 for what is tested: dilation, half pixels, a bias, float16."""


def random(*shape: int) -> Floats:
    """Values around zero."""
    return RANDOM.standard_normal(shape).astype(np.float32)


class File:
    """A network with one input of ``shape``, whose index is 0; every method gives a tensor's index."""

    def __init__(self, *shape: int) -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._graph.inputs = [self.tensor(shape)]
        self._model.subgraphs = [self._graph]

    def tensor(self, shape: tuple[int, ...], dtype: type = np.float32, buffer: int = 0) -> int:
        """Declare a tensor."""
        tensor = schema.TensorT()
        tensor.shape, tensor.buffer, tensor.type = list(shape), buffer, _TYPES[np.dtype(dtype)]
        tensor.name = f"tensor_{len(self._graph.tensors)}".encode()
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(
        self, values: Array, shape: tuple[int, ...] = (), sparsity: "schema.SparsityParametersT | None" = None
    ) -> int:
        """Add a constant; of a sparse one ``values`` are those it keeps and ``shape`` is the dense one."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        index = self.tensor(shape or values.shape, values.dtype.type, len(self._model.buffers) - 1)
        self._graph.tensors[index].sparsity = sparsity
        return index

    def step(self, name: str, inputs: list[int], shape: tuple[int, ...], options: object = None) -> int:
        """Append the operator ``name`` with an output of ``shape``; ``options`` are of the schema's class."""
        index = self._append(getattr(schema.BuiltinOperator, name), _VERSIONS.get(name, 1), inputs, shape)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            self._graph.operators[-1].builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            self._graph.operators[-1].builtinOptions = options
        return index

    def custom(self, name: str, inputs: list[int], shape: tuple[int, ...], parameters: bytes = b"") -> int:
        """Append a custom operator."""
        index = self._append(schema.BuiltinOperator.CUSTOM, 1, inputs, shape)
        self._model.operatorCodes[-1].customCode = name
        self._graph.operators[-1].customOptions = np.frombuffer(parameters, np.uint8)
        return index

    def _append(self, operator: int, version: int, inputs: list[int], shape: tuple[int, ...]) -> int:
        code = schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = operator, min(operator, 127), version
        self._model.operatorCodes.append(code)
        step = schema.OperatorT()
        step.opcodeIndex = len(self._model.operatorCodes) - 1
        step.inputs, step.outputs = inputs, [self.tensor(shape)]
        self._graph.operators.append(step)
        return int(step.outputs[0])

    def content(self, *outputs: int) -> bytes:
        """The finished file."""
        self._graph.outputs = list(outputs)
        builder = Builder(1024)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def converted(content: bytes) -> GraphBuilder:
    """The network as an ONNX graph with the input ``x`` and the outputs ``y0``, ``y1``, channels first."""
    network, graph = parse(content), GraphBuilder()
    shape = network.shapes[network.inputs[0]]
    image = graph.input("x", np.float32, ["batch", shape[3], *shape[1:3]])
    for number, (name, index) in enumerate(
        zip(convert(network, graph, [image]), network.outputs, strict=True)
    ):
        found = network.shapes[index]
        graph.output(
            f"y{number}", name, ["batch", found[3], *found[1:3]] if len(found) == 4 else ["batch", *found[1:]]
        )
    return graph


def run_both(content: bytes, folder: Path, batch: int = 3) -> list[tuple[Floats, Floats]]:
    """What ONNX Runtime and what LiteRT say to the same random input, by output; channels last."""
    images = random(batch, *parse(content).shapes[0][1:])
    graph = Graph(converted(content).save(folder / "model.onnx"))
    reference = Reference(content)
    alone = [list(reference(image[None]).values()) for image in images]
    theirs = [np.concatenate(each) for each in zip(*alone, strict=True)]
    ours = graph(x=np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    return [
        (found.transpose(0, 2, 3, 1) if found.ndim == 4 else found, expected)
        for found, expected in zip(ours, theirs, strict=True)
    ]


def agree(content: bytes, folder: Path) -> None:
    """Assert that both say the same of a batch, which LiteRT gets one by one."""
    for found, expected in run_both(content, folder):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def operators(content: bytes) -> list[str]:
    """The converted network's operators in order."""
    return [node.op_type for node in converted(content).model().graph.node]


def convolution(
    padding: int = schema.Padding.VALID, stride: int = 1, dilation: int = 1, activation: int = 0
) -> "schema.Conv2DOptionsT":
    """Options of a CONV_2D that are the same down and across."""
    return schema.Conv2DOptionsT(padding, stride, stride, activation, dilation, dilation)
