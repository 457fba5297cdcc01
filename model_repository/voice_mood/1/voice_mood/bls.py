"""The models that voice_mood calls inside the server."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import uuid

import numpy as np
from numpy.typing import NDArray

from serving_common.bls import call
from serving_common.speech import SAMPLE_RATE, VOICE_WINDOW

Floats = NDArray[np.float32]

PATIENCE = 20.0
"""Seconds for `asr`, which may have others to listen to."""
LONGEST_TEXT = 4096
"""Bytes that sentiment takes."""


async def pitch_of(audio: Floats) -> tuple[Floats, Floats]:
    """Pitch in Hz and its confidence [F], a frame of 256 samples each."""
    found = await call("pitch", ["pitch", "confidence"], {"audio": audio[None]})
    return found["pitch"][0].astype(np.float32), found["confidence"][0].astype(np.float32)


async def speech_of(audio: Floats) -> Floats:
    """How probably each window of 512 samples has speech in it; the last one is filled up with silence."""
    padded = np.pad(audio, (0, -len(audio) % VOICE_WINDOW))
    sequence = f"voice_mood {uuid.uuid4().hex}"
    found = await call("voice_activity", ["probability"], {"audio": padded[None]}, sequence=sequence)
    probability: Floats = found["probability"][0].astype(np.float32)
    return probability


async def words_of(audio: Floats, language: str) -> str:
    """What was said."""
    inputs = {
        "audio": audio[None],
        "sample_rate": np.array([[SAMPLE_RATE]], np.int32),
        "language": _text(language),
        "prefix": _text(""),
        "draft": _text(""),
    }
    found = await call("asr", ["text"], inputs, patience=PATIENCE)
    return str(found["text"][0, 0].decode().strip())


async def sentiment_of(text: str) -> tuple[Floats, str]:
    """Probabilities of negative, neutral, positive [3], and the language: "zh", "en" or "und"."""
    cut = text.encode()[:LONGEST_TEXT].decode(errors="ignore")
    found = await call("sentiment", ["probabilities", "language"], {"text": _text(cut)})
    return found["probabilities"][0].astype(np.float32), str(found["language"][0, 0].decode())


def _text(value: str) -> NDArray[np.object_]:
    return np.array([[value.encode()]], np.object_)
