"""Finite or endless audio, turned into the chunks of a room and played at a pace."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np

from ._audio import AudioFile, Samples, check_sample_rate, check_samples
from ._config import MAX_CHUNK_S
from ._errors import InvalidInput
from ._room import AsyncRoom

Audio: TypeAlias = Samples | str | os.PathLike[str]
"""A mono array (with its sample rate), or the path of a sound file (which knows its own)."""

Chunks: TypeAlias = Iterable[Samples] | AsyncIterable[Samples]
"""Arrays as they come, for example from a microphone (with their sample rate)."""


@contextmanager
def opened(
    audio: Audio | Chunks, sample_rate: int | None, chunk_s: float
) -> Iterator[tuple[Chunks, int, float | None]]:
    """Chunks of `chunk_s`, their sample rate in Hz and, where it is known, the duration in seconds.

    Raises:
        InvalidInput: the audio can't be used, or `sample_rate` is missing (arrays) or given (files).
    """
    if not 0 < chunk_s <= MAX_CHUNK_S:
        raise InvalidInput(f"chunks of {chunk_s:g} s: expected more than 0, at most {MAX_CHUNK_S:g} s")
    if isinstance(audio, str | os.PathLike):
        if sample_rate is not None:
            raise InvalidInput(
                f"sample_rate={sample_rate} was given for {audio}: a file says its own, leave it out"
            )
        with AudioFile(audio) as file:
            yield file.blocks(chunk_s), file.sample_rate, file.duration
        return
    if sample_rate is None:
        raise InvalidInput("sample_rate is missing: an array does not say how many samples per second it has")
    rate = check_sample_rate(sample_rate)
    if isinstance(audio, np.ndarray):
        samples = check_samples(audio)
        size = max(1, round(chunk_s * rate))
        yield (samples[at : at + size] for at in range(0, len(samples), size)), rate, len(samples) / rate
    else:
        yield audio, rate, None


async def each(chunks: Chunks) -> AsyncIterator[Samples]:
    """The chunks, whichever kind of iterable they are."""
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


async def play(room: AsyncRoom, chunks: Chunks, sample_rate: int, pace: float) -> None:
    """Send every chunk and end the room; if that fails, its `events()` end with the same error.

    Where `chunks` themselves fail, a damaged file for example, what came before is heard to its end first.

    Args:
        room: open.
        chunks: arrays.
        sample_rate: of the arrays, in Hz.
        pace: 1 sends each chunk when it would have been spoken, 2 twice as fast, 0 as soon as there is room.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    source = each(chunks)
    damage: Exception | None = None
    try:
        while True:
            try:
                chunk = await anext(source, None)
            except Exception as error:
                damage = error
                break
            if chunk is None:
                break
            if pace:
                spoken = room.pts + len(chunk) / sample_rate
                await asyncio.sleep(max(0.0, began + spoken / pace - loop.time()))
            await room.audio(chunk, sample_rate)
        await room.end()
    except Exception as error:
        await room.cancel(error)
        raise
    if damage:
        raise damage
