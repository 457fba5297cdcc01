"""The synchronous twins: the asynchronous client on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import TypeVar

from ._audio import Samples
from ._client import AsyncClient
from ._config import DEFAULT_URL, Limits, Retries, Timeouts
from ._play import Audio, Chunks
from ._room import AsyncRoom
from ._types import Caption, Health, Model, Transcript

T = TypeVar("T")


class _Loop:
    """An event loop in a daemon thread, started at the first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """The result of `work`; interrupting the wait cancels it."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="liveroom client", daemon=True).start()
            loop = self._loop
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """The items of an asynchronous generator, which is closed when this one is."""
        try:
            while (item := self.run(_following(items))) is not None:
                yield item
        finally:
            self.run(items.aclose())

    def stop(self) -> None:
        """End the thread."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None


async def _following(items: AsyncGenerator[T, None]) -> T | None:
    return await anext(items, None)


class Client:
    """Speaks to a liveroom server; use as `with Client() as client`. Threads may share it.

    Every method is the one of `AsyncClient`, without `await`.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
    ) -> None:
        self._client = AsyncClient(url, limits=limits, timeouts=timeouts, retries=retries)
        self._loop = _Loop()

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

    def room(self, room_id: str, *, language: str = "auto", denoise: bool = False) -> Room:
        """See `AsyncClient.room`."""
        return Room(self._loop, self._client.room(room_id, language=language, denoise=denoise))

    def models(self) -> tuple[Model, ...]:
        """See `AsyncClient.models`."""
        return self._loop.run(self._client.models())

    def health(self) -> Health:
        """See `AsyncClient.health`."""
        return self._loop.run(self._client.health())

    def close(self) -> None:
        """See `AsyncClient.close`."""
        self._loop.run(self._client.close())
        self._loop.stop()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Room:
    """One room on one gRPC stream; made by `Client.room()` and used as `with ... as room`.

    Every method is the one of `AsyncRoom`, without `await`. One thread may send while another reads.
    """

    def __init__(self, loop: _Loop, room: AsyncRoom) -> None:
        self._loop = loop
        self._room = room

    @property
    def id(self) -> str:
        """The room's id."""
        return self._room.id

    @property
    def pts(self) -> float:
        """See `AsyncRoom.pts`."""
        return self._room.pts

    def audio(self, chunk: Samples, sample_rate: int, pts: float | None = None) -> None:
        """See `AsyncRoom.audio`."""
        self._loop.run(self._room.audio(chunk, sample_rate, pts))

    def events(self) -> Iterator[Caption]:
        """See `AsyncRoom.events`."""
        return self._loop.iterate(self._room.events())

    def end(self) -> None:
        """See `AsyncRoom.end`."""
        self._loop.run(self._room.end())

    def cancel(self, because: Exception | None = None) -> None:
        """See `AsyncRoom.cancel`."""
        self._loop.run(self._room.cancel(because))

    def __enter__(self) -> Room:
        self._loop.run(self._room.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._room.__aexit__(kind, error, trace))
