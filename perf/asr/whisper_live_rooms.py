"""Rooms for WhisperLive's server: they speak at real-time pace, whatever comes back. Runs in its environment.

    python -P whisper_live_rooms.py PORT AUDIO.npy ROOMS

Prints JSON: {"rooms": [{"partial_s": [...], "final_s": [...], "text", "lateness_s", "error"}]}. Latencies run
from the moment when a segment's last sample was spoken, by the time that the server gives it, to its arrival.
Rooms begin one after the other, spread over a second. The protocol is that of WhisperLive's own client.
"""

import asyncio
import json
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field

import numpy as np
import websockets
from numpy.typing import NDArray

RATE = 16_000
CHUNK_S = 0.25
READY_S = 120.0
SETTLE_S = 3.0
"""After the last sample, for what is still to come."""


@dataclass
class Room:
    """What one room saw."""

    partial_s: list[float] = field(default_factory=list)
    final_s: list[float] = field(default_factory=list)
    text: str = ""
    lateness_s: float = 0.0
    error: str = ""


async def live(
    port: int, audio: NDArray[np.float32], number: int, rooms: int, start: asyncio.Barrier
) -> Room:
    """One room from its first sample to the end."""
    room = Room()
    settings: dict[str, object] = {
        "uid": str(uuid.uuid4()),
        "language": "en",
        "task": "transcribe",
        "model": "base",
    }
    settings |= {"use_vad": True, "max_clients": rooms, "max_connection_time": 600}
    try:
        async with websockets.connect(f"ws://127.0.0.1:{port}", max_size=None) as socket:
            await socket.send(json.dumps(settings))
            while json.loads(await asyncio.wait_for(socket.recv(), READY_S)).get("message") != "SERVER_READY":
                pass
            await start.wait()
            began = time.perf_counter() + number / rooms
            hearing = asyncio.create_task(_hear(socket, room, began))
            step = round(CHUNK_S * RATE)
            for at in range(0, len(audio), step):
                chunk = audio[at : at + step]
                due = began + (at + len(chunk)) / RATE
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                room.lateness_s = max(room.lateness_s, time.perf_counter() - due)
                await socket.send(chunk.tobytes())
            await asyncio.wait([hearing], timeout=SETTLE_S)
            if hearing.done():
                await hearing  # the server has hung up, or said what nobody expects
                room.error = "the server has ended the room"
            hearing.cancel()
            await socket.send(b"END_OF_AUDIO")
    except (OSError, TimeoutError, websockets.WebSocketException) as error:
        room.error = f"{type(error).__name__}: {error}"
    return room


async def _hear(socket: websockets.ClientConnection, room: Room, began: float) -> None:
    finals: dict[str, str] = {}
    last: dict[str, object] = {}
    async for message in socket:
        now = time.perf_counter()
        for segment in json.loads(message).get("segments", []):
            latency = now - (began + float(segment["end"]))
            if not segment["completed"]:
                if segment != last:
                    room.partial_s.append(round(latency, 4))
                last = segment
            elif segment["start"] not in finals:
                finals[segment["start"]] = segment["text"]
                room.final_s.append(round(latency, 4))
        rest = "" if last.get("start") in finals else str(last.get("text", ""))
        room.text = " ".join([*finals.values(), rest])


async def main() -> None:
    """All rooms; they begin when the server has accepted every one."""
    port, rooms = int(sys.argv[1]), int(sys.argv[3])
    audio = np.load(sys.argv[2])
    start = asyncio.Barrier(rooms)
    found = await asyncio.gather(*(live(port, audio, number, rooms, start) for number in range(rooms)))
    print(json.dumps({"rooms": [asdict(room) for room in found]}))


if __name__ == "__main__":
    asyncio.run(main())
