"""One room played from its first chunk or frame to its last event: whatever plays rooms does it with this."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from liveroom import AsyncClient, AsyncRoom, Caption, FrameResult, LiveroomError

from perf.load.playback import Playback
from perf.load.video_source import VideoSource

Event = Caption | FrameResult


@dataclass
class PlayedRoom:
    """What became of a room that was played; its counters are those of `AsyncRoom`.

    Attributes:
        room: the open room; None before it is.
        error: why it ended early, None where it did not.
    """

    room: AsyncRoom | None = None
    error: LiveroomError | None = None

    @property
    def frames_dropped(self) -> int:
        """Frames that the client or the server had no time for, so far."""
        return self.room.frames_dropped if self.room else 0

    @property
    def moves(self) -> tuple[int, float, int]:
        """Reconnects, seconds of audio that were not said again then, and finals that came twice."""
        if self.room is None:
            return 0, 0.0, 0
        return self.room.reconnects, self.room.replay_lost_s, self.room.duplicates_dropped


async def play_room(
    client: AsyncClient,
    room_id: str,
    hear: Callable[[Event], None],
    *,
    playback: Playback | None = None,
    video: VideoSource | None = None,
    language: str = "auto",
    played: PlayedRoom | None = None,
    on_video_error: Callable[[LiveroomError], None] | None = None,
) -> PlayedRoom:
    """Plays a room to its end.

    A video without sound is played to its own end, one beside sound as long as that lasts. At pace 0 its
    frames come with the speech.

    Args:
        client: connected.
        room_id: of the room.
        hear: is given each event as it comes.
        playback: what is spoken.
        video: what is filmed.
        language: as `AsyncClient.room` takes it.
        played: filled in while the room is played, for whoever counts meanwhile.
        on_video_error: is told of a frame that was refused, which ends the video alone then; without it the
            room ends.
    """
    played = played or PlayedRoom()
    try:
        async with client.room(room_id, language=language) as played.room:
            sending = asyncio.create_task(_send(played.room, playback, video, on_video_error))
            try:
                async for event in played.room.events():
                    if isinstance(event, Caption | FrameResult):
                        hear(event)
                await sending
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
    except LiveroomError as error:
        played.error = error
    return played


async def _send(
    room: AsyncRoom,
    playback: Playback | None,
    video: VideoSource | None,
    on_video_error: Callable[[LiveroomError], None] | None,
) -> None:
    """Everything that the room sends, to its end; `events()` end with whatever goes wrong."""
    try:
        async with _filmed(room, video if not playback or playback.pace else None, on_video_error) as filming:
            if playback:
                async for chunk in playback.chunks():
                    await room.send_audio(chunk, playback.sample_rate)
                    if video and not playback.pace:
                        await video.catch_up(room)
            elif filming:
                await filming
        await room.end()
    except Exception as error:
        await room.cancel(error)
        raise


@asynccontextmanager
async def _filmed(
    room: AsyncRoom, video: VideoSource | None, on_error: Callable[[LiveroomError], None] | None
) -> AsyncIterator["asyncio.Task[None] | None"]:
    """Plays the video beside what is in the block, whose end ends it."""
    if not video:
        yield None
        return
    filming = asyncio.create_task(video.play(room))  # runs once the clock does
    try:
        yield filming
    finally:
        filming.cancel()
        (ended,) = await asyncio.gather(filming, return_exceptions=True)
    if isinstance(ended, LiveroomError):
        if on_error is None:
            raise ended
        on_error(ended)
