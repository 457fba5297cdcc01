"""The asynchronous client: one channel to one server or gateway."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from types import TracebackType

import numpy as np

from ._audio import as_float32
from ._config import DEFAULT_URL, MAX_CHUNK_S, MAX_UTTERANCE_S, Limits, Retries, Timeouts
from ._errors import InvalidInput
from ._health import check
from ._play import Audio, Chunks, each, opened, play
from ._room import AsyncRoom
from ._text import join
from ._transport import Transport
from ._types import Caption, Health, Model, Transcript
from ._wire import Value, transcript


class AsyncClient:
    """Speaks to a liveroom server; use as `async with AsyncClient() as client`, in one event loop.

    Args:
        url: "host:port" of Triton's gRPC or of a gateway; "grpcs://host:port" for TLS.
        limits: how much a room may have under way.
        timeouts: how long to wait for what.
        retries: how often a unary call is tried.

    Raises:
        InvalidInput: the url is none.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
    ) -> None:
        self.url = url
        self.limits = limits or Limits()
        self.timeouts = timeouts or Timeouts()
        self._transport = Transport(url, retries or Retries())

    async def transcribe(
        self,
        audio: Audio,
        sample_rate: int | None = None,
        *,
        language: str = "auto",
        on_caption: Callable[[Caption], None] | None = None,
    ) -> Transcript:
        """The text of a finite piece of audio of any length, in bounded memory.

        Up to 30 s go to `asr` in one request, which is retried while the server is unavailable or overloaded.
        Longer audio is played into a room of its own as fast as it is served, and is not retried.

        Args:
            audio: mono [n], int16 or float32 in [-1, 1]; or the path of a WAV, FLAC, OGG or MP3 file.
            sample_rate: Hz, 8000 to 48000; for arrays only.
            language: "auto", a Whisper code such as "en" or "zh", or candidates such as "en,zh".
            on_caption: told every caption of longer audio as it comes, to show how far it is.

        Raises:
            InvalidInput, Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        with opened(audio, sample_rate, MAX_CHUNK_S) as (chunks, rate, duration):
            if duration is None:
                raise InvalidInput(
                    "transcribe() takes an array or a path: for audio in chunks use captions()"
                )
            if duration > MAX_UTTERANCE_S:
                return await self._transcribe_long(chunks, rate, duration, language, on_caption)
            samples = np.concatenate([as_float32(chunk) async for chunk in each(chunks)])
        inputs: dict[str, Value] = {
            "audio": samples,
            "sample_rate": np.array([rate], np.int32),
            "language": language,
            "prefix": "",
            "draft": "",
        }
        return transcript(await self._transport.infer("asr", inputs, self.timeouts.transcribe))

    async def captions(
        self,
        audio: Audio | Chunks,
        sample_rate: int | None = None,
        *,
        room_id: str | None = None,
        language: str = "auto",
        denoise: bool = False,
        pace: float = 0.0,
        chunk_s: float = 0.5,
    ) -> AsyncGenerator[Caption, None]:
        """Play audio into a room and yield its captions until the last one.

        Args:
            audio: an array, the path of a file, or an (async) iterable of arrays.
            sample_rate: Hz; not for files.
            room_id: by default a new one.
            language: see `transcribe`.
            denoise: clean the audio before it is recognised.
            pace: 1 for real time, 2 for twice as fast, 0 for as fast as it is served.
            chunk_s: seconds per chunk, at most 1; arrays from an iterable are sent as they are.

        Raises:
            LiveroomError: see `AsyncRoom.audio`; a refused chunk ends it.
        """
        if not pace >= 0:
            raise InvalidInput(f"pace is {pace}: expected 0 (as fast as it is served) or more")
        room_id = room_id or f"captions-{uuid.uuid4().hex}"
        with opened(audio, sample_rate, chunk_s) as (chunks, rate, _):
            async with self.room(room_id, language=language, denoise=denoise) as room:
                sender = asyncio.create_task(play(room, chunks, rate, pace))
                try:
                    async for caption in room.events():
                        yield caption
                    await sender
                finally:
                    sender.cancel()
                    await asyncio.gather(sender, return_exceptions=True)

    def room(self, room_id: str, *, language: str = "auto", denoise: bool = False) -> AsyncRoom:
        """A live room, to be used as `async with client.room("room-42") as room`.

        Args:
            room_id: 1 to 128 bytes of UTF-8, unique among the rooms that are open.
            language: see `transcribe`.
            denoise: clean the audio before it is recognised.

        Raises:
            InvalidInput: the id is empty or too long.
        """
        return AsyncRoom(
            self._transport,
            room_id,
            language=language,
            denoise=denoise,
            limits=self.limits,
            timeouts=self.timeouts,
        )

    async def models(self) -> tuple[Model, ...]:
        """Every model in the server's repository, loaded or not.

        Raises:
            ServerUnavailable, DeadlineExceeded
        """
        return await self._transport.models(self.timeouts.control)

    async def health(self) -> Health:
        """Whether every model that clients call answers a real inference; says which doesn't.

        Raises:
            ServerUnavailable, DeadlineExceeded: the server did not even list its models.
        """
        return await check(self)

    async def close(self) -> None:
        """Close the channel; rooms still open are cancelled."""
        await self._transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _transcribe_long(
        self,
        chunks: Chunks,
        rate: int,
        duration: float,
        language: str,
        on_caption: Callable[[Caption], None] | None,
    ) -> Transcript:
        finals: list[Caption] = []
        async for caption in self.captions(chunks, rate, language=language):
            if caption.is_final:
                finals.append(caption)
            if on_caption:
                on_caption(caption)
        seconds: defaultdict[str, float] = defaultdict(float)
        for final in finals:
            seconds[final.language] += final.pts_end - final.pts_start
        spoken = max(seconds, key=lambda code: seconds[code], default="")
        return Transcript(join(final.text for final in finals), spoken, duration, captions=tuple(finals))
