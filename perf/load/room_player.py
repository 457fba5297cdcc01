"""One room played from its first chunk or frame to its last event: whatever plays rooms does it with this."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from liveroom import (
    AsyncClient,
    AsyncRoom,
    Caption,
    FrameResult,
    LiveroomError,
    Moderated,
    RoomMood,
    Suggestion,
)

from perf.load.playback import Playback

Event = Caption | FrameResult
ChatEvent = Moderated | RoomMood | Suggestion


class Source(Protocol):
    """What a room sends beside its speech: frames, lines of chat."""

    async def play(self, room: AsyncRoom) -> None:
        """Everything at its moment."""

    async def catch_up(self, room: AsyncRoom) -> None:
        """What belongs to what has been spoken so far, at once."""


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
    video: Source | None = None,
    chat: Source | None = None,
    moods: bool = False,
    language: str = "auto",
    played: PlayedRoom | None = None,
    hear_chat: Callable[[ChatEvent], None] | None = None,
    on_error: Callable[[Source, LiveroomError], None] | None = None,
) -> PlayedRoom:
    """Plays a room to its end.

    A video without sound is played to its own end, one beside sound as long as that lasts, and so is chat. At
    pace 0 frames and lines come with the speech.

    Args:
        client: connected.
        room_id: of the room.
        hear: is given each event as it comes.
        playback: what is spoken.
        video: what is filmed.
        chat: what is written.
        moods: as `AsyncClient.room` takes it.
        language: likewise.
        played: filled in while the room is played, for whoever counts meanwhile.
        hear_chat: is given what comes of chat, and moods.
        on_error: is told of a frame or a line that was refused, which ends its source alone then; without it
            the room ends.
    """
    played = played or PlayedRoom()
    try:
        async with client.room(room_id, language=language, moods=moods) as played.room:
            beside = [each for each in (video, chat) if each]
            sending = asyncio.create_task(_send(played.room, playback, beside, on_error))
            try:
                async for event in played.room.events():
                    if isinstance(event, Caption | FrameResult):
                        hear(event)
                    elif hear_chat:
                        hear_chat(event)
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
    beside: Sequence[Source],
    on_error: Callable[[Source, LiveroomError], None] | None,
) -> None:
    """Everything that the room sends, to its end; `events()` end with whatever goes wrong."""
    try:
        async with AsyncExitStack() as stack:
            if playback and not playback.pace:
                async for chunk in playback.chunks():
                    await room.send_audio(chunk, playback.sample_rate)
                    for source in beside:
                        await source.catch_up(room)
            else:
                playing = [await stack.enter_async_context(_played(room, each, on_error)) for each in beside]
                if playback:
                    async for chunk in playback.chunks():
                        await room.send_audio(chunk, playback.sample_rate)
                else:
                    await asyncio.gather(*playing)
        await room.end()
    except Exception as error:
        await room.cancel(error)
        raise


@asynccontextmanager
async def _played(
    room: AsyncRoom, source: Source, on_error: Callable[[Source, LiveroomError], None] | None
) -> AsyncIterator["asyncio.Task[None]"]:
    """Plays a source beside what is in the block, whose end ends it."""
    playing = asyncio.create_task(source.play(room))  # runs once the clock does
    try:
        yield playing
    finally:
        playing.cancel()
        (ended,) = await asyncio.gather(playing, return_exceptions=True)
    if isinstance(ended, LiveroomError):
        if on_error is None:
            raise ended
        on_error(source, ended)
