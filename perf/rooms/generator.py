"""The load generator: a process that plays rooms, each at its own time, whatever the others' captions do.

    python -m perf.rooms.generator '{"address": ..., see Load}'

It says `Ready` when every chunk has been prepared, reads the moment to begin (of `time.perf_counter()`, which
all processes of a machine share on Linux) from a line of stdin, and tells what happens as it happens.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from liveroom import AsyncClient, Caption, LiveroomError

from evaluation.error_rates import tokens
from evaluation.speech import clips
from perf.load.playback import Floats, Playback
from perf.load.room_player import Event, PlayedRoom, play_room
from perf.load.video import jpegs
from perf.load.video_source import VideoSource
from perf.rooms.audio_source import chunks, sound
from perf.rooms.latency import Decided
from perf.rooms.messages import Ended, Heard, Joined, Load, Message, Pulse, Ready, Seen, encode
from perf.rooms.profile import Audio, Frames
from perf.rooms.schedule import Join
from tooling.sources import Library

PULSE_S = 1.0
BEAT_S = 0.05
"""How often the generator looks at the clock, to know how late it is."""

NICE = -10
"""Priority of this process: on a machine that it shares with the server it must not wait its turn."""

Tell = Callable[[Message], None]


def main() -> None:
    """Plays what the argument asks for; ends at once when nobody reads what it says any more."""
    load: Load = msgspec.json.decode(sys.argv[1], type=Load)
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


@dataclass(eq=False)
class _Source:
    """What a room sends, and how much of that has been told."""

    playback: Playback | None
    video: VideoSource | None
    played: PlayedRoom = field(default_factory=PlayedRoom)
    _told: tuple[int, int] = (0, 0)

    def counted(self) -> tuple[int, int]:
        """Frames that were sent, and frames that were dropped, since the last call."""
        before = self._told
        self._told = self.video.sent if self.video else 0, self.played.frames_dropped
        return self._told[0] - before[0], self._told[1] - before[1]


class Stage:
    """Rooms that are ready to be played, their sound and pictures prepared."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._joins = load.joins
        self._rooms = load.profile.rooms
        recorded = clips()
        self._sounds: dict[tuple[int, int], Floats] = {
            says: sound(audio, recorded, load.seconds, (load.seed, *says))
            for says in {join.says for join in self._joins}
            if (audio := self._rooms[says[0]].audio)
        }
        self._pictures = {
            frames: jpegs(
                frames.clip, Library(), frames.per_second, (frames.width, frames.height), frames.quality
            )
            for frames in {self._rooms[join.kind].frames for join in self._joins}
            if frames and not load.alone
        }
        self._sources: set[_Source] = set()
        self._began = 0.0
        self._late: list[float] = []
        self._sent: list[float] = []
        self._frames = [0, 0]

    async def play(self, began: float, tell: Tell) -> None:
        """Plays every room to its end, whatever becomes of the others; TimeoutError after `limit_s`."""
        self._began = began
        async with (
            asyncio.timeout(self._load.limit_s),
            self._client() as client,
            asyncio.TaskGroup() as watch,
        ):
            watching = [watch.create_task(watcher) for watcher in (self._beat(), self._pulse(client, tell))]
            rooms = [self._room(client, join, tell) for join in self._joins]
            if self._load.alone:
                for room in rooms:
                    await room
            else:
                await asyncio.gather(*rooms)
            for task in watching:
                task.cancel()

    def _client(self) -> AsyncClient:
        token_file, ca = self._load.token_file, self._load.ca
        return AsyncClient(self._load.address, token=Path(token_file) if token_file else None, ca=ca or None)

    async def _room(self, client: AsyncClient, join: Join, tell: Tell) -> None:
        """One room from its first chunk or frame to its last event."""
        kind, began = self._rooms[join.kind], self._began + join.at
        if not self._load.alone:
            await asyncio.sleep(max(0.0, began - time.perf_counter()))
        tell(Joined(join.number))
        source = _Source(
            self._playback(join, kind.audio) if kind.audio else None,
            self._video(join, kind.frames, began) if kind.frames and not self._load.alone else None,
        )
        self._sources.add(source)
        decided = Decided()

        def hear(event: Event) -> None:
            now = time.perf_counter() - self._began
            if not isinstance(event, Caption):
                due_s = began - self._began + event.pts_start
                tell(Seen(join.number, due_s, now - due_s, len(event.vision.faces)))
            elif source.playback:
                latency_s = source.playback.since_due(decided.pts(event))
                words = len(tokens(event.text, event.language))
                times = (event.pts_start, event.pts_end, words, now - latency_s, latency_s)
                tell(Heard(join.number, event.kind, *times, source.playback.since(event.pts_end)))

        try:
            played = await play_room(
                client,
                f"load-{os.getpid()}-{join.number}",
                hear,
                playback=source.playback,
                video=source.video,
                language=kind.audio.language if kind.audio else "auto",
                played=source.played,
            )
        finally:
            self._collect(source)
            self._sources.remove(source)
        error = f"{type(played.error).__name__}: {played.error}" if played.error else None
        tell(Ended(join.number, error, *played.moves))

    def _playback(self, join: Join, audio: Audio) -> Playback:
        return Playback(
            chunks(self._sounds[join.says], audio),
            audio.sample_rate,
            pace=0.0 if self._load.alone else 1.0,
            began=None if self._load.alone else self._began + join.at,
            int16=audio.format == "int16",
        )

    def _video(self, join: Join, frames: Frames, began: float) -> VideoSource:
        return VideoSource(
            self._pictures[frames],
            frames.per_second,
            lambda pts: time.perf_counter() - began - pts,
            seconds=self._load.seconds,
            first=join.variant,
        )

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
            for source in self._sources:
                self._collect(source)
            at_s = time.perf_counter() - self._began
            tell(Pulse(at_s, tuple(self._late), tuple(self._sent), round_trip_s, *self._frames))
            self._late.clear()
            self._sent.clear()
            self._frames = [0, 0]

    def _collect(self, source: _Source) -> None:
        """Moves what a room's playback and video have noted to the next pulse."""
        if source.playback:
            self._late += source.playback.lateness_s
            self._sent += source.playback.sent_after_s
            source.playback.lateness_s.clear()
            source.playback.sent_after_s.clear()
        if source.video:
            self._late += source.video.lateness_s
            source.video.lateness_s.clear()
            self._frames = [a + b for a, b in zip(self._frames, source.counted(), strict=True)]


if __name__ == "__main__":
    main()
