"""Turn a room's segments into text, one at a time: closed ones in order, else the open one when it is due."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from typing import Protocol

from captions.bls import leaving, recognize
from captions.local_agreement import stabilize
from captions.segments import Segment
from serving_common.error_codes import Code
from serving_common.errors import CallError
from serving_common.speech import VOICE_WINDOW

WAITING_SEGMENTS = 3
"""Closed segments that may wait before the room's chunks are no longer acknowledged."""
TRIES = 6
"""How often a closed segment is given to `asr`; the pauses between double from 0.1 s."""
SURE_SECONDS = 3.0
"""A shorter segment is too short to tell its language by itself: it is taken to be in one the room speaks."""
SPEAKS = 0.25
"""Share of a room's recognized speech that makes a language one that the room speaks."""


class Audience(Protocol):
    """Who is told of captions."""

    def tell(self, kind: str, segment: Segment, text: str, language: str, end: int) -> None:
        """A hypothesis ("partial") or the last word ("final") on a segment up to the sample `end`."""

    def lose(self, segment: Segment, error: CallError) -> None:
        """A segment could not be recognized."""


class Recognizer:
    """The recognition of one room."""

    def __init__(self, language: str, audience: Audience, spoken: Counter[str]) -> None:
        """`spoken`: milliseconds by language that were recognized before, elsewhere."""
        self._language = language
        self._audience = audience
        self._spoken = Counter(spoken)
        self._closed: deque[Segment] = deque()
        self._open: Segment | None = None
        self._work = asyncio.Event()
        self._space = asyncio.Event()
        self._ending = False

    def add(self, closed: Iterable[Segment], being_spoken: Segment | None) -> None:
        """Segments that have just been closed, and the one that is open now."""
        self._closed.extend(closed)
        self._open = being_spoken
        self._work.set()

    @property
    def earliest(self) -> int | None:
        """The first sample of the closed segments whose final caption has not been told; None without one."""
        return self._closed[0].start if self._closed else None

    def end(self) -> None:
        """Nothing more will be added: `run` returns once all is done."""
        self._ending = True
        self._work.set()

    async def space(self) -> None:
        """Wait until few enough segments wait."""
        while len(self._closed) > WAITING_SEGMENTS:
            self._space.clear()
            await self._space.wait()

    async def run(self) -> None:
        """Recognize whatever is added."""
        while not self._ending or self._closed:
            await self._work.wait()
            self._work.clear()
            while True:
                if self._closed:
                    await self._finish(self._closed[0])
                    self._closed.popleft()
                    self._space.set()
                elif self._open is not None and self._open.due:
                    await self._guess(self._open)
                else:
                    break

    async def _guess(self, segment: Segment) -> None:
        """Make a hypothesis of an open segment, and stabilize what it has in common with the last one."""
        heard = len(segment.windows)
        try:
            text, language = await self._recognize(segment)
        except CallError:
            segment.heard = heard  # overloaded: the next hypothesis will be of all that is there by then
            return
        if segment.cut:
            return
        if self._sure(segment, heard):
            segment.stable = stabilize(segment.stable, segment.hypothesis, text)
        segment.stable_within, segment.heard = segment.heard, heard
        segment.hypothesis, segment.heard_language = text, language
        if segment.stable and not segment.language:
            segment.language = language
        if not segment.closed and (text or segment.shown):
            self._audience.tell("partial", segment, text, language, segment.start + heard * VOICE_WINDOW)

    def _sure(self, segment: Segment, heard: int) -> bool:
        """Whether a hypothesis of `heard` windows can be trusted to be in the right language.

        Not the first words of an "auto" room: half a word can pass for another language, and what is stable
        in it forces the rest of the segment into it.
        """
        known = self._language != "auto" or bool(self._spoken)
        return known or segment.seconds_of(heard) >= SURE_SECONDS

    async def _finish(self, segment: Segment) -> None:
        """Give a closed segment its final text; says so where that cannot be had."""
        text, language = segment.hypothesis, segment.heard_language
        if not segment.heard_out:
            try:
                text, language = await self._insist(segment)
            except CallError as error:
                self._audience.lose(segment, error)
                return
        if text.strip():
            self._spoken[language] += round(1000 * segment.seconds)
            self._audience.tell("final", segment, text, language, segment.end)
        elif segment.shown:
            self._audience.tell("partial", segment, "", language, segment.end)

    async def _insist(self, segment: Segment) -> tuple[str, str]:
        """Recognize a segment, again and again while the server is overloaded and does not stop."""
        for attempt in range(TRIES - 1):
            try:
                return await self._recognize(segment)
            except CallError as error:
                if error.code is not Code.OVERLOADED and await leaving():
                    raise
                await asyncio.sleep(0.1 * 2**attempt)
        return await self._recognize(segment)

    async def _recognize(self, segment: Segment) -> tuple[str, str]:
        """Text and language of a segment; the text begins with what is stable."""
        language = segment.language or self._language
        if language == "auto" and segment.seconds < SURE_SECONDS and self._spoken:
            enough = SPEAKS * self._spoken.total()
            language = ",".join(code for code, spoken in self._spoken.items() if spoken >= enough)
        draft = segment.hypothesis[len(segment.stable) :]
        found = await recognize(segment.audio(), language, segment.stable, draft)
        text = found.text if found.text.startswith(segment.stable) else segment.stable
        return text, found.language
