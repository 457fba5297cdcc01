"""The load generator: a process that plays rooms, each at its own time, whatever the others' captions do.

    python -m perf.rooms.generator '{"address": ..., see Load}'

It says `Ready` when every chunk has been prepared, reads the moment to begin (of `time.perf_counter()`, which
all processes of a machine share on Linux) from a line of stdin, and tells what happens as it happens.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import aclosing, suppress

from liveroom import AsyncClient, LiveroomError

from exporters.speech import clips
from exporters.wer import tokens
from perf.load.playback import Floats, Playback
from perf.rooms.latency import Decided
from perf.rooms.messages import Ended, Heard, Joined, Load, Message, Pulse, Ready, encode
from perf.rooms.profile import Audio, Profile
from perf.rooms.schedule import Join
from perf.rooms.sound import chunks, sound
from perf.rooms.tables import Table

PULSE_S = 1.0
BEAT_S = 0.05
"""How often the generator looks at the clock, to know how late it is."""

NICE = -10
"""Priority of this process: on a machine that it shares with the server it must not wait its turn."""

Tell = Callable[[Message], None]


def main() -> None:
    """Plays what the argument asks for; ends at once when nobody reads what it says any more."""
    load = Load(**json.loads(sys.argv[1]))
    with suppress(PermissionError):  # before a server that takes all cores, where the system lets us
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    try:
        stage = Stage(load)
        _print(Ready())
        asyncio.run(stage.play(float(sys.stdin.readline()), _print))
    except* BrokenPipeError:
        os._exit(1)  # without a flush of stdout, which has nowhere to go


def _print(message: Message) -> None:
    print(encode(message), flush=True)


class Stage:
    """Rooms that are ready to be played, their sound prepared."""

    def __init__(self, load: Load) -> None:
        self._load = load
        profile = Profile.read(Table(load.profile, "the profile"))
        self._joins = [Join(int(j["number"]), int(j["kind"]), int(j["variant"]), j["at"]) for j in load.joins]
        self._audio: dict[int, Audio] = {join.kind: profile.rooms[join.kind].audio for join in self._joins}
        recorded = clips()
        self._sounds: dict[tuple[int, int], Floats] = {
            says: sound(self._audio[says[0]], recorded, load.seconds, (load.seed, *says))
            for says in {join.says for join in self._joins}
        }
        self._playing: set[Playback] = set()
        self._began = 0.0
        self._late: list[float] = []
        self._sent: list[float] = []

    async def play(self, began: float, tell: Tell) -> None:
        """Plays every room to its end, whatever becomes of the others; TimeoutError after `limit_s`."""
        self._began = began
        async with (
            asyncio.timeout(self._load.limit_s),
            AsyncClient(self._load.address) as client,
            asyncio.TaskGroup() as watch,
        ):
            watching = [watch.create_task(each) for each in (self._beat(), self._pulse(client, tell))]
            rooms = [self._room(client, join, tell) for join in self._joins]
            if self._load.alone:
                for room in rooms:
                    await room
            else:
                await asyncio.gather(*rooms)
            for task in watching:
                task.cancel()

    async def _room(self, client: AsyncClient, join: Join, tell: Tell) -> None:
        """One room from its first chunk to its last caption."""
        audio, samples = self._audio[join.kind], self._sounds[join.says]
        playback = Playback(
            chunks(samples, audio),
            audio.sample_rate,
            pace=0.0 if self._load.alone else 1.0,
            began=None if self._load.alone else self._began + join.at,
            int16=audio.format == "int16",
        )
        if not self._load.alone:
            await asyncio.sleep(max(0.0, self._began + join.at - time.perf_counter()))
        self._playing.add(playback)
        tell(Joined(join.number))
        error = None
        decided = Decided()
        captions = client.captions(playback.chunks(), audio.sample_rate, language=audio.language)
        try:
            async with aclosing(captions):
                async for caption in captions:
                    latency_s = playback.since_due(decided.pts(caption))
                    spoken_s = playback.since(caption.pts_end)
                    due_s = time.perf_counter() - self._began - latency_s
                    words = len(tokens(caption.text, caption.language))
                    times = (caption.pts_start, caption.pts_end, words, due_s, latency_s, spoken_s)
                    tell(Heard(join.number, caption.kind, *times))
        except LiveroomError as failure:
            error = f"{type(failure).__name__}: {failure}"
        finally:
            self._collect(playback)
            self._playing.remove(playback)
        tell(Ended(join.number, error))

    async def _beat(self) -> None:
        """Measures this process: how late a clock comes that ought to strike every `BEAT_S`.

        A stroke that was missed altogether counts too, so that a stall weighs as much as it lasted.
        """
        due = max(self._began, time.perf_counter())
        while True:
            due += BEAT_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self._late.append(time.perf_counter() - due)

    async def _pulse(self, client: AsyncClient, tell: Tell) -> None:
        """Tells once a second how it goes."""
        while True:
            await asyncio.sleep(PULSE_S)
            asked = time.perf_counter()
            round_trip_s = None
            try:
                await client.models()
                round_trip_s = time.perf_counter() - asked
            except LiveroomError:
                pass  # the rooms on the same connection will say what is wrong
            for playback in self._playing:
                self._collect(playback)
            at_s = time.perf_counter() - self._began
            tell(Pulse(at_s, tuple(self._late), tuple(self._sent), round_trip_s))
            self._late.clear()
            self._sent.clear()

    def _collect(self, playback: Playback) -> None:
        """Moves what a room's playback has noted to the next pulse."""
        self._late += playback.lateness_s
        self._sent += playback.sent_after_s
        playback.lateness_s.clear()
        playback.sent_after_s.clear()


if __name__ == "__main__":
    main()
