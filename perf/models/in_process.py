"""The models without a server: the same files, modules and session options, in this process."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from tritonclient.grpc.model_config_pb2 import DataType
from tritonclient.utils import triton_to_np_dtype

from perf.inputs.recorded import Step
from perf.models import pictures, speech, text
from perf.models.instances import InProcess, Instance, Job
from perf.served.networks import session
from server.repository import Model


def of(model: Model) -> InProcess | None:
    """The model in this process, or None where nobody has said what that would be: see PYTHON, UNLIKE."""
    if model.config.backend == "onnxruntime":
        return InProcess(partial(_onnx, model))
    return PYTHON.get(model.name)


def _onnx(model: Model, threads: int) -> Instance:
    """An ONNX model; where it has implicit states, a job is some rooms that go on and on."""
    network = session(model, threads)
    states = model.config.sequence_batching.state
    outputs = [output.name for output in model.config.output]
    fetched = [*outputs, *(state.output_name for state in states)]

    def ready(batch: Sequence[Step]) -> Job:
        feed = {name: np.stack([step[name] for step in batch]) for name in batch[0]}
        for state in states:
            kind = triton_to_np_dtype(DataType.Name(state.data_type).removeprefix("TYPE_"))
            feed[state.input_name] = np.zeros((len(batch), *state.dims), kind)

        def run() -> None:
            after = network.run(fetched, feed)[len(outputs) :]
            feed.update(zip((state.input_name for state in states), after, strict=True))

        return run

    return ready


PYTHON: Mapping[str, InProcess] = {**speech.PYTHON, **pictures.PYTHON}
"""What models that are no ONNX file do."""
_STORE = "it waits for the store and computes next to nothing"
UNLIKE: Mapping[str, str] = {**speech.UNLIKE, **text.UNLIKE, "catalog": _STORE, "outcomes": _STORE}
"""Models that are not run without a server, and why."""
