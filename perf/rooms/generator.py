"""The load of `perf asr`'s rooms, in a process of its own: rooms that play a recording at real-time pace.

    python -m perf.rooms.generator '{"address": ..., see Load}'

prints one line of JSON, see `Outcome`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass

import numpy as np
from liveroom import AsyncClient, LiveroomError, read_audio
from numpy.typing import NDArray

from exporters.wer import tokens
from perf.load.playback import CHUNK_S, Playback, percentiles

STRIDE_S = 1.0
"""Rooms begin spread over the time between two partials: their hypotheses do not fall due together."""
COOL_DOWN_S = 1.0
"""Not measured at the end of each room: its last final comes of the room's end, not of a pause."""


@dataclass(frozen=True)
class Load:
    """What to play: `rooms` rooms, each `passes` rounds of the recording from a place of its own.

    Captions of each room's first `warm_up_s` are not measured.
    """

    address: str
    recording: str
    rooms: int
    passes: int
    warm_up_s: float
    language: str


@dataclass(frozen=True)
class RoomOutcome:
    """One room: words and seconds of speech in its finals, and what went wrong."""

    words: int
    covered_s: float
    finals: int
    error: str | None


@dataclass(frozen=True)
class Outcome:
    """All rooms together. Latencies are of captions after the warm-up, see `Playback.since`.

    lateness_s: of this process in giving out chunks. held_up_s: the longest that the server kept a chunk
    waiting to be sent.
    """

    rooms: tuple[RoomOutcome, ...]
    partial_s: dict[str, float | None]
    final_s: dict[str, float | None]
    partials_per_room_and_s: float
    lateness_s: dict[str, float | None]
    held_up_s: float
    cpu_s: float


class _Measured:
    """Latencies of all rooms."""

    def __init__(self) -> None:
        self.partial_s: list[float] = []
        self.final_s: list[float] = []


def main() -> None:
    """Plays what the argument asks for."""
    load = Load(**json.loads(sys.argv[1]))
    print(json.dumps(asdict(asyncio.run(play(load)))))


async def play(load: Load) -> Outcome:
    """Plays every room to its end, whatever becomes of the others."""
    audio, rate = read_audio(load.recording)
    duration = load.passes * len(audio) / rate
    shifts = [len(audio) * number // load.rooms for number in range(load.rooms)]
    playbacks = [Playback(_blocks(np.roll(audio, -shift), rate, load.passes), rate, 1.0) for shift in shifts]
    measured = _Measured()
    window = (load.warm_up_s, duration - COOL_DOWN_S)
    async with AsyncClient(load.address) as client:
        rooms = await asyncio.gather(
            *(
                _room(client, playback, rate, number * STRIDE_S / load.rooms, load.language, window, measured)
                for number, playback in enumerate(playbacks)
            )
        )
    return Outcome(
        rooms=tuple(rooms),
        partial_s=dict(percentiles(measured.partial_s)),
        final_s=dict(percentiles(measured.final_s)),
        partials_per_room_and_s=round(len(measured.partial_s) / load.rooms / (window[1] - window[0]), 3),
        lateness_s=dict(percentiles([late for each in playbacks for late in each.lateness_s])),
        held_up_s=round(max(playback.held_up_s for playback in playbacks), 3),
        cpu_s=round(time.process_time(), 2),
    )


async def _room(
    client: AsyncClient,
    playback: Playback,
    rate: int,
    delay_s: float,
    language: str,
    window: tuple[float, float],
    measured: _Measured,
) -> RoomOutcome:
    """One room from its first chunk to its last caption."""
    words = finals = 0
    covered_s = 0.0
    error = None
    await asyncio.sleep(delay_s)
    captions = client.captions(playback.chunks(), rate, language=language)
    try:
        async with aclosing(captions):
            async for caption in captions:
                latency_s = playback.since(caption.pts_end)
                if window[0] <= caption.pts_end <= window[1]:
                    (measured.final_s if caption.is_final else measured.partial_s).append(latency_s)
                if caption.is_final:
                    finals += 1
                    words += len(tokens(caption.text, caption.language))
                    covered_s += caption.pts_end - caption.pts_start
    except LiveroomError as failure:
        error = f"{type(failure).__name__}: {failure}"
    return RoomOutcome(words, round(covered_s, 3), finals, error)


def _blocks(audio: NDArray[np.float32], rate: int, passes: int) -> Iterator[NDArray[np.float32]]:
    size = round(CHUNK_S * rate)
    whole = np.tile(audio, passes)
    for at in range(0, len(whole), size):
        yield whole[at : at + size]


if __name__ == "__main__":
    main()
