"""What a model is without a server: loaded with so many threads, given requests of one shape, and run."""

import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import onnxruntime as ort
from google.protobuf import json_format

from perf.inputs.recorded import Step
from server.launch import BACKENDS
from server.repository import Model

sys.path.append(str(BACKENDS / "onnxruntime"))
import onnx_session

Job = Callable[[], object]
"""Runs a batch that has been made ready."""
Instance = Callable[[Sequence[Step]], Job]
"""A loaded model: makes requests of one shape, together a batch, ready to run."""

THREADS = "intra_op_thread_count"
"""The parameter of configs that says how many threads an instance has."""


def _dims(step: Step) -> Hashable:
    return tuple(array.shape for array in step.values())


@dataclass(frozen=True)
class InProcess:
    """load: an instance of the model with so many threads. shape: what a batch's requests have in common."""

    load: Callable[[int], Instance]
    shape: Callable[[Step], Hashable] = _dims

    def groups(self, steps: Sequence[Step]) -> list[list[Step]]:
        """Requests by shape, the commonest first."""
        groups: dict[Hashable, list[Step]] = defaultdict(list)
        for step in steps:
            groups[self.shape(step)].append(step)
        return sorted(groups.values(), key=len, reverse=True)


def session(model: Model, threads: int) -> ort.InferenceSession:
    """A session with the options of the model's config, but for the threads."""
    config = json_format.MessageToDict(model.config, preserving_proto_field_name=True)
    config.setdefault("parameters", {})[THREADS] = {"string_value": str(threads)}
    file = model.folder / "1" / (model.config.default_model_filename or "model.onnx")
    return ort.InferenceSession(
        file, onnx_session.session_options(config), providers=["CPUExecutionProvider"]
    )
