"""A sentence that the room says, and what is heard of it: `tts`, then `asr`."""

import time
from dataclasses import asdict, dataclass

import numpy as np
from liveroom import AsyncClient


@dataclass(frozen=True)
class Echo:
    """What was said, and what was heard.

    Attributes:
        first_audio_s: until there was something to play.
        speech_s: how long it takes to say it.
        spent_s: how long it took to speak all of it.
    """

    said: str
    heard: str
    first_audio_s: float
    speech_s: float
    spent_s: float

    def to_json(self) -> dict[str, object]:
        """As `build/live.json` has it."""
        return {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


async def echo(address: str, text: str) -> Echo:
    """Has the server at `address` speak a text, and listen to that.

    Raises:
        LiveroomError: it did not.
    """
    began, first, samples, rate = time.perf_counter(), 0.0, [], 0
    async with AsyncClient(address) as client:
        async for piece in client.speak(text):
            first = first or time.perf_counter() - began
            samples.append(piece.samples)
            rate = piece.sample_rate
        spent = time.perf_counter() - began
        speech = np.concatenate(samples)
        heard = await client.transcribe(speech, rate)
    return Echo(text, heard.text, first, len(speech) / rate, spent)
