"""Whisper's decoder in ONNX Runtime: caches stay where they are between passes, nothing is copied."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from serving_common.core_lease import Cores, Sessions, share_memory

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Caches = list[ort.OrtValue]
Answers = dict[str, NDArray[np.generic]]

_CUDA = "CUDAExecutionProvider"


class Network:
    """Two sessions: the projection of encoder states, and a decoding pass. See exporters.whisper."""

    def __init__(self, folder: Path, threads: int, gpu: int | None = None) -> None:
        """`folder` holds cross.onnx and decoder.onnx; `threads` 0 takes every core; `gpu`: the one to run on.

        Caches stay on the GPU between passes; the little else there is comes from the CPU's memory and goes
        there.

        Raises:
            ValueError: `gpu` can't be used: nothing runs on the CPU unasked.
        """
        options = ort.SessionOptions()
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        share_memory(options)

        def session(part: str, threads: int) -> ort.InferenceSession:
            options.intra_op_num_threads = threads
            file = folder / f"{part}.onnx"
            if gpu is None:
                return ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            made = ort.InferenceSession(file, options, providers=[(_CUDA, {"device_id": gpu})])
            if _CUDA not in made.get_providers():
                raise ValueError(
                    f"whisper_decoder is to run on GPU {gpu}, which ONNX Runtime {ort.__version__} can't "
                    "use: install onnxruntime-gpu for the CUDA there is, and no onnxruntime beside it"
                )
            return made

        self._device = ("cpu", 0) if gpu is None else ("cuda", gpu)
        self.cores = Cores.of_server()
        self._cross, self._step = (
            Sessions(partial(session, part), threads, self.cores) for part in ("cross", "decoder")
        )
        outputs = [output.name for output in self._step.wide.get_outputs()]
        self._cross_names = [output.name for output in self._cross.wide.get_outputs()]
        self._answers = [name for name in outputs if not name.startswith("present_")]
        self._presents = [name for name in outputs if name.startswith("present_")]
        self._pasts = [name.replace("present_", "past_") for name in self._presents]
        past = next(i for i in self._step.wide.get_inputs() if i.name == self._pasts[0])
        self._empty = (past.shape[1], 0, past.shape[3])
        self.width = int(self._cross.wide.get_inputs()[0].shape[2])
        """Of the encoder's states."""

    def project(self, states: Floats) -> Caches:
        """Cross-attention keys and values of states [B, C, width]."""
        session = self._cross.session
        binding = session.io_binding()
        binding.bind_cpu_input("states", states)
        for name in self._cross_names:
            binding.bind_output(name, *self._device)
        session.run_with_iobinding(binding)
        return list(binding.get_outputs())

    def empty_cache(self, batch: int) -> Caches:
        """A cache without a token for `batch` rows."""
        nothing = ort.OrtValue.ortvalue_from_numpy(np.zeros((batch, *self._empty), np.float32))
        return [nothing] * len(self._pasts)

    def run(self, inputs: Mapping[str, Ints | Floats], past: Caches, cross: Caches) -> tuple[Answers, Caches]:
        """One pass of the network: its answers by name, and the grown cache."""
        session = self._step.session
        binding = session.io_binding()
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        for name, value in zip(self._pasts + self._cross_names, past + cross, strict=True):
            binding.bind_ortvalue_input(name, value)
        for name in self._answers:
            binding.bind_output(name, "cpu")
        for name in self._presents:
            binding.bind_output(name, *self._device)
        session.run_with_iobinding(binding)
        values = list(binding.get_outputs())
        count = len(self._answers)
        answers = {name: value.numpy() for name, value in zip(self._answers, values[:count], strict=True)}
        return answers, values[count:]

    def take(self, caches: Caches, rows: Ints) -> Caches:
        """The caches of some rows of a batch; those of a GPU go through the CPU's memory."""
        kept = (np.ascontiguousarray(value.numpy()[rows]) for value in caches)
        return [ort.OrtValue.ortvalue_from_numpy(array, *self._device) for array in kept]
