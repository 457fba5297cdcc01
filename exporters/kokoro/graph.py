"""Kokoro's published int8 graph rewritten: weights in floats, each norm one operator, durations given out.

The published graph quantizes activations as it runs (DynamicQuantizeLinear and ConvInteger), per tensor: that
adds noise to the voice, and without VNNI a ConvInteger takes longer than a Conv of floats.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from exporters.errors import ExportError
from exporters.onnx_tools import Array

DURATIONS = "/encoder/Clip_output_0"
"""The tensor of frames a token is spoken for, at least 1; a frame is 600 samples at 24 kHz."""
_OVER_FRAMES = {
    "/encoder/MatMul_1_output_0": 2,
    "/encoder/Reshape_output_0": 1,
    "/encoder/Reshape_1_output_0": 1,
}
"""What the vocoder gets of phonemes, pitch and energy, and which axis is time; the last two twice a frame."""
_ALL = 1_000_000
_DOMAINS = {"", "com.microsoft"}


class _Graph:
    """A graph under change: who makes and who takes a tensor, and its constants."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.maker = {name: node for node in model.graph.node for name in node.output}
        self.takers: defaultdict[str, list[NodeProto]] = defaultdict(list)
        for node in model.graph.node:
            for name in node.input:
                self.takers[name].append(node)
        self.replaced: dict[str, NodeProto] = {}
        """New nodes by the output that they make in place of old ones."""

    def array(self, name: str) -> Array:
        """A constant.

        Raises:
            ExportError: there is none of this name.
        """
        if name not in self.constants:
            raise ExportError(f"{name} of the graph is no constant: expected the int8 export of Kokoro-82M")
        return numpy_helper.to_array(self.constants[name])

    def add(self, name: str, array: Array) -> str:
        """A new constant; its name."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def only_taker(self, name: str, *kinds: str) -> NodeProto | None:
        """Who takes a tensor, where it is one of `kinds` and the only one."""
        takers = self.takers[name]
        return takers[0] if len(takers) == 1 and takers[0].op_type in kinds else None

    def finished(self) -> Iterable[NodeProto]:
        """The nodes that the outputs need, in an order that can be run."""
        ordered: list[NodeProto] = []
        done = {"", *self.constants, *(item.name for item in self.graph.input)}
        stack = [(output.name, False) for output in reversed(self.graph.output)]
        while stack:
            name, ready = stack.pop()
            if name in done:
                continue
            node = self.replaced.get(name) or self.maker[name]
            if ready:
                ordered.append(node)
                done.update(node.output)
            else:
                stack.append((name, True))
                stack += [(item, False) for item in reversed(node.input) if item not in done]
        return ordered


def rewritten(source: Path | bytes) -> onnx.ModelProto:
    """The graph with floats for weights, and `durations` beside `audio`.

    Raises:
        ExportError: it is another graph.
    """
    model = onnx.load_model_from_string(source if isinstance(source, bytes) else source.read_bytes())
    graph = _Graph(model)
    if DURATIONS not in graph.maker:
        raise ExportError(f"the graph has no tensor {DURATIONS}: expected the int8 export of Kokoro-82M")
    for node in model.graph.node:
        if node.op_type in ("ConvInteger", "MatMulInteger"):
            _to_floats(graph, node)
        elif node.op_type == "DynamicQuantizeLSTM":
            _lstm_to_floats(graph, node)
        elif node.op_type == "Sqrt":
            _to_instance_norm(graph, node)
    _limit_speed(graph)
    _leave_out_silence(graph)
    _to_two_dimensions(graph)
    graph.replaced["durations"] = helper.make_node("Identity", [DURATIONS], ["durations"])
    model.graph.input.append(helper.make_tensor_value_info("keep", TensorProto.INT64, [2]))
    model.graph.output.append(helper.make_tensor_value_info("durations", TensorProto.FLOAT, [1, "tokens"]))
    model.graph.output.append(helper.make_tensor_value_info("skipped", TensorProto.INT64, [1]))
    nodes = list(graph.finished())
    used = {name for node in nodes for name in node.input}
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(t for name, t in graph.constants.items() if name in used)
    kept = [item for item in model.opset_import if item.domain in _DOMAINS]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return model


def _dequantized(
    graph: _Graph, quantized: str, zero_point: str, scale: str, shape: tuple[int, ...] | None = None
) -> Array:
    """Weights in floats; `shape` is what zero point and scale are brought to where they do not broadcast."""
    zero, step = (graph.array(name).astype(np.float32) for name in (zero_point, scale))
    if shape is not None:
        zero, step = zero.reshape(shape), step.reshape(shape)
    return ((graph.array(quantized).astype(np.float32) - zero) * step).astype(np.float32)


def _to_floats(graph: _Graph, node: NodeProto) -> None:
    """A convolution or product of integers, and what turns it back into floats, as one of floats."""
    quantize = graph.maker[node.input[0]]
    bias: list[str] = []
    result = node.output[0]
    if adding := graph.only_taker(result, "Add"):
        bias, result = [_bias_of(graph, adding)], adding.output[0]
    cast = graph.only_taker(result, "Cast")
    scaling = cast and graph.only_taker(cast.output[0], "Mul")
    if quantize.op_type != "DynamicQuantizeLinear" or scaling is None or cast is None:
        raise ExportError(f"{node.name} is not quantized as expected of the int8 export of Kokoro-82M")
    (factors,) = [graph.maker[name] for name in scaling.input if name != cast.output[0]]
    (scale,) = [name for name in factors.input if name != quantize.output[1]]
    weights = _dequantized(graph, node.input[1], node.input[3], scale)
    name = graph.add(f"{node.input[1]}_float", weights)
    kind = "Conv" if node.op_type == "ConvInteger" else "MatMul"
    made = helper.make_node(kind, [quantize.input[0], name, *bias], [scaling.output[0]], node.name)
    made.attribute.extend(node.attribute)
    graph.replaced[scaling.output[0]] = made


def _bias_of(graph: _Graph, adding: NodeProto) -> str:
    """The float constant that the integers which are added were made of: Div, Floor, Cast, Reshape."""
    for name in adding.input:
        node = graph.maker[name]
        for kind in ("Reshape", "Cast", "Floor"):
            if node.op_type != kind:
                break
            node = graph.maker[node.input[0]]
        else:
            return str(node.input[0])
    raise ExportError(f"{adding.name} adds no bias: expected the int8 export of Kokoro-82M")


def _lstm_to_floats(graph: _Graph, node: NodeProto) -> None:
    """Its weights are kept as [directions, inputs, 4 hidden], those of an LSTM the other way round."""
    weights = []
    for quantized, scale, zero in zip(node.input[1:3], node.input[8::2], node.input[9::2], strict=True):
        array = _dequantized(graph, quantized, zero, scale, (-1, 1, 1))
        weights.append(graph.add(f"{quantized}_float", np.ascontiguousarray(array.transpose(0, 2, 1))))
    made = helper.make_node("LSTM", [node.input[0], *weights, *node.input[3:8]], list(node.output), node.name)
    made.attribute.extend(item for item in node.attribute if item.name in ("direction", "hidden_size"))
    graph.replaced.update(dict.fromkeys(node.output, made))


def _to_instance_norm(graph: _Graph, root: NodeProto) -> None:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta over time, as one InstanceNormalization.

    Where anything looks different, another norm or a shared tensor, it stays as it is.
    """
    offset = graph.maker.get(root.input[0])
    variance = offset and graph.maker.get(offset.input[0])
    square = variance and graph.maker.get(variance.input[0])
    if not (offset and variance and square and variance.op_type == "ReduceMean" and square.op_type == "Mul"):
        return
    centered = graph.maker.get(square.input[0])
    ratio = graph.only_taker(root.output[0], "Div")
    scaled = ratio and graph.only_taker(ratio.output[0], "Mul")
    shifted = scaled and graph.only_taker(scaled.output[0], "Add")
    if not (centered and centered.op_type == "Sub" and ratio and scaled and shifted):
        return
    axes = graph.array(variance.input[1]) if len(variance.input) > 1 else np.array([0])
    if axes.tolist() != [2]:
        return
    (gamma,) = [name for name in scaled.input if name != ratio.output[0]]
    (beta,) = [name for name in shifted.input if name != scaled.output[0]]
    flat = graph.add("norm_channels", np.array([-1], np.int64))
    per_channel = []
    for name in (gamma, beta):
        reshaped = f"{name}_per_channel"
        graph.replaced[reshaped] = helper.make_node("Reshape", [name, flat], [reshaped])
        per_channel.append(reshaped)
    epsilon = float(graph.array(offset.input[1]))
    graph.replaced[shifted.output[0]] = helper.make_node(
        "InstanceNormalization",
        [centered.input[0], *per_channel],
        [shifted.output[0]],
        root.name,
        epsilon=epsilon,
    )


