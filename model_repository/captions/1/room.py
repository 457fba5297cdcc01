"""A room: one task hears its chunks, one has its segments recognised and tells what was said."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from agreement import settle
from intake import Chunk, ChunkError, Floats, Intake
from segments import WINDOW, Segment, Segmenter
from services import ServiceError, Stream, recognise
from timeline import SAMPLE_RATE, PtsError

HEARD_AT_ONCE = 8
"""Windows sent to voice_activity together: 0.26 s, a fair trade of delay for calls."""
WAITING_CHUNKS = 64
"""Chunks of a room that may wait to be heard; one more is refused."""
WAITING_SEGMENTS = 3
"""Closed segments that may wait to be recognised before the room's chunks are no longer acknowledged."""
IDLE = 60.0
"""Seconds without a chunk after which a room is forgotten."""
TRIES = 6
"""How often a closed segment is given to `asr` before its loss is reported; the pauses between double from
0.1 s."""
SURE_SECONDS = 3.0
"""A shorter segment is too short to tell its language by itself: it is taken to be in one the room speaks."""
SPEAKS = 0.25
"""Share of a room's recognised speech that makes a language one that the room speaks."""
UNTOLD = 16
"""Events kept while no request is open to send them on, which is between the first two chunks only."""
DENOISE_FRAME = 256


@dataclass(frozen=True)
class Caption:
    """An event: `text` begins with `settled`; times in seconds on the room's clock."""

    kind: str
    text: str
    settled: str
    pts_start: float
    pts_end: float
    language: str


class Sender(Protocol):
    """The way back to the client of one request."""

    def caption(self, caption: Caption) -> None:
        """Send an event."""

    def error(self, message: str, *, overload: bool = False) -> None:
        """Send an error without ending the request."""

    def done(self) -> None:
        """End the request: its chunk is acknowledged."""

    def cancelled(self) -> bool:
        """Whether the client has gone."""


