"""Triton model `voice_mood`: a piece of speech -> how excited and how pleased the voice is.

It keeps nothing: how a speaker usually sounds is the `baseline` that comes with a request and goes with its
answer, so that any server may be asked next.
"""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio

import numpy as np
import triton_python_backend_utils as pb_utils

from serving_common.error_codes import Code
from serving_common.errors import CallError, refusal
from serving_common.speech import SAMPLE_RATE, SPEECH, VOICE_WINDOW
from voice_mood.bls import Floats, pitch_of, sentiment_of, speech_of, words_of
from voice_mood.prosody import HOP, prosody
from voice_mood.requests import Asked, read

LEAST_SPEECH = 0.25
"""Seconds of speech without which there is no mood: in music and noise `voice_activity` finds less."""
SURE_S = 1.0
"""Seconds of voice from which arousal is known half as well as it can be."""


class TritonPythonModel:
    """One instance, which mostly waits for others."""

    async def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return list(await asyncio.gather(*map(_answer, requests)))


async def _answer(request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
    try:
        asked = read({tensor.name(): tensor.as_numpy() for tensor in request.inputs()})
        return await _mood(asked)
    except ValueError as error:
        return refusal(Code.INVALID_INPUT, str(error))
    except CallError as error:
        return refusal(error.code, str(error))
    except Exception as error:  # a fault of ours fails this request, with its reason, and no other
        return refusal(Code.INFERENCE_FAILED, f"voice_mood failed: {error!r}")


async def _mood(asked: Asked) -> pb_utils.InferenceResponse:
    (pitch, confidence), probability = await asyncio.gather(pitch_of(asked.audio), speech_of(asked.audio))
    speech = np.repeat(probability > SPEECH, VOICE_WINDOW // HOP)[: len(pitch)]
    spoken = float(speech.sum()) * HOP / SAMPLE_RATE
    found = prosody(asked.audio, pitch, confidence, speech) if spoken >= LEAST_SPEECH else None
    if found is None:
        return _response(0.5, 0.0, (0.0, 0.0), spoken, "", asked.baseline.numbers())
    said, seconds = found
    text = asked.text if asked.text is not None else await words_of(asked.audio, asked.language)
    valence, sure = await _valence(text)
    known = seconds / (seconds + SURE_S) * (0.5 + 0.5 * asked.baseline.known)
    baseline = asked.baseline.heard(said, seconds)
    return _response(asked.baseline.arousal(said), valence, (known, sure), spoken, text, baseline.numbers())


async def _valence(text: str) -> tuple[float, float]:
    """-1 to 1, and how sure that is: not at all where nothing was said in Chinese or English."""
    if not text.strip():
        return 0.0, 0.0
    probabilities, language = await sentiment_of(text)
    sure = 0.0 if language == "und" else float(probabilities.max() - 1 / 3) * 1.5
    return float(probabilities[2] - probabilities[0]), max(sure, 0.0)


def _response(
    arousal: float,
    valence: float,
    confidence: tuple[float, float],
    spoken: float,
    text: str,
    baseline: Floats,
) -> pb_utils.InferenceResponse:
    arrays = {
        "arousal": np.array([[arousal]], np.float32),
        "valence": np.array([[valence]], np.float32),
        "confidence": np.array([confidence], np.float32),
        "speech": np.array([[spoken]], np.float32),
        "text": np.array([[text.encode()]], np.object_),
        "baseline": baseline[None],
    }
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in arrays.items()])
