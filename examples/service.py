"""A service with five rooms at a time, one of which is refused: `python examples/service.py speech.wav`."""

import asyncio
import os
import sys
from collections import Counter

import liveroom

ROOMS = {"lobby": "en", "kitchen": "auto", "studio": "en", "garage": "en,zh", "attic": "klingon"}
"""Room ids, and what is spoken there; of the last one nobody knows."""


async def serve(client: liveroom.AsyncClient, room_id: str, recording: str, words: Counter[str]) -> None:
    """One room from its first sample to its last caption. What goes wrong in it stays in it."""
    try:
        async for caption in client.captions(recording, room_id=room_id, language=ROOMS[room_id]):
            if caption.is_final:
                words[room_id] += len(caption.text.split())
    except liveroom.Overloaded:
        print(f"{room_id}: no place for it now, try again later")
    except liveroom.LiveroomError as error:
        print(f"{room_id}: {type(error).__name__}: {error}")


async def main(recording: str) -> None:
    """All rooms share one client, and its connection."""
    words: Counter[str] = Counter()
    async with (
        liveroom.AsyncClient(os.environ.get("LIVEROOM_URL", "127.0.0.1:8001")) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for room_id in ROOMS:
            tasks.create_task(serve(client, room_id, recording, words))
    for room_id, count in words.items():
        print(f"{room_id}: {count} words")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
