"""The text of a finite piece of audio: short ones in one request, longer ones through a room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol

import numpy as np

from ._audio import Samples, as_float32, check_samples, clipped
from ._config import MAX_CHUNK_S, MAX_UTTERANCE_S
from ._errors import DamagedFile, InvalidInput
from ._play import Audio, Chunks, opened
from ._protocol import Value, check_language, transcript
from ._text import join
from ._transport import Transport
from ._types import Caption, Transcript


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
    damage: DamagedFile | None = None
    with opened(audio, sample_rate, MAX_CHUNK_S) as (chunks, rate, finite):
        if not finite or isinstance(chunks, AsyncIterable):
            raise InvalidInput("transcribe() takes an array or a path: for audio in chunks use captions()")
        count = _Count(chunks)
        first: list[Samples] = []
        try:
            for chunk in count:
                first.append(chunk)
                if count.samples > MAX_UTTERANCE_S * rate:
                    break
        except DamagedFile as error:
            if not first:
                raise
            damage = error
        if count.samples > MAX_UTTERANCE_S * rate:
            finals: list[Caption] = []
            try:
                async for caption in captions(chain(first, count), rate, language=language):
                    if caption.is_final:
                        finals.append(caption)
                    if on_caption:
                        on_caption(caption)
            except DamagedFile as error:
                damage = error
            result = _joined(finals, count.samples / rate)
        else:
            samples = np.concatenate([as_float32(check_samples(chunk)) for chunk in first])
            inputs: dict[str, Value] = {
                "audio": clipped(samples, "the recording"),
                "sample_rate": np.array([rate], np.int32),
                "language": language,
                "prefix": "",
                "draft": "",
            }
            result = transcript(await transport.infer("asr", inputs, seconds))
    if damage:
        damage.transcript = result
        raise damage
    return result


class _Count:
    """Chunks on their way, and how many samples that were."""

    def __init__(self, chunks: Iterable[Samples]) -> None:
        self._chunks = iter(chunks)
        self.samples = 0

    def __iter__(self) -> Iterator[Samples]:
        for chunk in self._chunks:
            self.samples += len(chunk)
            yield chunk


def _joined(finals: list[Caption], duration: float) -> Transcript:
    """One text, in the language that most seconds were spoken in."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for final in finals:
        seconds[final.language] += final.pts_end - final.pts_start
    spoken = max(seconds, key=lambda code: seconds[code], default="")
    return Transcript(join(final.text for final in finals), spoken, duration, captions=tuple(finals))
