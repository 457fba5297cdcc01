"""Triton model `waveform`: what a client sends -> what the ASR models listen to."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import numpy as np
import triton_python_backend_utils as pb_utils
from audio import AudioError, normalise


class TritonPythonModel:
    """Checks, resamples and pads each item of each request; a bad one fails alone."""

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return [_answer(request) for request in requests]


def _answer(request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
    tensors = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
    audio, rates = tensors["audio"], tensors["sample_rate"][:, 0]
    try:
        items = [normalise(samples, int(rate)) for samples, rate in zip(audio, rates, strict=True)]
    except AudioError as error:
        refusal = pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
        return pb_utils.InferenceResponse(error=refusal)
    waveforms = np.stack([waveform for waveform, _ in items])
    durations = np.array([[seconds] for _, seconds in items], np.float32)
    return pb_utils.InferenceResponse(
        [pb_utils.Tensor("waveform", waveforms), pb_utils.Tensor("duration", durations)]
    )
