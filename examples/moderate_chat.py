"""A room's chat, moderated: `python examples/moderate_chat.py examples/chat.csv goodbye.wav`.

What is held waits for a moderator, who is played by a rule here. In the end the room says goodbye in a file.
"""

import asyncio
import csv
import os
import sys
import wave
from pathlib import Path
from typing import Literal

import liveroom

SETTINGS = {"level": 2, "words": [{"text": "加微信", "action": "block"}], "language": "en"}


async def decide(room: liveroom.AsyncRoom, lines: int) -> None:
    """Prints what becomes of so many lines, and decides on those that wait."""
    undecided = lines
    async for event in room.events():
        if isinstance(event, liveroom.RoomMood):
            print(f"{event.pts_start:6.1f} mood  {event.reason} ({event.valence:+.2f})")
        if not isinstance(event, liveroom.Moderated):
            continue
        print(f"{event.pts_start:6.1f} {event.action:5} {event.text or f'what was held: {event.of}'}")
        for reason in event.reasons:
            print(f"             {reason.text}")
        if event.action == "hold":
            decision = "allow" if event.scores["toxicity"] < 0.5 else "block"
            await room.moderate_chat({"resolve": [{"id": event.of, "action": decision}]})
            continue
        undecided -= 1
        if not undecided:
            return


async def say(client: liveroom.AsyncClient, text: str, path: str) -> None:
    """Writes a text as speech, clause by clause as it comes."""
    with wave.open(path, "wb") as file:
        async for piece in client.speak(text):
            if not file.tell():
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(piece.sample_rate)
            file.writeframes(piece.samples.tobytes())


async def main(log: str, goodbye: str) -> None:
    """Sends a log as fast as it is judged; live, lines come as they are written."""
    lines = list(csv.DictReader(Path(log).read_text(encoding="utf-8").splitlines()))
    async with liveroom.AsyncClient(os.environ.get("LIVEROOM_URL", "127.0.0.1:8001")) as client:
        async with client.room("examples-chat", chat=SETTINGS) as room, asyncio.TaskGroup() as tasks:
            tasks.create_task(decide(room, len(lines)))
            for line in lines:
                role: Literal["host", "viewer"] = "host" if line["role"] == "host" else "viewer"
                at = float(line["time_s"])
                await room.send_chat(line["text"], viewer=line["viewer"], role=role, pts=at)
        await say(client, "谢谢大家，晚安！Good night!", goodbye)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python examples/moderate_chat.py LOG.csv GOODBYE.wav")
    asyncio.run(main(*sys.argv[1:]))
