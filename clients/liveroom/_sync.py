"""The synchronous twins: the asynchronous client on an event loop in a thread of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from . import _fork
from ._access import Token
from ._audio import Samples
from ._client import AsyncClient
from ._config import DEFAULT_URL, Limits, Retries, Timeouts
from ._effects import Effects
from ._faces import Vision
from ._gallery import Gallery
from ._inbox import Event
from ._loop import Loop
from ._picture import Picture
from ._play import Audio, Chunks
from ._room import AsyncRoom
from ._studio import AsyncStudioRoom, Edited
from ._types import Caption, Health, Model, Transcript

AnyRoom = TypeVar("AnyRoom", bound=AsyncRoom | AsyncStudioRoom)


class Client(_fork.StaysHere):
    """Speaks to a liveroom server; use as `with Client() as client`. Threads may share it, processes not.

    Every method is the one of `AsyncClient`, without `await`.
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
        self._client = AsyncClient(url, token=token, ca=ca, limits=limits, timeouts=timeouts, retries=retries)
        self._loop = Loop()

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._client.url

    def transcribe(
        self,
        audio: Audio,
        sample_rate: int | None = None,
        *,
        language: str = "auto",
        on_caption: Callable[[Caption], None] | None = None,
    ) -> Transcript:
        """See `AsyncClient.transcribe`; `on_caption` is called in the client's own thread."""
        return self._loop.run(
            self._client.transcribe(audio, sample_rate, language=language, on_caption=on_caption)
        )

    def captions(
        self,
        audio: Audio | Chunks,
        sample_rate: int | None = None,
        *,
        room_id: str | None = None,
        language: str = "auto",
        denoise: bool = False,
        pace: float = 0.0,
        chunk_s: float = 0.5,
    ) -> Iterator[Caption]:
        """See `AsyncClient.captions`."""
        return self._loop.iterate(
            self._client.captions(
                audio,
                sample_rate,
                room_id=room_id,
                language=language,
                denoise=denoise,
                pace=pace,
                chunk_s=chunk_s,
            )
        )

    def vision(self, image: Picture, *, detector: str | None = None, meshes: bool = False) -> Vision:
        """See `AsyncClient.vision`."""
        return self._loop.run(self._client.vision(image, detector=detector, meshes=meshes))

    def enrol(self, gallery: Gallery, name: str, *photos: Picture, more: bool = False) -> None:
        """See `AsyncClient.enrol`."""
        self._loop.run(self._client.enrol(gallery, name, *photos, more=more))

    def studio(
        self,
        image: Picture,
        effects: Effects,
        *,
        background: Picture | None = None,
        enrolled: Gallery | None = None,
    ) -> Edited:
        """See `AsyncClient.studio`."""
        return self._loop.run(self._client.studio(image, effects, background=background, enrolled=enrolled))

    def studio_room(
        self,
        room_id: str,
        effects: Effects,
        *,
        background: Picture | None = None,
        enrolled: Gallery | None = None,
    ) -> StudioRoom:
        """See `AsyncClient.studio_room`."""
        room = self._client.studio_room(room_id, effects, background=background, enrolled=enrolled)
        return StudioRoom(self._loop, room)

    def room(
        self, room_id: str, *, language: str = "auto", denoise: bool = False, gallery: Gallery | None = None
    ) -> Room:
        """See `AsyncClient.room`."""
        room = self._client.room(room_id, language=language, denoise=denoise, gallery=gallery)
        return Room(self._loop, room)

    def models(self) -> tuple[Model, ...]:
        """See `AsyncClient.models`."""
        return self._loop.run(self._client.models())

    def health(self) -> Health:
        """See `AsyncClient.health`."""
        return self._loop.run(self._client.health())

    def close(self) -> None:
        """See `AsyncClient.close`."""
        if _fork.lost():
            return
        self._loop.run(self._client.close())
        self._loop.stop()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Held(_fork.StaysHere, Generic[AnyRoom]):
    """A room on the client's loop, open while the `with` block runs."""

    def __init__(self, loop: Loop, room: AnyRoom) -> None:
        self._loop = loop
        self._room = room

    @property
    def id(self) -> str:
        """The room's id."""
        return self._room.id

    def __enter__(self) -> Self:
        self._loop.run(self._room.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not _fork.lost():
            self._loop.run(self._room.__aexit__(kind, error, trace))


class Room(_Held[AsyncRoom]):
    """One room on one gRPC stream; made by `Client.room()` and used as `with ... as room`.

    Every method is the one of `AsyncRoom`, without `await`. One thread may send while another reads.
    """

    @property
    def pts(self) -> float:
        """See `AsyncRoom.pts`."""
        return self._room.pts

    def audio(self, chunk: Samples, sample_rate: int, pts: float | None = None) -> None:
        """See `AsyncRoom.audio`."""
        self._loop.run(self._room.audio(chunk, sample_rate, pts))

    def play(
        self,
        audio: Audio | Chunks,
        sample_rate: int | None = None,
        *,
        pace: float = 1.0,
        chunk_s: float = 0.2,
    ) -> None:
        """See `AsyncRoom.play`."""
        self._loop.run(self._room.play(audio, sample_rate, pace=pace, chunk_s=chunk_s))

    @property
    def reconnects(self) -> int:
        """See `AsyncRoom.reconnects`."""
        return self._room.reconnects

    @property
    def replay_lost_s(self) -> float:
        """See `AsyncRoom.replay_lost_s`."""
        return self._room.replay_lost_s

    @property
    def duplicates_dropped(self) -> int:
        """See `AsyncRoom.duplicates_dropped`."""
        return self._room.duplicates_dropped

    @property
    def frames_dropped(self) -> int:
        """See `AsyncRoom.frames_dropped`."""
        return self._room.frames_dropped

    def frame(self, image: Picture, pts: float) -> None:
        """See `AsyncRoom.frame`."""
        self._loop.run(self._room.frame(image, pts))

    def events(self) -> Iterator[Event]:
        """See `AsyncRoom.events`."""
        return self._loop.iterate(self._room.events())

    def end(self) -> None:
        """See `AsyncRoom.end`."""
        self._loop.run(self._room.end())

    def cancel(self, because: Exception | None = None) -> None:
        """See `AsyncRoom.cancel`."""
        self._loop.run(self._room.cancel(because))


class StudioRoom(_Held[AsyncStudioRoom]):
    """The frames of one room, edited one after another; made by `Client.studio_room()` and used as `with`.

    Every method is the one of `AsyncStudioRoom`, without `await`.
    """

    def frame(self, image: Picture) -> Edited:
        """See `AsyncStudioRoom.frame`."""
        return self._loop.run(self._room.frame(image))
