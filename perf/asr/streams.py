"""Live rooms at once: `captions` beside WhisperLive's server, the same recording at real-time pace."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from liveroom import AsyncClient, Caption

from evaluation.error_rates import error_rate
from evaluation.speech import SAMPLE_RATE, Clip
from perf.asr.streaming_peer import Heard
from perf.load.playback import CHUNK_S, Playback, percentiles
from perf.load.room_player import Event, play_room

SIZES = (1, 4)
Rooms = Sequence[Heard]


def rows(clip: Clip, ours: Mapping[int, Rooms], theirs: Mapping[int, Rooms]) -> list[dict[str, object]]:
    """A row per number of rooms.

    Latency runs from when a caption's last sample was spoken to its arrival; partials are what may still
    change, finals what is stable. Rooms begin spread over a second, and nobody's arrivals wait for answers.
    """
    return [_row(size, clip, ours[size], theirs[size]) for size in ours]


def captions(address: str, clip: Clip, rooms: int) -> Rooms:
    """Plays the clip into so many rooms of ours at once, in real time."""
    return asyncio.run(_ours(address, clip, rooms))


async def _ours(address: str, clip: Clip, rooms: int) -> list[Heard]:
    async with AsyncClient(address) as client:
        start = time.perf_counter()
        return await asyncio.gather(*(_room(client, clip, n, start + n / rooms) for n in range(rooms)))


async def _room(client: AsyncClient, clip: Clip, number: int, began: float) -> Heard:
    step = round(CHUNK_S * SAMPLE_RATE)
    blocks = (clip.audio[at : at + step] for at in range(0, len(clip.audio), step))
    playback = Playback(blocks, SAMPLE_RATE, 1.0, began=began)
    heard = Heard([], [], "", 0.0, "")

    def hear(event: Event) -> None:
        if isinstance(event, Caption):
            latency = playback.since(event.pts_end)
            (heard.final_s if event.is_final else heard.partial_s).append(latency)
            if event.is_final:
                heard.text = f"{heard.text} {event.text}"

    played = await play_room(client, f"asr-{number}", hear, playback=playback, language=clip.language)
    if played.error:
        heard.error = f"{type(played.error).__name__}: {played.error}"
    heard.lateness_s = max(playback.lateness_s, default=0.0)
    return heard


def _row(rooms: int, clip: Clip, ours: Rooms, theirs: Rooms) -> dict[str, object]:
    row: dict[str, object] = {"rooms": rooms, "audio_s": round(clip.seconds, 2)}
    for side, heard in (("ours", ours), ("peer", theirs)):
        for kind, latencies in (
            ("partial", [latency for caption in heard for latency in caption.partial_s]),
            ("final", [latency for caption in heard for latency in caption.final_s]),
        ):
            row |= {f"{side}_{kind}_{name}_s": value for name, value in percentiles(latencies).items()}
            row[f"{side}_{kind}s"] = len(latencies)
        spoken = [(clip.text, caption.text) for caption in heard]
        row[f"wer_{side}"] = round(error_rate(spoken, clip.language), 4)
        row[f"{side}_lateness_s"] = round(max(caption.lateness_s for caption in heard), 4)
        row[f"{side}_errors"] = [caption.error for caption in heard if caption.error]
    return row
