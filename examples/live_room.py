"""A live room: sound and pictures on one clock, as in `python examples/live_room.py speech.wav face.png`."""

import asyncio
import os
import sys

import liveroom

FRAME_S = 0.5


async def print_events(room: liveroom.AsyncRoom) -> None:
    """What the room says, as it says it: captions, and what its frames show."""
    async for event in room.events():
        if isinstance(event, liveroom.Caption):
            print(f"{event.pts_start:6.2f} {event.kind:7} {event.text}")
        elif isinstance(event, liveroom.FrameResult):
            print(f"{event.pts_start:6.2f} faces   {[face.top_expression for face in event.vision.faces]}")


async def send_frames(room: liveroom.AsyncRoom, picture: str) -> None:
    """A frame every FRAME_S seconds; here always the same, else what your camera sees."""
    while True:
        await room.send_frame(picture, pts=room.pts)
        await asyncio.sleep(FRAME_S)


async def main(recording: str, picture: str, pace: str = "1") -> None:
    """Plays the recording beside frames, in real time or faster, and waits for the last caption."""
    async with (
        liveroom.AsyncClient(os.environ.get("LIVEROOM_URL", "127.0.0.1:8001")) as client,
        client.room("examples-live-room", language="auto") as room,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(print_events(room))
        camera = tasks.create_task(send_frames(room, picture))
        await room.play(recording, pace=float(pace))  # or room.send_audio(chunk, sample_rate)
        camera.cancel()
        await room.end()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
