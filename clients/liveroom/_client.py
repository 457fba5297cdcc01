"""The asynchronous client: one channel to one server or gateway."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from types import TracebackType
from weakref import WeakSet

from . import _fork
from ._auth import Token
from ._config import DEFAULT_URL, Limits, Retries, Timeouts
from ._effects import Effects
from ._errors import InvalidInput
from ._faces import Vision, look
from ._gallery import Gallery
from ._health import check
from ._picture import Picture, picture_bytes
from ._platform import Platform
from ._play import Audio, Chunks, check_pace, opened, play
from ._protocol import Step, new_sequence
from ._room import AsyncRoom
from ._spoken_and_written import SpokenAndWritten
from ._studio import AsyncStudioRoom, Edited, StudioOptions
from ._transcribe import transcribe
from ._transport import Transport
from ._types import Caption, Health, Model, Transcript


class AsyncClient(SpokenAndWritten, Platform):
    """Speaks to a liveroom server; use as `async with AsyncClient() as client`, in one event loop.

    A process that is forked needs clients of its own, made after the fork, and none may be open when it is
    forked: whatever else is tried raises `ClientForked` at once. Those of the parent go on.

    Args:
        url: "host:port" of Triton's gRPC or of a gateway; "grpcs://host:port" for TLS.
        token: goes with every call, over TLS only: a JWT as text, or the `Path` of a file that has it, which
            is read again when it has changed.
        ca: PEM file that vouches for the server; by default the public authorities do.
        limits: how much a room may have under way.
        timeouts: how long to wait for what.
        retries: how often a unary call is tried.

    Raises:
        InvalidInput: the url is none, or the token or ca cannot be used with it.
        ClientForked: this process was forked while another client was open.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: Token | None = None,
        ca: str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
    ) -> None:
        self.url = url
        self.limits = limits or Limits()
        self.timeouts = timeouts or Timeouts()
        self._transport = Transport(url, retries or Retries(), token=token, ca=ca)
        self._rooms: WeakSet[AsyncRoom] = WeakSet()

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
            language: "auto", a Whisper code such as "en" or "zh", or candidates such as "en,zh". Chinese is
                written in simplified characters, or as zh-Hant, zh-TW or zh-HK ask for, the last two with
                the words of their region.
            on_caption: told every caption of longer audio as it comes, to show how far it is.

        Raises:
            InvalidInput, Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        return await transcribe(
            self._transport, self.captions, audio, sample_rate, language, on_caption, self.timeouts.transcribe
        )

    async def analyze_image(
        self, image: Picture, *, detector: str | None = None, meshes: bool = False
    ) -> Vision:
        """The faces in a picture, with embeddings and expressions, and whether it is safe to show.

        Args:
            image: uint8 RGB [height, width, 3], the bytes of a JPEG, PNG, WebP, AVIF or PPM file, or a path.
            detector: "blazeface" or "centerface"; by default the server's choice.
            meshes: ask for the 468 points of every face too.

        Raises:
            InvalidInput, Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        picture, seconds = picture_bytes(image), self.timeouts.picture
        return await look(self._transport, picture, seconds, detector=detector, meshes=meshes)

    async def enroll(self, gallery: Gallery, name: str, *photos: Picture, more: bool = False) -> None:
        """Add a person to `gallery`, by photos that each show this person alone; all of them or none.

        Args:
            gallery: is changed, and not saved.
            name: see `Gallery.enroll`.
            photos: at least one; see `analyze_image`.
            more: whether the person is enrolled already.

        Raises:
            InvalidInput: see `Gallery.enroll`; the message says which photo.
            LiveroomError: see `analyze_image`.
        """
        faces = []
        for number, photo in enumerate(photos, 1):
            try:
                faces.append((await self.analyze_image(photo)).only_face)
            except InvalidInput as error:
                raise InvalidInput(f"photo {number} of {name!r}: {error}") from error
        gallery.enroll(name, faces, more=more)

    async def edit_image(
        self,
        image: Picture,
        effects: Effects,
        *,
        background: Picture | None = None,
        enrolled: Gallery | None = None,
    ) -> Edited:
        """A picture with effects, as the bytes of a file of `Effects.format`, see `Edited`.

        Args:
            image: see `analyze_image`.
            effects: what to do; nothing gives the same bytes back.
            background: what `Effects.replace` puts behind people.
            enrolled: whose faces `Effects.anonymize` leaves alone; by default nobody's.

        Raises:
            LiveroomError: see `analyze_image`.
        """
        options = StudioOptions.checked(effects, background, enrolled)
        sequence = new_sequence()
        step = Step(f"studio-{sequence}", sequence, start=True, end=True)
        return await options.edit(self._transport, picture_bytes(image), step, self.timeouts.picture)

    def studio_room(
        self,
        room_id: str,
        effects: Effects,
        *,
        background: Picture | None = None,
        enrolled: Gallery | None = None,
    ) -> AsyncStudioRoom:
        """The frames of a room with effects, to be used as `async with client.studio_room(...) as room`.

        Args:
            room_id: see `room`.
            effects: see `edit_image`, like the rest.
            background: sent once.
            enrolled: may change meanwhile.

        Raises:
            InvalidInput: the id is empty or too long, or the background is no picture.
        """
        options = StudioOptions.checked(effects, background, enrolled)
        return AsyncStudioRoom(self._transport, room_id, options, self.timeouts)

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
            denoise: clean the audio before it is recognized.
            pace: 1 for real time, 2 for twice as fast, 0 for as fast as it is served.
            chunk_s: seconds per chunk, at most 1; arrays from an iterable are sent as they are.

        Raises:
            LiveroomError: see `AsyncRoom.send_audio`; a refused chunk ends it.
        """
        check_pace(pace)
        room_id = room_id or f"captions-{uuid.uuid4().hex}"
        with opened(audio, sample_rate, chunk_s) as (chunks, rate, _):
            async with self.room(room_id, language=language, denoise=denoise) as room:
                sender = asyncio.create_task(play(room, chunks, rate, pace))
                try:
                    async for event in room.events():
                        if isinstance(event, Caption):
                            yield event
                    await sender
                finally:
                    sender.cancel()
                    await asyncio.gather(sender, return_exceptions=True)

    def room(
        self,
        room_id: str,
        *,
        language: str = "auto",
        denoise: bool = False,
        gallery: Gallery | None = None,
        chat: Mapping[str, object] | None = None,
        moods: bool = False,
    ) -> AsyncRoom:
        """A live room, to be used as `async with client.room("room-42") as room`.

        Args:
            room_id: 1 to 128 bytes of UTF-8, unique among the rooms that are open.
            language: see `transcribe`.
            denoise: clean the audio before it is recognized.
            gallery: puts names on the faces in the room's frames.
            chat: how its chat is moderated, such as {"level": 3, "words": [{"text": "spoiler"}]}; see
                docs/chat.md.
            moods: tell how the host feels too, by voice, words, face and lines, as `RoomMood`; every final
                caption is a request to `voice_mood` then.

        Raises:
            InvalidInput: the id is empty or too long, or `language` can be none.
        """
        room = AsyncRoom(
            self._transport,
            room_id,
            language=language,
            denoise=denoise,
            gallery=gallery,
            chat=chat,
            moods=moods,
            limits=self.limits,
            timeouts=self.timeouts,
        )
        self._rooms.add(room)
        return room

    async def models(self) -> tuple[Model, ...]:
        """Every model in the server's repository, loaded or not; of a gateway, those that clients call.

        Raises:
            NotAllowed, ServerUnavailable, DeadlineExceeded
        """
        return await self._transport.models(self.timeouts.control)

    async def health(self, *models: str) -> Health:
        """Whether every model that clients call answers a real inference; says which doesn't.

        Args:
            models: that have to be there; by default those that the server was asked to serve, which a
                gateway does not tell of one that is missing.

        Raises:
            InvalidInput: a model has no probe.
            ServerUnavailable, DeadlineExceeded: the server did not even list its models.
        """
        return await check(self, models)

    async def close(self) -> None:
        """Close the channel; rooms still open are cancelled. In a forked process it is left to its parent."""
        if _fork.lost():
            return
        self._sentiments.close()
        self._moderated.close()
        await asyncio.gather(*(room.cancel() for room in self._rooms))
        await self._transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
