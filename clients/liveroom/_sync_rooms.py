"""The synchronous twins of rooms and streams, on the event loop of their client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Generic, Self, TypeVar

from . import _fork
from ._audio import Samples
from ._chat_events import Role
from ._event_loop import Loop
from ._event_queue import Event
from ._model_stream import AsyncStream
from ._picture import Picture
from ._play import Audio, Chunks
from ._room import AsyncRoom
from ._signature import Arrays, Inputs
from ._studio import AsyncStudioRoom, Edited
from ._unread_responses import Response

AnyRoom = TypeVar("AnyRoom", bound=AsyncRoom | AsyncStudioRoom)


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

    def send_audio(self, chunk: Samples, sample_rate: int, pts: float | None = None) -> None:
        """See `AsyncRoom.send_audio`."""
        self._loop.run(self._room.send_audio(chunk, sample_rate, pts))

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

    def send_frame(self, image: Picture, pts: float) -> None:
        """See `AsyncRoom.send_frame`."""
        self._loop.run(self._room.send_frame(image, pts))

    def send_chat(
        self,
        text: str,
        *,
        viewer: str = "",
        role: Role = "viewer",
        pts: float | None = None,
        id: str = "",  # noqa: A002
    ) -> str:
        """See `AsyncRoom.send_chat`."""
        return self._loop.run(self._room.send_chat(text, viewer=viewer, role=role, pts=pts, id=id))

    def moderate_chat(self, settings: Mapping[str, object]) -> None:
        """See `AsyncRoom.moderate_chat`."""
        self._loop.run(self._room.moderate_chat(settings))

    def events(self) -> Iterator[Event]:
        """See `AsyncRoom.events`."""
        return self._loop.iterate(self._room.events())

    def end(self) -> None:
        """See `AsyncRoom.end`."""
        self._loop.run(self._room.end())

    def cancel(self, because: Exception | None = None) -> None:
        """See `AsyncRoom.cancel`."""
        self._loop.run(self._room.cancel(because))


class Stream(_fork.StaysHere):
    """Requests to one model over one gRPC stream; made by `Client.stream()` and used as `with ... as stream`.

    Every method is the one of `AsyncStream`, without `await`. One thread may send while another reads.
    """

    def __init__(self, loop: Loop, stream: AsyncStream) -> None:
        self._loop = loop
        self._stream = stream

    def send(self, inputs: Inputs, *, end: bool = False) -> int:
        """See `AsyncStream.send`."""
        return self._loop.run(self._stream.send(inputs, end=end))

    def ask(self, inputs: Inputs, *, end: bool = False) -> list[Arrays]:
        """See `AsyncStream.ask`."""
        return self._loop.run(self._stream.ask(inputs, end=end))

    def __iter__(self) -> Iterator[Response]:
        return self

    def __next__(self) -> Response:
        try:
            return self._loop.run(self._stream.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """See `AsyncStream.close`."""
        self._loop.run(self._stream.close())


class StudioRoom(_Held[AsyncStudioRoom]):
    """The frames of one room, edited one after another; made by `Client.studio_room()` and used as `with`.

    Every method is the one of `AsyncStudioRoom`, without `await`.
    """

    def edit_frame(self, image: Picture) -> Edited:
        """See `AsyncStudioRoom.edit_frame`."""
        return self._loop.run(self._room.edit_frame(image))
