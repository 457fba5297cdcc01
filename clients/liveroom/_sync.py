"""The synchronous twins: the asynchronous client on an event loop in a thread of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from . import _fork
from ._auth import Token
from ._catalog import Item
from ._client import AsyncClient
from ._config import DEFAULT_URL, Limits, Retries, Timeouts
from ._effects import Effects
from ._event_loop import Loop
from ._faces import Vision
from ._gallery import Gallery
from ._moderation import Moderation
from ._outcomes import OutcomeKind
from ._picture import Picture
from ._play import Audio, Chunks
from ._sentiment import Sentiment
from ._signature import Arrays, Inputs
from ._speak import Speech
from ._studio import Edited
from ._sync_rooms import Room, Stream, StudioRoom
from ._types import Caption, Health, Model, Transcript
from ._voice_mood import Baseline, VoiceMood


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

    def speak(
        self,
        text: str,
        *,
        voice: str | None = None,
        speed: float = 1.0,
        pauses: float = 1.0,
        lexicon: Mapping[str, str] | None = None,
    ) -> Iterator[Speech]:
        """See `AsyncClient.speak`."""
        return self._loop.iterate(
            self._client.speak(text, voice=voice, speed=speed, pauses=pauses, lexicon=lexicon)
        )

    def sentiment(self, lines: Iterable[str]) -> list[Sentiment]:
        """See `AsyncClient.sentiment`; lines of calls of several threads share requests, too."""
        return self._loop.run(self._client.sentiment(lines))

    def moderate(self, lines: Iterable[str]) -> list[Moderation]:
        """See `AsyncClient.moderate`."""
        return self._loop.run(self._client.moderate(lines))

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

    def infer(
        self,
        model: str,
        inputs: Inputs,
        *,
        outputs: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Arrays:
        """See `AsyncClient.infer`."""
        return self._loop.run(self._client.infer(model, inputs, outputs=outputs, timeout=timeout))

    @contextmanager
    def stream(self, model: str, *, sequence: bool = False) -> Iterator[Stream]:
        """See `AsyncClient.stream`."""
        opened = self._client.stream(model, sequence=sequence)
        stream = self._loop.run(opened.__aenter__())
        try:
            yield Stream(self._loop, stream)
        finally:
            self._loop.run(stream.close())

    def voice_mood(
        self,
        audio: Audio,
        sample_rate: int | None = None,
        *,
        text: str | None = None,
        language: str = "auto",
        baseline: Baseline | None = None,
    ) -> VoiceMood:
        """See `AsyncClient.voice_mood`."""
        work = self._client.voice_mood(audio, sample_rate, text=text, language=language, baseline=baseline)
        return self._loop.run(work)

    def analyze_image(self, image: Picture, *, detector: str | None = None, meshes: bool = False) -> Vision:
        """See `AsyncClient.analyze_image`."""
        return self._loop.run(self._client.analyze_image(image, detector=detector, meshes=meshes))

    def enroll(self, gallery: Gallery, name: str, *photos: Picture, more: bool = False) -> None:
        """See `AsyncClient.enroll`."""
        self._loop.run(self._client.enroll(gallery, name, *photos, more=more))

    def edit_image(
        self,
        image: Picture,
        effects: Effects,
        *,
        background: Picture | None = None,
        enrolled: Gallery | None = None,
    ) -> Edited:
        """See `AsyncClient.edit_image`."""
        work = self._client.edit_image(image, effects, background=background, enrolled=enrolled)
        return self._loop.run(work)

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
        self,
        room_id: str,
        *,
        language: str = "auto",
        denoise: bool = False,
        gallery: Gallery | None = None,
        chat: Mapping[str, object] | None = None,
        moods: bool = False,
    ) -> Room:
        """See `AsyncClient.room`."""
        room = self._client.room(
            room_id, language=language, denoise=denoise, gallery=gallery, chat=chat, moods=moods
        )
        return Room(self._loop, room)

    def announce(
        self, kind: str, changes: Iterable[Mapping[str, object]], *, catalog: str = ""
    ) -> list[Item | None]:
        """See `AsyncClient.announce`."""
        return self._loop.run(self._client.announce(kind, changes, catalog=catalog))

    def announced(self, kind: str, *, catalog: str = "") -> Iterator[Item]:
        """See `AsyncClient.announced`."""
        return self._loop.iterate(self._client.announced(kind, catalog=catalog))

    def report_outcome(
        self,
        kind: OutcomeKind,
        viewer: str,
        *,
        room: str = "",
        item: str = "",
        time_s: float | None = None,
        trace: str = "",
        watch_s: float | None = None,
        value: int | None = None,
        id: str | None = None,  # noqa: A002 - what the model calls it
    ) -> bool:
        """See `AsyncClient.report_outcome`."""
        return self._loop.run(
            self._client.report_outcome(
                kind,
                viewer,
                room=room,
                item=item,
                time_s=time_s,
                trace=trace,
                watch_s=watch_s,
                value=value,
                id=id,
            )
        )

    def report_outcomes(self, outcomes: Iterable[Mapping[str, object]]) -> list[bool]:
        """See `AsyncClient.report_outcomes`."""
        return self._loop.run(self._client.report_outcomes(outcomes))

    def models(self) -> tuple[Model, ...]:
        """See `AsyncClient.models`."""
        return self._loop.run(self._client.models())

    def health(self, *models: str) -> Health:
        """See `AsyncClient.health`."""
        return self._loop.run(self._client.health(*models))

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
