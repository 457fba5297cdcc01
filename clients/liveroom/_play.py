"""Finite or endless audio, turned into the chunks of a room and played at a pace."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeAlias

import numpy as np

from ._audio import AudioFile, Samples, check_sample_rate, check_samples
from ._config import MAX_CHUNK_S
from ._errors import InvalidInput

Audio: TypeAlias = Samples | str | os.PathLike[str]
"""A mono array (with its sample rate), or the path of a sound file (which knows its own)."""

Chunks: TypeAlias = Iterable[Samples] | AsyncIterable[Samples]
"""Arrays as they come, for example from a microphone (with their sample rate)."""


class Room(Protocol):
    """Where audio is played: an `AsyncRoom`."""

    @property
    def pts(self) -> float:
        """Seconds on the room's clock at which the next chunk begins."""

    async def send_audio(self, chunk: Samples, sample_rate: int) -> None:
        """Send a chunk."""

    async def end(self) -> None:
        """Close the room when all has been heard."""

    async def cancel(self, because: Exception | None = None) -> None:
        """Close the room now."""


class Pace:
    """When each chunk of a room is due, from now on.

    Args:
        room: as far as it is now.
        pace: 1 is when it would have been spoken, 2 twice as fast, 0 at once.

    Raises:
        InvalidInput: `pace` is less than 0, or no number.
    """

    def __init__(self, room: Room, pace: float) -> None:
        self._room = room
        self._pace = check_pace(pace)
        self._first = room.pts
        self._began = asyncio.get_running_loop().time()

    async def wait(self, seconds: float) -> None:
        """Until the next chunk, which is so long, has been spoken."""
        if self._pace:
            spoken = self._room.pts + seconds - self._first
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, self._began + spoken / self._pace - now))


def check_pace(pace: float) -> float:
    """`pace`, if it is one.

    Raises:
        InvalidInput: it is less than 0, infinite, or no number.
    """
    if not 0 <= pace < float("inf"):
        raise InvalidInput(f"pace is {pace}: expected 0 (as fast as it is served) or more, 1 for real time")
    return pace


@contextmanager
def opened(
    audio: Audio | Chunks, sample_rate: int | None, chunk_s: float
) -> Iterator[tuple[Chunks, int, bool]]:
    """Chunks of `chunk_s`, their sample rate in Hz, and whether all of them are there already.

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
            yield file.blocks(chunk_s), file.sample_rate, True
        return
    if sample_rate is None:
        raise InvalidInput("sample_rate is missing: an array does not say how many samples per second it has")
    rate = check_sample_rate(sample_rate)
    if isinstance(audio, np.ndarray):
        samples = check_samples(audio)
        size = max(1, round(chunk_s * rate))
        yield (samples[at : at + size] for at in range(0, len(samples), size)), rate, True
    else:
        yield audio, rate, False


async def each(chunks: Chunks) -> AsyncGenerator[Samples, None]:
    """The chunks, whichever kind of iterable they are."""
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


async def play(room: Room, chunks: Chunks, sample_rate: int, pace: float) -> None:
    """Send every chunk and end the room; if that fails, its `events()` end with the same error.

    Where `chunks` themselves fail, a damaged file for example, what came before is heard to its end first.

    Args:
        room: open.
        chunks: arrays.
        sample_rate: of the arrays, in Hz.
        pace: 1 sends each chunk when it would have been spoken, 2 twice as fast, 0 as soon as there is room.
    """
    due = Pace(room, pace)
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
            await due.wait(len(chunk) / sample_rate)
            await room.send_audio(chunk, sample_rate)
        await room.end()
    except Exception as error:
        await room.cancel(error)
        raise
    if damage:
        raise damage