def _limit_speed(graph: _Graph) -> None:
    """Whatever is asked for, no phoneme lasts without end."""
    low, high = (
        graph.add(name, np.array(value, np.float32)) for name, value in (("slowest", 0.5), ("fastest", 3))
    )
    graph.replaced["speed_within"] = helper.make_node("Clip", ["speed", low, high], ["speed_within"])
    for node in graph.takers["speed"]:
        for index, name in enumerate(node.input):
            if name == "speed":
                node.input[index] = "speed_within"


def _leave_out_silence(graph: _Graph) -> None:
    """The vocoder speaks no more frames before the first phoneme and from the last one on than `keep` [2].

    A clause begins and ends with silence, 0.6 of the 1.9 s of a short one, which costs as much as speech and
    is thrown away. Pitch and energy are those of the whole. 0 keeps all; `skipped` are left out in front.
    """

    def numbers(name: str, *values: int) -> str:
        return graph.add(name, np.array(values, np.int64))

    def node(kind: str, inputs: list[str], output: str) -> str:
        graph.replaced[output] = helper.make_node(kind, inputs, [output])
        return output

    zero, one, two, end = (
        numbers("0", 0),
        numbers("1", 1),
        numbers("2", 2),
        numbers("end", np.iinfo(np.int64).max),
    )
    flat = node("Reshape", [DURATIONS, numbers("flat", -1)], "frames_float")
    frames = "frames"
    graph.replaced[frames] = helper.make_node("Cast", [flat], [frames], to=TensorProto.INT64)
    everything = node("Equal", ["keep", zero], "keep_all")
    kept = node("Where", [everything, numbers("all", _ALL), "keep"], "kept")
    first = node("Slice", [frames, zero, one], "first_frames")
    last = node("Slice", [frames, numbers("-3", -3), end], "last_frames")
    total = node("ReduceSum", [last], "last_total")
    before = node("Sub", [first, node("Slice", [kept, zero, one], "keep_before")], "over_before")
    after = node("Sub", [total, node("Slice", [kept, one, two], "keep_after")], "over_after")
    skipped = node("Max", [before, zero], "skipped")
    size = node("ReduceSum", [frames], "size")
    stop = node("Sub", [size, node("Max", [after, zero], "left_out")], "stop")
    double = node("Mul", [skipped, two], "skipped_twice"), node("Mul", [stop, two], "stop_twice")
    for name, axis in _OVER_FRAMES.items():
        makers = [*graph.replaced.values(), *graph.takers[name]]
        takers = [taker for taker in makers if taker.name.startswith("/decoder") and name in taker.input]
        borders = (skipped, stop) if axis == 2 else double
        cut = node("Slice", [name, *borders, two if axis == 2 else one], f"{name}_kept")
        for taker in takers:
            taker.input[:] = [cut if item == name else item for item in taker.input]


