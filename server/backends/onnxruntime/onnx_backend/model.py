"""Triton's `onnxruntime` backend for servers without the native one; configurations can't tell them apart.

A batch's requests are run at once and split again; a request that fails does so alone. Parameters are read
in `session`, what a configuration may leave out in `signature`, which shapes are taken in
`shape_bounds`, sequences are kept in `sequence_states`.
"""

from __future__ import annotations  # Triton adds its classes to pb only after this module is imported

import gc
import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import triton_python_backend_utils as pb
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from onnx_backend.sequence_states import Sequences
from onnx_backend.session import elements_at_once, sessions
from onnx_backend.shape_bounds import bounds_of
from onnx_backend.signature import Signature, check, completed
from serving_common.core_lease import Cores
from serving_common.error_codes import Code
from serving_common.errors import refusal

Array = npt.NDArray[np.generic]
Shape = tuple[tuple[str, tuple[int, ...]], ...]


class Call:
    """One request, ready to run: its tensors by ONNX input name, and the sequence it belongs to."""

    __slots__ = ("feed", "flags", "index", "sequence")

    def __init__(self, index: int, feed: dict[str, Array], sequence: int | str, flags: int) -> None:
        self.index = index
        self.feed = feed
        self.sequence = sequence
        self.flags = flags

    @property
    def shape(self) -> Shape:
        """What calls must have in common to be run together: inputs, and dims but the batch."""
        return tuple([(name, array.shape[1:]) for name, array in self.feed.items()])


