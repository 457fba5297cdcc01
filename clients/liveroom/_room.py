"""A live room: audio in, captions out, on one stream; beside it frames, faces, and chat."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from types import TracebackType

import numpy as np

from . import _fork
from ._audio import Samples, check_sample_rate, check_samples, clipped
from ._chat_events import Role
from ._config import DEFAULT_SAMPLE_RATE, MAX_CHUNK_BYTES, MAX_CHUNK_S, Limits, Timeouts
from ._errors import DeadlineExceeded, InvalidInput, LiveroomError, RoomClosed, about
from ._event_queue import Event, EventQueue
from ._faces import look
from ._frames import Frames
from ._gallery import Gallery
from ._picture import Picture, picture_bytes
from ._play import Audio, Chunks, Pace, each, opened
from ._protocol import Value, check_language, check_room_id
from ._room_chat import RoomChat
from ._room_moods import MoodQueue
from ._session import Session
from ._transport import Transport
from ._voice_mood import voice_mood


class AsyncRoom(_fork.StaysHere):
    """One room on one gRPC stream; made by `AsyncClient.room()` and used as `async with ... as room`.

    When its server is lost, or hangs, the room moves to another one: what has no final caption yet is said
    again there, and `events()` goes on with no final caption missing or repeated, and no stable word taken
    back.

    Leaving the block normally ends the room (`end()`); leaving it with an exception, or cancelling the task,
    cancels the stream. One task may send while another reads.
    """

    def __init__(
        self,
        transport: Transport,
        room_id: str,
        *,
        language: str,
        denoise: bool,
        gallery: Gallery | None,
        chat: Mapping[str, object] | None,
        moods: bool,
        limits: Limits,
        timeouts: Timeouts,
    ) -> None:
        self.id = check_room_id(room_id)
        options: Mapping[str, Value] = {"language": check_language(language), "denoise": np.array([denoise])}
        self._limits = limits
        self._timeouts = timeouts
        ask = partial(voice_mood, transport, seconds=timeouts.transcribe)
        self._moods = MoodQueue(limits.unread_finals, ask) if moods else None
        self._events = self._moods or EventQueue(limits.unread_finals)
        self._opened = partial(Session, transport, self.id, options, self._events, limits, timeouts)
        self._session: Session | None = None
        self._frames = Frames(
            partial(look, transport, seconds=timeouts.frame, retry=False), self._events, limits, gallery
        )
        self._chat = RoomChat(transport, self.id, self._events.put, self._chat_over, chat, limits, timeouts)
        self._lost: LiveroomError | None = None
        self._sending = asyncio.Lock()
        self._begun = False
        self._ended = False
        self._rate = DEFAULT_SAMPLE_RATE
        self._clipped = False
        self._pts = 0.0
        self._frame_pts = -math.inf

    @property
    def pts(self) -> float:
        """Seconds on the room's clock at which the next chunk begins unless it says otherwise.

        It never runs backwards; a chunk that the server refused leaves a gap of its length.
        """
        return self._pts

    @property
    def frames_dropped(self) -> int:
        """How many frames will never be seen: there were too many of them, or the server was too busy."""
        return self._frames.dropped

    @property
    def reconnects(self) -> int:
        """How often another server has taken the room over, because the one that had it was lost."""
        return self._session.reconnects if self._session else 0

    @property
    def replay_lost_s(self) -> float:
        """Seconds of audio that could not be said again then: there was more than `Limits.replay_seconds`."""
        return self._session.replay.lost_s if self._session else 0.0

    @property
    def duplicates_dropped(self) -> int:
        """How many final captions came a second time after that, and were left out of `events()`."""
        return self._session.duplicates if self._session else 0

    async def send_audio(self, chunk: Samples, sample_rate: int, pts: float | None = None) -> None:
        """Send a chunk; returns once it is on its way and there was room for it.

        Args:
            chunk: mono [n], int16 or float32 in [-1, 1]; best 100 to 1000 ms, longer ones are split.
            sample_rate: Hz, 8000 to 48000.
            pts: seconds on the room's clock of the first sample; by default right after the chunk before.

        Raises:
            InvalidInput: this chunk, or one sent before, is wrong. Errors of earlier chunks are raised before
                anything of this one is sent, and the room goes on: call again with the same chunk.
            Overloaded: the server admits no more rooms, said soon after the first chunk; the room is over.
            DeadlineExceeded: no place among the unacknowledged chunks within `Timeouts.audio`.
            RoomClosed: the room has ended.
            LiveroomError: no server has the room any more, see `Timeouts.reconnect`; the room is over.
        """
        _fork.check()  # before the lock, which the fork may have left held
        rate, samples = check_sample_rate(sample_rate), check_samples(chunk)
        if pts is not None and not math.isfinite(pts):
            raise InvalidInput(f"pts is {pts}: expected seconds on the room's clock")
        async with self._sending:
            session = self._seen_session()
            if refused := session.refused():
                raise refused
            at = self._pts if pts is None else float(pts)
            sent = clipped(samples, f"room {self.id!r}, {at:.2f} s", quiet=self._clipped)
            self._clipped = self._clipped or sent is not samples
            for piece in _split(sent, rate):
                async with self._deadline(self._timeouts.audio):
                    await session.space()
                    await self._send(session, piece, rate, at)
                at += len(piece) / rate
                self._pts = max(
                    self._pts, at
                )  # should the server refuse an early pts, the room still goes on

    async def play(
        self,
        audio: Audio | Chunks,
        sample_rate: int | None = None,
        *,
        pace: float = 1.0,
        chunk_s: float = 0.2,
    ) -> None:
        """Send audio as fast as it would have been spoken, as a microphone does; returns when all is sent.

        The room goes on: `end()` it, play something else, or send frames meanwhile from another task.

        Args:
            audio: an array, the path of a WAV, FLAC, OGG or MP3 file, or an (async) iterable of arrays.
            sample_rate: Hz, 8000 to 48000; not for files.
            pace: 1 for real time, 2 for twice as fast, 0 for as fast as it is served, which leaves the server
                no time for partial captions and frames.
            chunk_s: seconds per chunk, above 0 and at most 1; arrays from an iterable are sent as they are.

        Raises:
            InvalidInput: the audio can't be used; of a file that is damaged further on, after the audio
                before has been sent.
            LiveroomError: see `send_audio`.
        """
        due = Pace(self, pace)
        with opened(audio, sample_rate, chunk_s) as (chunks, rate, _):
            async with aclosing(each(chunks)) as source:
                async for chunk in source:
                    await due.wait(len(chunk) / rate)
                    await self.send_audio(chunk, rate)

    async def send_frame(self, image: Picture, pts: float) -> None:
        """Send a frame of the room's video; returns at once, and what it shows comes out of `events()`.

        `Limits.frames_in_flight` frames are looked at at the same time, `Limits.frames_waiting` more wait for
        that; of more than that the oldest waiting one is dropped, and so is one that the server has no time
        for. `frames_dropped` counts them. Frames never hold audio up.

        Args:
            image: uint8 RGB [height, width, 3], which is sent raw; or the bytes of a JPEG, PNG, WebP, AVIF or
                PPM file, which are fewer; or its path.
            pts: seconds on the room's clock at which it was taken; not before that of the frame before.

        Raises:
            InvalidInput: this frame, or one sent before, is wrong. Errors of earlier frames are raised before
                anything of this one is sent, and the room goes on: call again with the same frame.
            RoomClosed: the room has ended.
            LiveroomError: an earlier frame failed (the room goes on), or the stream broke (it is over).
        """
        picture = picture_bytes(image)
        if not self._frame_pts <= pts < math.inf:
            raise InvalidInput(
                f"pts is {pts}: expected seconds on the room's clock, {self._frame_pts} or more"
            )
        self._seen_session().check()
        if refused := self._frames.refused():
            raise about(refused, room_id=self.id)
        self._frame_pts = pts
        self._frames.put(picture, pts)

    async def send_chat(
        self,
        text: str,
        *,
        viewer: str = "",
        role: Role = "viewer",
        pts: float | None = None,
        id: str = "",  # noqa: A002
    ) -> str:
        """Send a line of the room's chat; what becomes of it comes out of `events()` as `Moderated`.

        Returns once there was place for it, `Moderated.of` of what comes; lines are answered in order.

        Args:
            text: at most 64 KiB; what comes after 4096 bytes is not judged, and such a line is held.
            viewer: an id of who wrote it, of at most 128 bytes, by which a flood is told from a crowd.
            role: "viewer", "fan", "moderator" or "host"; of the last two nothing is stopped by default.
            pts: seconds on the room's clock; by default where its audio is, or the line before.
            id: at most 64 bytes; by default counted.

        Raises:
            InvalidInput: this line is wrong; or settings from before are, and the chat goes on with those
                that held until then: call again with the same line.
            RoomClosed: the room has ended.
            LiveroomError: no server has the chat any more, or the settings that the room began with are
                wrong. Captions go on; a room without audio and frames is over.
        """
        self._open_session().check()
        return await self._chat.send(text, viewer, role, pts, id, self._pts)

    async def moderate_chat(self, settings: Mapping[str, object]) -> None:
        """From the next line on, `settings` hold for the room's chat; see `AsyncClient.room`.

        Their `resolve` decides on lines that are held, and viewers who are blocked; alone it leaves all other
        settings as they are.

        Raises:
            InvalidInput: they can't be written as JSON. That the server refuses them is raised by the next
                line that is sent, or by `end`; until then those from before hold.
        """
        self._open_session().check()
        await self._chat.configure(settings)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Captions, what frames show, and what becomes of chat, as they come until the room has ended.

        Final captions and lines of chat come in order and none is left out; of partial captions, frames and
        moods that were not read in time only the newest is kept. What is unread when the room ends can still
        be read. If nobody reads, senders are held up after `Limits.unread_finals` of what is kept.

        Raises:
            LiveroomError: the stream broke; after everything that came before that.
        """
        _fork.check()
        while (event := await self._events.get()) is not None:
            yield event
            _fork.check()

    async def end(self) -> None:
        """Flush the tail and close the room: when this returns every final caption has been received.

        Frames under way are waited for, at most `Timeouts.frame`. Calling it again does nothing.

        Raises:
            DeadlineExceeded: not within `Timeouts.end`.
            LiveroomError: the stream broke, or an earlier chunk or frame failed and nobody has been told yet.
        """
        _fork.check()
        async with self._sending, self._deadline(self._timeouts.end):
            if self._ended:
                return
            session = self._open_session()
            if self._begun:
                await session.space()
                self._ended = True
                await self._send(session, np.empty(0, np.int16), self._rate, self._pts, last=True)
            self._ended = True
            await self._frames.drain(self._timeouts.frame)
            chat = await self._chat.finish()
            if self._begun:
                await session.finish()
            else:
                await self._events.close()
                await session.cancel()
            if refused := session.refused() or self._frames.refused() or chat:
                raise about(refused, room_id=self.id)

    async def cancel(self, because: Exception | None = None) -> None:
        """Close the room now and drop its tail; `events()` then raises `because`, or else `RoomClosed`."""
        self._ended = True
        if _fork.lost():
            return
        await self._frames.cancel()
        await self._chat.cancel()
        if self._session:
            if because:
                await self._events.close(because)
            await self._session.cancel()

    async def __aenter__(self) -> AsyncRoom:
        if self._session or self._ended:
            raise self._closed("was opened before: make another with client.room()")
        self._session = self._opened()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and not _fork.lost():
                await self.end()
        finally:
            await self.cancel()

    async def _chat_over(self, failure: LiveroomError) -> None:
        """Nothing more comes of a room that has chat alone; where there is audio or a frame, that goes on."""
        if not self._begun and self._frame_pts == -math.inf:
            self._lost = failure
            await self._events.close(failure)

    def _seen_session(self) -> Session:
        """The session of a room whose events can still be seen."""
        session = self._open_session()
        if self._lost:
            raise self._lost.with_traceback(None)
        return session

    def _open_session(self) -> Session:
        _fork.check()
        if self._ended:
            raise self._closed("has ended")
        if self._session is None:
            raise self._closed("is not open: use `async with client.room(...) as room`")
        return self._session

    async def _send(
        self, session: Session, samples: Samples, rate: int, pts: float, *, last: bool = False
    ) -> None:
        self._begun, self._rate = True, rate
        if self._moods and len(samples):
            self._moods.heard(samples, rate, pts)
        await session.add(samples, rate, pts, last=last)

    @asynccontextmanager
    async def _deadline(self, seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            if isinstance(error, DeadlineExceeded):
                raise
            why = (
                f"{self._limits.unread_finals} final captions or lines of chat are unread: "
                "read room.events() in another task"
                if self._events.full
                else "the server is behind or stuck: see `liveroom health`"
            )
            late = DeadlineExceeded(f"room {self.id!r}: nothing moved for {seconds:g} s; {why}")
            raise (self._session.named(late) if self._session else about(late, room_id=self.id)) from error

    def _closed(self, why: str) -> RoomClosed:
        return about(RoomClosed(f"room {self.id!r} {why}"), room_id=self.id)


def _split(samples: Samples, rate: int) -> Iterator[Samples]:
    """Pieces of at most `MAX_CHUNK_S` and `MAX_CHUNK_BYTES`."""
    size = min(int(rate * MAX_CHUNK_S), MAX_CHUNK_BYTES // samples.itemsize)
    for start in range(0, len(samples), size):
        yield samples[start : start + size]
