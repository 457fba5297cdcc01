"""A room in which a recording is played while a camera looks on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from liveroom import AsyncClient, AsyncRoom, Caption, LiveroomError
from liveroom.cli._view import CaptionView
from rich.console import Console

from exporters.wer import tokens
from perf.live.camera import Camera
from perf.load.playback import Playback


@dataclass
class Heard:
    """What came back: words (characters in Chinese) and finals, and seconds of latency of both kinds.

    frames_dropped: how many frames the client or the server had no time for.
    """

    words: int = 0
    finals: int = 0
    partial_s: list[float] = field(default_factory=list)
    final_s: list[float] = field(default_factory=list)
    frames_dropped: int = 0

    def take(self, caption: Caption, latency_s: float) -> None:
        """Counts a caption."""
        if caption.is_final:
            self.finals += 1
            self.words += len(tokens(caption.text, caption.language))
            self.final_s.append(latency_s)
        else:
            self.partial_s.append(latency_s)


@dataclass(frozen=True)
class Played:
    """A recording, of `sample_rate` Hz in `language`, played at a pace (0: as fast as it can), on film."""

    playback: Playback
    sample_rate: int
    language: str
    pace: float
    camera: Camera | None
    console: Console

    async def run(self, address: str) -> Heard:
        """Plays it to its end in a room of the server at `address`. Raises LiveroomError."""
        heard = Heard()
        async with AsyncClient(address) as client, client.room("live", language=self.language) as room:
            reader = asyncio.create_task(self._read(room, heard))
            try:
                async with self._filmed(room):
                    await self._speak(room)
                await room.end()
                await reader
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)
        heard.frames_dropped = room.frames_dropped
        return heard

    async def _speak(self, room: AsyncRoom) -> None:
        async for chunk in self.playback.chunks():
            await room.audio(chunk, self.sample_rate)
            if self.camera and not self.pace:
                await self.camera.catch_up(room)

    @asynccontextmanager
    async def _filmed(self, room: AsyncRoom) -> AsyncIterator[None]:
        """A frame that goes wrong ends the film, not the speech."""
        if not (self.camera and self.pace):
            yield
            return
        film = asyncio.create_task(self.camera.film(room, self.playback))  # runs once the clock does
        try:
            yield
        finally:
            film.cancel()
            (ended,) = await asyncio.gather(film, return_exceptions=True)
            if isinstance(ended, LiveroomError):
                self.console.print(f"the film ended early: {ended}", style="yellow", markup=False)

    async def _read(self, room: AsyncRoom, heard: Heard) -> None:
        with CaptionView(self.console) as view:
            async for event in room.events():
                if isinstance(event, Caption):
                    heard.take(event, self.playback.since(event.pts_end))
                    view.write(event)
                elif self.camera:
                    self.camera.take(event)
