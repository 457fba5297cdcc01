"""The text of a finite piece of audio: short ones in one request, longer ones through a room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

import numpy as np

from ._audio import as_float32
from ._config import MAX_CHUNK_S, MAX_UTTERANCE_S
from ._errors import InvalidInput
from ._play import Audio, Chunks, each, opened
from ._text import join
from ._transport import Transport
from ._types import Caption, Transcript
from ._wire import Value, check_language, transcript


class Captions(Protocol):
    """`AsyncClient.captions`, as far as it is needed here."""

    def __call__(
        self, audio: Chunks, sample_rate: int, *, language: str
    ) -> AsyncGenerator[Caption, None]: ...


async def transcribe(
    transport: Transport,
    captions: Captions,
    audio: Audio,
    sample_rate: int | None,
    language: str,
    on_caption: Callable[[Caption], None] | None,
    seconds: float,
) -> Transcript:
    """See `AsyncClient.transcribe`; `seconds` bounds one request."""
    check_language(language)
    with opened(audio, sample_rate, MAX_CHUNK_S) as (chunks, rate, duration):
        if duration is None:
            raise InvalidInput("transcribe() takes an array or a path: for audio in chunks use captions()")
        if duration > MAX_UTTERANCE_S:
            finals: list[Caption] = []
            async for caption in captions(chunks, rate, language=language):
                if caption.is_final:
                    finals.append(caption)
                if on_caption:
                    on_caption(caption)
            return _joined(finals, duration)
        samples = np.concatenate([as_float32(chunk) async for chunk in each(chunks)])
    inputs: dict[str, Value] = {
        "audio": samples,
        "sample_rate": np.array([rate], np.int32),
        "language": language,
        "prefix": "",
        "draft": "",
    }
    return transcript(await transport.infer("asr", inputs, seconds))


def _joined(finals: list[Caption], duration: float) -> Transcript:
    """One text, in the language that most seconds were spoken in."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for final in finals:
        seconds[final.language] += final.pts_end - final.pts_start
    spoken = max(seconds, key=lambda code: seconds[code], default="")
    return Transcript(join(final.text for final in finals), spoken, duration, captions=tuple(finals))
