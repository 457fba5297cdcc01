"""The models without a server: the same files, modules and session options, in this process."""

import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnxruntime as ort
from google.protobuf import json_format
from tritonclient.grpc.model_config_pb2 import DataType
from tritonclient.utils import triton_to_np_dtype

from exporters.onnx_tools import Floats
from exporters.whisper.served import Decoder, Network, Request, Vocabulary, normalise
from perf.inputs.recorded import Step
from perf.report import PROJECT
from server.launch import BACKENDS
from server.repository import Model, Repository

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


def of(model: Model) -> InProcess | None:
    """The model in this process, or None where nobody has said what that would be: see PYTHON, UNLIKE."""
    if model.config.backend == "onnxruntime":
        return InProcess(partial(_onnx, model))
    return PYTHON.get(model.name)


def _session(model: Model, threads: int) -> ort.InferenceSession:
    """A session with the options of the model's config, but for the threads."""
    config = json_format.MessageToDict(model.config, preserving_proto_field_name=True)
    config.setdefault("parameters", {})[THREADS] = {"string_value": str(threads)}
    file = model.folder / "1" / (model.config.default_model_filename or "model.onnx")
    return ort.InferenceSession(
        file, onnx_session.session_options(config), providers=["CPUExecutionProvider"]
    )


def _onnx(model: Model, threads: int) -> Instance:
    """An ONNX model; where it has implicit states, a job is some rooms that go on and on."""
    session = _session(model, threads)
    states = model.config.sequence_batching.state
    outputs = [output.name for output in model.config.output]
    fetched = [*outputs, *(state.output_name for state in states)]

    def ready(batch: Sequence[Step]) -> Job:
        feed = {name: np.stack([step[name] for step in batch]) for name in batch[0]}
        for state in states:
            kind = triton_to_np_dtype(DataType.Name(state.data_type).removeprefix("TYPE_"))
            feed[state.input_name] = np.zeros((len(batch), *state.dims), kind)

        def run() -> None:
            after = session.run(fetched, feed)[len(outputs) :]
            feed.update(zip((state.input_name for state in states), after, strict=True))

        return run

    return ready


def _waveform(threads: int) -> Instance:
    """Clips one after the other; numpy has but one thread for them."""
    return lambda batch: lambda: [_laid_out(step) for step in batch]


def _decoder(threads: int) -> Instance:
    """A batch is decoded together."""
    folder = PROJECT / "model_repository" / "whisper_decoder" / "1"
    vocabulary = Vocabulary(folder)
    decoder = Decoder(Network(folder, threads), vocabulary)

    def request(step: Step) -> Request:
        language, prefix, draft = (str(step[name][0]) for name in ("language", "prefix", "draft"))
        return Request(
            step["states"].astype(np.float32, copy=False),
            float(step["duration"][0]),
            vocabulary.indices(language),
            vocabulary.encode(prefix),
            vocabulary.encode(draft),
        )

    def decode(batch: Sequence[Step]) -> list[str]:
        return [vocabulary.decode(found.tokens) for found in decoder.decode([request(s) for s in batch])]

    return lambda batch: lambda: decode(batch)


def _asr(threads: int) -> Instance:
    """The ensemble's steps: clip by clip up to the decoder, which gets the batch."""
    repository = Repository(PROJECT / "model_repository")
    mel, encoder = (_session(repository.read(name), threads) for name in ("log_mel", "whisper_encoder"))
    decoder = _decoder(threads)

    def listen(step: Step) -> Step:
        waveform = _laid_out(step)[None]
        (features,) = mel.run(["features"], {"waveform": waveform})
        (states,) = encoder.run(["states"], {"features": features})
        seconds = np.float32(len(step["audio"]) / step["sample_rate"][0])
        return {**step, "states": states[0], "duration": np.array([seconds])}

    return lambda batch: lambda: decoder([listen(step) for step in batch])()


def _laid_out(step: Step) -> Floats:
    return normalise(step["audio"].astype(np.float32, copy=False), int(step["sample_rate"][0]))[0]


def _context(step: Step) -> Hashable:
    return len(_laid_out(step))


PYTHON: Mapping[str, InProcess] = {
    "asr": InProcess(_asr, _context),
    "waveform": InProcess(_waveform, _context),
    "whisper_decoder": InProcess(_decoder),
}
"""What models that are no ONNX file do."""
UNLIKE: Mapping[str, str] = {
    "captions": "it waits for asr and voice_activity and computes next to nothing: see asr",
}
"""Models that are nothing without a server, and why."""
