"""`studio` with rooms: each sends its next frame when it has the one before back."""

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

from liveroom import AsyncClient, Effects

from evaluation import pictures
from perf.inputs.pictures import STUDIO, room_frames
from perf.load.playback import percentiles
from perf.load.server_costs import Costs, Meter
from perf.load.video import jpeg
from perf.vision.frames import parts
from server import Triton
from tooling.sources import Library

ROOMS = (1, 2, 4)
EFFECTS: Mapping[str, Effects] = {
    "blur": Effects(blur=0.8),
    "blur and skin": Effects(blur=0.8, smooth=0.6, brighten=0.3),
    "everything": Effects(replace=1.0, smooth=0.6, brighten=0.3, sticker="glasses", anonymize=0.5),
}
"""What is done to frames; everything: a new background, skin, a sticker, and faces searched for strangers."""
_BACKGROUND = "coffee"
_WARM_S = 1.0


def compare(
    triton: Triton,
    library: Library,
    rooms: Sequence[int],
    rounds: int,
    seconds: float,
    advance: Callable[[str], None],
) -> list[dict[str, object]]:
    """A row per kind of effects and number of rooms: frames a second of all rooms, and how long one takes."""
    frames = [[jpeg(frame) for frame in room] for room in room_frames(library, rooms=max(rooms))]
    photo = next(photo for photo in pictures.photos(library) if photo.name == _BACKGROUND)
    background = jpeg(pictures.read_image(photo.path))
    rows = []
    for name, effects in EFFECTS.items():
        behind = background if effects.replace else None
        asyncio.run(play(triton.grpc, frames[:1], effects, behind, _WARM_S))
        for count in rooms:
            runs: dict[str, list[float]] = {}
            for number in range(1, rounds + 1):
                meter = Meter(triton)
                took = asyncio.run(play(triton.grpc, frames[:count], effects, behind, seconds))
                costs = meter.read()
                for metric, value in _metrics(took, seconds).items():
                    runs.setdefault(metric, []).append(value)
                advance(f"studio, {name}, rooms: {count}, round {number} of {rounds}")
            rows.append(_row(name, count, runs, costs))
    return rows


async def play(
    address: str, rooms: Sequence[Sequence[bytes]], effects: Effects, background: bytes | None, seconds: float
) -> list[float]:
    """The seconds that each frame took, of all that were answered within `seconds`."""
    took: list[float] = []
    async with AsyncClient(address) as client:
        ends = time.perf_counter() + seconds

        async def play_one(number: int, frames: Sequence[bytes]) -> None:
            room = client.studio_room(f"perf-{number}", effects, background=background)
            async with room:
                at = 0
                while (sent := time.perf_counter()) < ends:
                    await room.edit_frame(frames[at % len(frames)])
                    if (now := time.perf_counter()) < ends:
                        took.append(now - sent)
                    at += 1

        await asyncio.gather(*(play_one(number, frames) for number, frames in enumerate(rooms)))
    return took


def _metrics(took: Sequence[float], seconds: float) -> dict[str, float]:
    if not took:
        raise RuntimeError(f"studio returned no frame within {seconds:g} s")
    times = {f"{name}_ms": 1000 * (value or 0.0) for name, value in percentiles(took).items()}
    return {"frames_per_s": len(took) / seconds} | times


def _row(name: str, rooms: int, runs: Mapping[str, Sequence[float]], costs: Costs) -> dict[str, object]:
    rounded = {metric: [round(value, 3) for value in values] for metric, values in runs.items()}
    return {
        "name": f"studio {STUDIO[0]}x{STUDIO[1]}, {name}",
        "effects": name,
        "rooms": rooms,
        **{metric: round(statistics.median(values), 3) for metric, values in rounded.items()},
        "parts": parts(costs),
        "runs": rounded,
    }
