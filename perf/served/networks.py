"""Networks in this process, with the options that their configs have."""

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
from google.protobuf import json_format

from evaluation.pictures import Image
from exporters.onnx_tools import Floats
from onnx_backend.session import session_options
from perf.served.pictures import REPOSITORY
from server.repository import Model

THREADS = "intra_op_thread_count"
"""The parameter of configs that says how many threads an instance has."""


class Networks:
    """The networks, asked as `faces` asks them; each is loaded when it is first asked."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._sessions: dict[str, ort.InferenceSession] = {}

    def __call__(self, model: str, images: Sequence[Image], outputs: Sequence[str]) -> list[Floats]:
        """The outputs [N,...] for N images of one size."""
        if model not in self._sessions:
            self._sessions[model] = session(REPOSITORY.read(model), self._threads)
        found: list[Floats] = self._sessions[model].run(list(outputs), {"image": np.stack(images)})
        return found


def session(model: Model, threads: int) -> ort.InferenceSession:
    """A session with the options of the model's config, but for the threads."""
    config = json_format.MessageToDict(model.config, preserving_proto_field_name=True)
    config.setdefault("parameters", {})[THREADS] = {"string_value": str(threads)}
    file = model.folder / "1" / (model.config.default_model_filename or "model.onnx")
    return ort.InferenceSession(file, session_options(config), providers=["CPUExecutionProvider"])
