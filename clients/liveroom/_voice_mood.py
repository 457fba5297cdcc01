"""How a voice sounds: excited or calm for this speaker, pleased or not by what is said."""

from __future__ import annotations

from collections.abc import AsyncIterable
from dataclasses import dataclass, field

import numpy as np

from ._audio import as_float32, check_samples, clipped
from ._config import MAX_CHUNK_S, MAX_UTTERANCE_S
from ._errors import InvalidInput
from ._play import Audio, opened
from ._protocol import Value, check_language
from ._transport import Transport

BASELINE = 11
"""Numbers of a baseline."""

Baseline = tuple[float, ...]
"""How a speaker usually sounds, in the server's own numbers: kept for a speaker, and never read."""


@dataclass(frozen=True, slots=True)
class VoiceMood:
    """The mood of a piece of speech.

    Attributes:
        arousal: 0 (calm) to 1 (excited); 0.5 is this speaker's own middle, as far as it is known.
        valence: -1 (displeased) to 1 (pleased), by what is said in Chinese or English.
        arousal_confidence: 0 to 1; 0 where nobody speaks, as in music or noise.
        valence_confidence: 0 to 1; 0 where nothing is understood.
        speech: seconds of it.
        text: what was said.
        baseline: the speaker's, with this piece; goes with the next one.
    """

    arousal: float
    valence: float
    arousal_confidence: float
    valence_confidence: float
    speech: float
    text: str
    baseline: Baseline = field(repr=False)

    @property
    def is_known(self) -> bool:
        """Whether anybody speaks, so that there is a mood at all."""
        return self.arousal_confidence > 0


async def voice_mood(
    transport: Transport,
    audio: Audio,
    sample_rate: int | None,
    text: str | None,
    language: str,
    baseline: Baseline | None,
    seconds: float,
) -> VoiceMood:
    """See `AsyncClient.voice_mood`; `seconds` bounds the request."""
    with opened(audio, sample_rate, MAX_CHUNK_S) as (chunks, rate, finite):
        if not finite or isinstance(chunks, AsyncIterable):
            raise InvalidInput("voice_mood() takes an array or a path")
        pieces, count = [], 0
        for chunk in chunks:
            pieces.append(as_float32(check_samples(chunk)))
            count += len(pieces[-1])
            if count > MAX_UTTERANCE_S * rate:
                raise InvalidInput(
                    f"audio is longer than {MAX_UTTERANCE_S:g} s: send what was said piece by piece"
                )
    if not count:
        raise InvalidInput("audio is empty: send at least one sample")
    inputs: dict[str, Value] = {
        "audio": clipped(np.concatenate(pieces), "the recording"),
        "sample_rate": np.array([rate], np.int32),
        "language": check_language(language),
    }
    if text is not None:
        if not isinstance(text, str):
            raise InvalidInput(f"text is {text!r:.50}: expected what was said, or None")
        inputs["text"] = text
    if baseline:
        numbers = np.array(baseline, np.float32)
        if numbers.shape != (BASELINE,):
            raise InvalidInput(f"baseline has {numbers.size} numbers: expected the {BASELINE} of a VoiceMood")
        inputs["baseline"] = numbers
    outputs = await transport.infer("voice_mood", inputs, seconds)
    arousal, valence = outputs.floats("confidence", 2).tolist()
    return VoiceMood(
        arousal=outputs.number("arousal"),
        valence=outputs.number("valence"),
        arousal_confidence=arousal,
        valence_confidence=valence,
        speech=outputs.number("speech"),
        text=outputs.text("text"),
        baseline=tuple(outputs.floats("baseline", BASELINE).tolist()),
    )
