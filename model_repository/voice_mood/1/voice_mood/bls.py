"""The models that voice_mood calls inside the server."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from serving_common.errors import CallError
from serving_common.speech import SAMPLE_RATE, VOICE_WINDOW

Floats = NDArray[np.float32]

PATIENCE = 20.0
"""Seconds for one call."""
LONGEST_TEXT = 4096
"""Bytes that sentiment takes."""
_THREADS = ThreadPoolExecutor(16)
_WHOLE = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START | pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END


async def pitch_of(audio: Floats) -> tuple[Floats, Floats]:
    """Pitch in Hz and its confidence [F], a frame of 256 samples each."""
    pitch, confidence = await _call("pitch", ["pitch", "confidence"], {"audio": audio[None]})
    return pitch[0].astype(np.float32), confidence[0].astype(np.float32)


async def speech_of(audio: Floats) -> Floats:
    """How probably each window of 512 samples has speech in it; the last one is filled up with silence."""
    padded = np.pad(audio, (0, -len(audio) % VOICE_WINDOW))
    (probability,) = await _call(
        "voice_activity", ["probability"], {"audio": padded[None]}, f"voice_mood {uuid.uuid4().hex}"
    )
    found: Floats = probability[0].astype(np.float32)
    return found


async def words_of(audio: Floats, language: str) -> str:
    """What was said."""
    inputs = {
        "audio": audio[None],
        "sample_rate": np.array([[SAMPLE_RATE]], np.int32),
        "language": _text(language),
        "prefix": _text(""),
        "draft": _text(""),
    }
    (text,) = await _call("asr", ["text"], inputs)
    return str(text[0, 0].decode().strip())


async def sentiment_of(text: str) -> tuple[Floats, str]:
    """Probabilities of negative, neutral, positive [3], and the language: "zh", "en" or "und"."""
    cut = text.encode()[:LONGEST_TEXT].decode(errors="ignore")
    probabilities, language = await _call("sentiment", ["probabilities", "language"], {"text": _text(cut)})
    return probabilities[0].astype(np.float32), str(language[0, 0].decode())


def _text(value: str) -> NDArray[np.object_]:
    return np.array([[value.encode()]], np.object_)


async def _call(
    model: str, outputs: list[str], inputs: dict[str, NDArray[np.generic]], sequence: str = ""
) -> list[NDArray[np.generic]]:
    request = pb_utils.InferenceRequest(
        model_name=model,
        requested_output_names=outputs,
        inputs=[pb_utils.Tensor(name, array) for name, array in inputs.items()],
        correlation_id=sequence or 0,
        flags=_WHOLE if sequence else 0,
    )
    # Not async_exec: that waits without end, in threads of which there are few.
    answer = asyncio.get_running_loop().run_in_executor(_THREADS, request.exec)
    if not (await asyncio.wait([answer], timeout=PATIENCE))[0]:
        raise CallError(model, f"did not answer within {PATIENCE:g} s")
    response = answer.result()
    if response.has_error():
        raise CallError(model, response.error().message())
    found = {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
    return [found[name] for name in outputs]
