"""Triton model `waveform`: what a client sends -> what the ASR models listen to.

In 20 s of loud noise or music Whisper finds words that no threshold of its own tells from speech. So in clips
longer than a room's segments (in which speech has been found already) voice_activity has to find speech
first; where it finds none, no text is made of the clip.
"""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import time

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from serving_common.clip import AudioError
from serving_common.error_codes import Code
from serving_common.errors import answered, refusal
from serving_common.speech import LONGEST_SEGMENT, SPEECH, VOICE_WINDOW
from waveform.audio import normalize
from waveform.contexts import LEAST_SPEECH


class TritonPythonModel:
    """Checks, resamples and pads each item of each request; a bad one fails alone."""

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return [answered(request, "waveform", _answer) for request in requests]


def _answer(request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
    tensors = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
    audio, rates = tensors["audio"], tensors["sample_rate"][:, 0]
    try:
        if not len(audio):
            raise AudioError("audio is a batch of none: send 1 to 16 clips")
        items = [normalize(samples, int(rate)) for samples, rate in zip(audio, rates, strict=True)]
    except AudioError as error:
        return refusal(Code.INVALID_INPUT, str(error))
    waveforms = np.stack([waveform for waveform, _ in items])
    durations = np.array([[seconds] for _, seconds in items], np.float32)
    spoken = np.array([[_spoken(waveform, seconds)] for waveform, seconds in items])
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor("waveform", waveforms),
            pb_utils.Tensor("duration", durations),
            pb_utils.Tensor("spoken", spoken),
        ]
    )


def _spoken(waveform: NDArray[np.float32], seconds: float) -> bool:
    """Whether anybody speaks, as far as can be told."""
    if seconds <= LONGEST_SEGMENT:
        return True
    request = pb_utils.InferenceRequest(
        model_name="voice_activity",
        requested_output_names=["probability"],
        inputs=[pb_utils.Tensor("audio", waveform[None, : len(waveform) // VOICE_WINDOW * VOICE_WINDOW])],
        correlation_id=f"waveform {id(waveform)} {time.monotonic_ns()}",
        flags=pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START
        | pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END,
    )
    response = request.exec()
    if response.has_error():
        return True
    probabilities = response.output_tensors()[0].as_numpy().astype(np.float32, copy=False)
    return int((probabilities > SPEECH).sum()) >= LEAST_SPEECH