class Room:
    """Captions of one room; lives on an event loop, which all its methods must be called on."""

    def __init__(self, name: str, language: str, denoise: bool, on_end: Callable[[Room], None]) -> None:
        self.name = name
        self._language = language
        self._intake = Intake()
        self._activity = Stream("voice_activity", "probability", name)
        self._denoiser = Stream("denoise", "audio_clean", name) if denoise else None
        self._raw = np.zeros(0, np.float32)
        self._clean = np.zeros(0, np.float32)
        self._segmenter = Segmenter()
        self._spoken: Counter[str] = Counter()
        self._told = float("-inf")
        self._inbox: asyncio.Queue[tuple[Chunk, Sender, bool]] = asyncio.Queue(WAITING_CHUNKS)
        self._closed: deque[Segment] = deque()
        self._work = asyncio.Event()
        self._space = asyncio.Event()
        self._ending = False
        self._sender: Sender | None = None
        self._untold: deque[Caption] = deque(maxlen=UNTOLD)
        self._task = asyncio.create_task(self._live())
        self._task.add_done_callback(lambda _: on_end(self))

    def offer(self, chunk: Chunk, sender: Sender, last: bool) -> None:
        """Take a chunk, or refuse it at once where too many wait."""
        try:
            self._inbox.put_nowait((chunk, sender, last))
        except asyncio.QueueFull:
            sender.error(f"{WAITING_CHUNKS} chunks of this room wait already; send no faster", overload=True)
            sender.done()

    def close(self) -> None:
        """Stop at once and let go of every request."""
        self._task.cancel()

    async def _live(self) -> None:
        recogniser = asyncio.create_task(self._recognise_all())
        try:
            await self._hear_all(recogniser)
        except TimeoutError:
            pass  # idle: forgotten
        finally:
            recogniser.cancel()
            if self._sender is not None:
                self._sender.done()
            while not self._inbox.empty():
                self._inbox.get_nowait()[1].done()

    async def _hear_all(self, recogniser: asyncio.Task[None]) -> None:
        """Hear chunk by chunk; a request stays open for events until the next one has been heard.

        The first is answered at once: a client may wait to learn that its room was taken.
        """
        first, last = True, False
        while not last:
            chunk, sender, last = await asyncio.wait_for(self._inbox.get(), IDLE)
            try:
                if first and self._language != "auto":  # a language that nobody knows is refused here, once
                    await recognise(np.zeros(SAMPLE_RATE // 10, np.float32), self._language)
                await self._hear(self._intake.take(chunk))
            except (ChunkError, PtsError, ServiceError) as error:
                sender.error(str(error), overload=isinstance(error, ServiceError) and not error.invalid)
                if not last:
                    sender.done()
                    continue
            while len(self._closed) > WAITING_SEGMENTS:
                self._space.clear()
                await self._space.wait()
            if sender.cancelled():
                return
            if self._sender is not None:
                self._sender.done()
            self._sender = sender
            while self._untold:
                sender.caption(self._untold.popleft())
            if first and not last:
                sender.done()
                self._sender = None
            first = False
        await self._hear(self._intake.end(), last=True)
        self._closed.extend(self._segmenter.flush())
        self._ending = True
        self._work.set()
        await recogniser
        await self._activity.close(WINDOW)

    async def _hear(self, samples: Floats, last: bool = False) -> None:
        """Clean samples where asked for, find the speech in them, and cut it into segments."""
        if self._denoiser is not None:
            self._raw = np.concatenate([self._raw, samples])
            whole = len(self._raw) // DENOISE_FRAME * DENOISE_FRAME
            samples = await self._denoiser.feed(self._raw[:whole]) if whole else self._raw[:0]
            self._raw = self._raw[whole:]
            if last:
                await self._denoiser.close(DENOISE_FRAME)
        self._clean = np.concatenate([self._clean, samples])
        if last and len(self._clean):
            self._clean = np.concatenate([self._clean, np.zeros(-len(self._clean) % WINDOW, np.float32)])
        count = len(self._clean) // WINDOW
        if count == 0 or (count < HEARD_AT_ONCE and not last):
            return
        windows, self._clean = self._clean[: count * WINDOW], self._clean[count * WINDOW :]
        probabilities = await self._activity.feed(windows)
        for window, probability in zip(windows.reshape(-1, WINDOW), probabilities, strict=True):
            self._closed.extend(self._segmenter.feed(window, float(probability)))
        self._work.set()

    async def _recognise_all(self) -> None:
        """Recognise closed segments in order, and the open one when it is due."""
        while True:
            await self._work.wait()
            self._work.clear()
            while True:
                if self._closed:
                    await self._finish(self._closed[0])
                    self._closed.popleft()
                    self._space.set()
                elif self._segmenter.open is not None and self._segmenter.open.due:
                    await self._guess(self._segmenter.open)
                else:
                    break
            if self._ending:
                return

    async def _guess(self, segment: Segment) -> None:
        """Make a hypothesis of an open segment, and settle what it has in common with the last one."""
        heard = len(segment.windows)
        try:
            text, language = await self._recognise(segment)
        except ServiceError:
            segment.heard = heard  # overloaded: the next hypothesis will be of all that is there by then
            return
        if segment.cut:
            return
        segment.settled = settle(segment.settled, segment.hypothesis, text)
        segment.settled_within, segment.heard = segment.heard, heard
        segment.hypothesis, segment.heard_language = text, language
        if segment.settled and not segment.language:
            segment.language = language
        if not segment.closed and (text or segment.shown):
            self._tell("partial", segment, text, language, segment.start + heard * WINDOW)

    async def _finish(self, segment: Segment) -> None:
        """Give a closed segment its final text; says so where that cannot be had."""
        text, language = segment.hypothesis, segment.heard_language
        if not segment.heard_out:
            try:
                text, language = await self._insist(segment)
            except ServiceError as error:
                start, end = self._at(segment.start), self._at(segment.end)
                if self._sender is not None:
                    self._sender.error(
                        f"speech from {start:.2f} to {end:.2f} s was not recognised: {error}",
                        overload=not error.invalid,
                    )
                return
        if text.strip():
            self._spoken[language] += round(1000 * segment.seconds)
            self._tell("final", segment, text, language, segment.end)
        elif segment.shown:
            self._tell("partial", segment, "", language, segment.end)

    async def _insist(self, segment: Segment) -> tuple[str, str]:
        """Recognise a segment, again and again while the server is overloaded."""
        for attempt in range(TRIES - 1):
            try:
                return await self._recognise(segment)
            except ServiceError as error:
                if error.invalid:
                    raise
                await asyncio.sleep(0.1 * 2**attempt)
        return await self._recognise(segment)

    async def _recognise(self, segment: Segment) -> tuple[str, str]:
        """Text and language of a segment; the text begins with what is settled."""
        language = segment.language or self._language
        if language == "auto" and segment.seconds < SURE_SECONDS and self._spoken:
            enough = SPEAKS * self._spoken.total()
            language = ",".join(code for code, spoken in self._spoken.items() if spoken >= enough)
        draft = segment.hypothesis[len(segment.settled) :]
        found = await recognise(segment.audio(), language, segment.settled, draft)
        text = found.text if found.text.startswith(segment.settled) else segment.settled
        return text, found.language

    def _tell(self, kind: str, segment: Segment, text: str, language: str, end: int) -> None:
        segment.shown = bool(text)
        start = max(self._at(segment.start), self._told)
        stop = max(self._at(end), start)
        if kind == "final":
            self._told = stop
        settled = text if kind == "final" else segment.settled
        caption = Caption(kind, text.strip(), settled.strip(), start, stop, language)
        if self._sender is None:
            self._untold.append(caption)
        else:
            self._sender.caption(caption)

    def _at(self, sample: int) -> float:
        timeline = self._intake.timeline
        return timeline.at(sample) if timeline is not None else 0.0
