"""A room: hears its chunks in order, and tells what was said in them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from captions.audio_input import AudioInput, Chunk, ChunkError, Floats
from captions.bls import Denoiser, LanguageError, Stream, check_language, leaving
from captions.events import Caption, Outcome, Sender
from captions.meters import FAILED, INVALID, WAITING, Meter
from captions.pace import Pace
from captions.recognition import Recognizer
from captions.resume import ResumeState
from captions.segments import Segment, Segmenter
from captions.timeline import PtsError
from captions.writing import plain, script_for, show
from serving_common.error_codes import Code
from serving_common.errors import CallError
from serving_common.speech import VOICE_WINDOW

HEARD_AT_ONCE = 8
"""Windows sent to voice_activity together: 0.26 s, a fair trade of delay for calls."""
WAITING_CHUNKS = 64
"""Chunks of a room that may wait to be heard; one more is refused."""
IDLE = 60.0
"""Seconds without a chunk after which a room is forgotten."""
LOOK = 1.0
"""Seconds between two looks at whether the client of a room that sends nothing has gone."""
WAITING_BYTES = 16 * 2**20
"""Of samples in those chunks: a minute and a half at 48 kHz."""
HEARD_STEP = 1.0
"""Seconds that must be done with until the client is told so again."""
UNTOLD = 64
"""Events kept while no request is open to send them on, which is between the first two chunks only: more than
the longest chunk can have."""


class Offered(NamedTuple):
    """A chunk that waits to be heard, see `Room.offer`; `waited`: others did when it came."""

    chunk: Chunk
    sender: Sender
    at: float
    last: bool
    waited: bool


class Room:
    """Captions of one room; lives on an event loop, which all its methods must be called on."""

    def __init__(
        self,
        name: str,
        language: str,
        denoise: bool,
        resume: ResumeState,
        meter: Meter,
        on_end: Callable[[Room], None],
    ) -> None:
        """`name`: of its sequences in other models, which no other room's may have.

        `resume`: what another server knew of it. `on_end`: told when it is over.
        """
        moved = resume != ResumeState()
        self._meter, self._pace = meter, Pace(moved)
        if moved:
            meter.moved()
        self._guessed: int | None = None
        """Up to where the last partial caption went that no final one has followed."""
        self._language = language
        self._input = AudioInput()
        self._activity = Stream("voice_activity", "probability", name)
        self._denoiser = Denoiser(name) if denoise else None
        self._clean = np.zeros(0, np.float32)
        self._segmenter = Segmenter(resume.segment())
        self._told = float("-inf")
        self._dealt: float | None = None
        """Up to where the client knows that all captions have been told; None before the first chunk."""
        self._queue: asyncio.Queue[Offered] = asyncio.Queue(WAITING_CHUNKS)
        self._script = script_for(language)
        self._recognizer = Recognizer(plain(language), self, resume.spoken)
        self._sender: Sender | None = None
        """Of the request that events go out on."""
        self._hearing: Sender | None = None
        """Of the chunk that is being heard."""
        self._untold: deque[Caption] = deque(maxlen=UNTOLD)
        self._sent = 0
        """Events so far: by their index a client has them in order."""
        self._waiting_bytes = 0
        self._verdict: Outcome | None = None
        """Why it was ended, where its client is to know."""
        self._task = asyncio.create_task(self._live())
        self._on_end = on_end
        self._task.add_done_callback(lambda _: self._let_go())

    def offer(self, chunk: Chunk, sender: Sender, at: float, last: bool) -> None:
        """Take a chunk that came `at` (monotonic seconds), or refuse it at once where too much waits."""
        size = chunk.samples.nbytes
        if self._queue.full() or (self._waiting_bytes and self._waiting_bytes + size > WAITING_BYTES):
            what = f"{self._queue.qsize()} chunks of this room wait already; send no faster"
            self._meter.dropped(WAITING)
            sender.refuse(Outcome(Code.OVERLOADED, what))
            return
        waited = self._hearing is not None or not self._queue.empty()
        self._waiting_bytes += size
        self._queue.put_nowait(Offered(chunk, sender, at, last, waited))

    def close(self, verdict: Outcome) -> None:
        """Stop at once and let go of every request, the last one with the reason."""
        self._verdict = verdict
        self._task.cancel()

    async def _live(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                recognition = tasks.create_task(self._recognizer.run())
                await self._hear_all(recognition)
                recognition.cancel()
        except* TimeoutError:
            pass  # idle: forgotten
        except* Exception as errors:  # a fault of ours ends this room, with its reason, and no other
            self._verdict = Outcome(Code.ROOM_FAILED, f"captions failed: {errors.exceptions[0]!r}")

    def _let_go(self) -> None:
        """End every request that is left, however the room came to its end."""
        waiting = [self._queue.get_nowait().sender for _ in range(self._queue.qsize())]
        senders = [sender for sender in (self._sender, self._hearing, *waiting) if sender is not None]
        if self._verdict and senders:
            senders.pop().refuse(self._verdict)
        for sender in senders:
            sender.done()
        self._on_end(self)

    async def _hear_all(self, recognition: asyncio.Task[None]) -> None:
        """Hear chunk by chunk; a request stays open for events until the next one has been heard.

        The first is answered at once: a client may wait to learn that its room was taken.
        """
        first, last = True, False
        while not last:
            chunk, sender, at, last, waited = await self._next()
            self._hearing = sender
            try:
                if first and self._language != "auto":  # a language that nobody knows is refused here, once
                    await check_language(self._language)
                samples = self._input.take(chunk)
                self._pace.took(at, self._input.taken, waited)
                await self._hear(samples)
            except (ChunkError, PtsError, LanguageError, CallError) as error:
                self._meter.dropped(FAILED if isinstance(error, CallError) else INVALID)
                outcome = await _outcome(error)
                if isinstance(error, LanguageError):  # it can't be heard at all: it takes nobody's place
                    self._hearing = None
                    behind = [self._queue.get_nowait().sender for _ in range(self._queue.qsize())]
                    for waiting in (sender, *behind):
                        waiting.refuse(outcome)
                    return
                if not last:
                    self._hearing = None
                    sender.refuse(outcome)
                    continue
                sender.error(outcome)
            await self._recognizer.space()
            if sender.cancelled():
                return
            if self._sender is not None:
                self._sender.done()
            self._sender, self._hearing = sender, None
            while self._untold:
                self._send(sender, self._untold.popleft())
            self._say_how_far(sender)
            if first and not last:
                sender.done()
                self._sender = None
            first = False
        await self._hear(self._input.end(), last=True)
        self._recognizer.add(self._segmenter.flush(), None)
        self._recognizer.end()
        await recognition
        await self._activity.close(VOICE_WINDOW)

    async def _next(self) -> Offered:
        """The next chunk. Raises TimeoutError where none comes for long, or nobody is there to send one."""
        for _ in range(round(IDLE / LOOK)):
            try:
                taken = await asyncio.wait_for(self._queue.get(), LOOK)
                self._waiting_bytes -= taken.chunk.samples.nbytes
                return taken
            except TimeoutError:
                if self._sender is not None and self._sender.cancelled():
                    raise
        raise TimeoutError

    def _say_how_far(self, sender: Sender) -> None:
        """Tell the client up to where it may forget its audio, now and then."""
        waiting = self._recognizer.earliest
        earliest = self._segmenter.earliest if waiting is None else waiting
        self._pace.forget(earliest)
        done = self._at(earliest)
        if self._dealt is None:
            self._dealt = self._at(0)
        if done - self._dealt >= HEARD_STEP:
            self._dealt = done
            self._send(sender, Caption("progress", "", "", done, done, ""))

    async def _hear(self, samples: Floats, last: bool = False) -> None:
        """Clean samples where asked for, find the speech in them, and cut it into segments."""
        if self._denoiser is not None:
            samples = await self._denoiser.feed(samples, last)
        self._clean = np.concatenate([self._clean, samples])
        if last and len(self._clean):
            self._clean = np.concatenate(
                [self._clean, np.zeros(-len(self._clean) % VOICE_WINDOW, np.float32)]
            )
        count = len(self._clean) // VOICE_WINDOW
        if count == 0 or (count < HEARD_AT_ONCE and not last):
            return
        windows, self._clean = self._clean[: count * VOICE_WINDOW], self._clean[count * VOICE_WINDOW :]
        probabilities = await self._activity.feed(windows)
        for window, probability in zip(windows.reshape(-1, VOICE_WINDOW), probabilities, strict=True):
            closed = list(self._segmenter.feed(window, float(probability)))
            self._recognizer.add(closed, self._segmenter.open)

    def lose(self, segment: Segment, error: CallError) -> None:
        """Say that a segment could not be recognized."""
        self._meter.lost()
        start, end = self._at(segment.start), self._at(segment.end)
        if self._sender is not None:
            what = f"speech from {start:.2f} to {end:.2f} s was not recognized: {error}"
            self._sender.error(Outcome(Code.LOST_SPEECH, what, (start, end)))

    def tell(self, kind: str, segment: Segment, text: str, language: str, end: int) -> None:
        """Send an event; times never run backwards."""
        self._meter.said(kind, self._pace.delay(self._decided(kind, segment, end), time.monotonic()))
        segment.shown = bool(text)
        start = max(self._at(segment.start), self._told)
        stop = max(self._at(end), start)
        if kind == "final":
            self._told = stop
        text = show(segment.written, text, segment.stable, language, self._script)
        stable = text if kind == "final" else segment.written.text
        caption = Caption(kind, text.strip(), stable.strip(), start, stop, language)
        if self._sender is None:
            self._untold.append(caption)
        else:
            self._send(self._sender, caption)

    def _send(self, sender: Sender, caption: Caption) -> None:
        sender.caption(caption, self._sent)
        self._sent += 1

    def _decided(self, kind: str, segment: Segment, end: int) -> int:
        """The last sample that an event of `segment` up to `end` had to wait for.

        A segment that is cut for its length ends some way back, behind which partials of it had gone.
        """
        guessed, self._guessed = self._guessed, end if kind == "partial" else None
        return max(end, guessed or 0) if kind == "final" else end

    def _at(self, sample: int) -> float:
        timeline = self._input.timeline
        return timeline.at(sample) if timeline is not None else 0.0


async def _outcome(error: ChunkError | PtsError | LanguageError | CallError) -> Outcome:
    """What to tell of a chunk that was not heard."""
    if not isinstance(error, CallError):
        return Outcome(Code.INVALID_INPUT, str(error))
    code = error.code
    if code is Code.MODEL_UNAVAILABLE and await leaving():
        code = Code.SERVER_UNAVAILABLE
    elif code in (Code.INVALID_INPUT, Code.INFERENCE_FAILED):  # what we asked was our doing
        code = Code.ROOM_FAILED
    return Outcome(code, f"not heard: {error}")