def _to_two_dimensions(graph: _Graph) -> None:
    """Convolutions over time as ones over pictures of height 1, for which ONNX Runtime has blocked kernels.

    They do without copies of what each output sees, a fifth of the time of a sentence.
    """
    axis = graph.add("height", np.array([2], np.int64))
    convolutions = [node for node in {**graph.maker, **graph.replaced}.values() if node.op_type == "Conv"]
    for node in convolutions:
        weights = graph.array(node.input[1])
        if weights.ndim != 3:
            continue
        flat = graph.add(f"{node.input[1]}_flat", weights[:, :, None, :])
        known = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        begin, end = known.get("pads", [0, 0])
        (output,) = node.output
        raised, made = f"{output}_raised", f"{output}_made"
        graph.replaced[raised] = helper.make_node("Unsqueeze", [node.input[0], axis], [raised])
        graph.replaced[made] = helper.make_node(
            "Conv",
            [raised, flat, *node.input[2:]],
            [made],
            node.name,
            kernel_shape=[1, weights.shape[-1]],
            strides=[1, *known.get("strides", [1])],
            dilations=[1, *known.get("dilations", [1])],
            pads=[0, begin, 0, end],
            group=known.get("group", 1),
        )
        graph.replaced[output] = helper.make_node("Squeeze", [made, axis], [output])