class TritonPythonModel:
    """One instance of an ONNX model."""

    @staticmethod
    def auto_complete_config(config: pb.ModelConfig) -> pb.ModelConfig:
        """Fills in inputs, outputs and batch size that the configuration leaves out, from the ONNX file."""
        path = Path(Path("/proc/self/cmdline").read_text().split("\0")[1])  # all a stub gets to know here
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        said = config.as_dict()
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        batch, inputs, outputs = completed(said, Signature.of(session))
        for tensor in inputs:
            config.add_input(tensor)
        for tensor in outputs:
            config.add_output(tensor)
        if batch != said["max_batch_size"]:
            config.set_max_batch_size(batch)
            if "sequence_batching" not in said:
                config.set_dynamic_batching()
        return config

    def initialize(self, args: dict[str, str]) -> None:
        """Loads the ONNX file.

        Raises:
            ValueError: the configuration does not fit it.
        """
        config = json.loads(args["model_config"])
        name = config.get("default_model_filename") or "model.onnx"
        path = Path(args["model_repository"]) / args["model_version"] / name
        loaded, warnings = sessions(config, path, Cores.of_server())
        for warning in warnings:
            pb.Logger.log_warn(f"{config['name']}: {warning}")
        signature = Signature.of(loaded.wide)
        check(config, signature)
        self._bounds = bounds_of(config, path)
        self._required = frozenset(i["name"] for i in config["input"] if not i.get("optional"))
        self._sessions = loaded
        self._at_once = elements_at_once(config)
        self._batches = int(config["max_batch_size"]) > 0
        self._outputs = [output["name"] for output in config["output"]]
        self._sequences = Sequences(config) if "sequence_batching" in config else None
        states = [] if self._sequences is None else self._sequences.states
        self._fetched = [*self._outputs, *(state.output_name for state in states)]
        self._fed = frozenset(signature.inputs) - {state.input_name for state in states}
        self._text = frozenset(n for n in self._fed if signature.inputs[n].data_type == "TYPE_STRING")
        gc.freeze()  # what is loaded stays: no collection has to walk through it between requests

    def execute(self, requests: Sequence[pb.InferenceRequest]) -> list[pb.InferenceResponse | None]:
        """Answers every request, in order: outputs, or an error of its own."""
        responses: list[pb.InferenceResponse | None] = [None] * len(requests)
        groups: dict[Shape | int, list[Call]] = defaultdict(list)
        for index, request in enumerate(requests):
            try:
                call = self._call(index, request)
            except (KeyError, ValueError) as error:
                responses[index] = refusal(Code.INVALID_INPUT, str(error.args[0]))
            else:
                groups[call.shape if self._batches and len(requests) > 1 else index].append(call)
        for group in groups.values():
            self._answer(group, responses)
        return responses

    def _call(self, index: int, request: pb.InferenceRequest) -> Call:
        """What a request asks for.

        Raises:
            ValueError: the graph does not take a shape, or a text is no UTF-8.
            KeyError: its sequence never started.
        """
        tensors: dict[str, Array] = {}
        for tensor in request.inputs():
            name, array = tensor.name(), tensor.as_numpy()
            tensors[name] = array
            if bounds := self._bounds.get(name):
                bounds.check(array.shape)
        if missing := self._required - tensors.keys():  # Triton only counts inputs where some are optional
            raise ValueError(f"input '{min(missing)}' is missing")
        feed = tensors if self._sequences is None else {n: a for n, a in tensors.items() if n in self._fed}
        for name in self._text & feed.keys():
            feed[name] = _decoded(name, feed[name])
        if self._sequences is None:
            return Call(index, feed, 0, 0)
        sequence, flags = request.correlation_id(), request.flags()
        feed |= self._sequences.values(sequence, flags, tensors)
        return Call(index, feed, sequence, flags)

    def _answer(self, calls: list[Call], responses: list[pb.InferenceResponse | None]) -> None:
        """Runs calls of one shape together; if that fails each on its own, so that only the culprit fails."""
        try:
            results = self._run_together(calls) if len(calls) > 1 else [self._run(calls[0].feed)]
        except Exception as error:  # whatever a graph raises becomes the caller's error
            if len(calls) > 1:
                for call in calls:
                    self._answer([call], responses)
            else:
                invalid = isinstance(error, InvalidArgument)
                code = Code.INVALID_INPUT if invalid else Code.INFERENCE_FAILED
                responses[calls[0].index] = refusal(code, str(error))
            return
        count = len(self._outputs)
        for call, arrays in zip(calls, results, strict=True):
            tensors = [pb.Tensor(name, array) for name, array in zip(self._outputs, arrays, strict=False)]
            responses[call.index] = pb.InferenceResponse(tensors)
            if self._sequences is not None:
                self._sequences.advance(call.sequence, call.flags, arrays[count:])

    def _run(self, feed: dict[str, Array]) -> list[Array]:
        """One pass, or several in a row where one would take more memory than its configuration allows."""
        largest = max(feed.values(), key=lambda array: array.size)
        if not self._at_once or largest.size <= self._at_once or not self._batches:
            return self._sessions.run(self._fetched, feed)
        rows = max(1, self._at_once * len(largest) // largest.size)
        parts = [
            self._sessions.run(self._fetched, {name: a[begin : begin + rows] for name, a in feed.items()})
            for begin in range(0, len(largest), rows)
        ]
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    def _run_together(self, calls: list[Call]) -> list[list[Array]]:
        feeds = [call.feed for call in calls]
        first = next(iter(feeds[0]))
        ends = list(accumulate([len(feed[first]) for feed in feeds], initial=0))
        arrays = self._run({name: np.concatenate([f[name] for f in feeds]) for name in feeds[0]})
        for name, array in zip(self._fetched, arrays, strict=True):
            if array.shape[:1] != (ends[-1],):
                raise ValueError(f"output '{name}' has shape {array.shape} for a batch of {ends[-1]}")
        return [[array[begin:end] for array in arrays] for begin, end in pairwise(ends)]


def _decoded(name: str, array: Array) -> Array:
    """Triton's bytes as the str that ONNX Runtime takes."""
    try:
        texts = [bytes(item).decode() for item in array.flat]
        return np.array(texts, np.object_).reshape(array.shape)
    except UnicodeDecodeError as error:
        raise ValueError(f"input '{name}' is not UTF-8: {error}") from error
