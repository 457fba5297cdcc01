"""A room's events with the mood of its host among them: made of captions, voice, faces and chat."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import numpy as np

from ._audio import Samples
from ._chat_events import RoomMood
from ._config import MAX_UTTERANCE_S
from ._errors import LiveroomError
from ._event_queue import Event, EventQueue
from ._faces import FrameResult
from ._mood_parts import HostMood
from ._types import Caption
from ._voice_mood import Baseline, VoiceMood

log = logging.getLogger(__name__)

KEPT_S = 45.0
"""Seconds of audio that are kept until what is said in them has its final caption."""
WAITING = 4
"""Final captions whose voice is still to be asked about; of more the oldest is left out."""
SHORTEST_S = 0.25
"""Of speech that has a mood, as the server sees it."""
LAST_S = 5.0
"""What a room that ends waits for the mood of its last words."""

Ask: TypeAlias = Callable[[Samples, int, str, str, Baseline | None], Awaitable[VoiceMood]]
"""Samples, Hz, what was said in them, in which language, and how the speaker usually sounds."""


class Spoken:
    """The last :data:`KEPT_S` seconds of a room's audio, by the room's clock."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, int, Samples]] = deque()

    def add(self, samples: Samples, rate: int, pts: float) -> None:
        """Keep samples [n] of which the first is at `pts` seconds."""
        self._pieces.append((pts, rate, samples))
        while self._pieces[0][0] < pts + len(samples) / rate - KEPT_S:
            self._pieces.popleft()

    def between(self, begin: float, end: float) -> tuple[Samples, int] | None:
        """Samples [n] and their rate, of more than 30 s the last ones; None where there is hardly any."""
        begin = max(begin, end - MAX_UTTERANCE_S)
        found = [each for each in self._pieces if each[0] < end and each[0] + len(each[2]) / each[1] > begin]
        if not found:
            return None
        _, rate, last = found[-1]
        parts = [
            samples[max(0, round((begin - pts) * rate)) : max(0, round((end - pts) * rate))]
            for pts, hertz, samples in found
            if hertz == rate and samples.dtype == last.dtype
        ]
        samples: Samples = np.concatenate(parts)
        return (samples, rate) if len(samples) >= SHORTEST_S * rate else None


class MoodQueue(EventQueue):
    """What comes of a room, and now and then a `RoomMood` of its host.

    Each final caption is asked about once, one after another, with what was heard then. What goes wrong with
    that is logged, and neither ends nor holds up the room.

    Args:
        limit: see `EventQueue`.
        ask: asks the server about a voice; its errors are typed.
    """

    def __init__(self, limit: int, ask: Ask) -> None:
        super().__init__(limit)
        self._ask = ask
        self._spoken = Spoken()
        self._host = HostMood()
        self._baseline: Baseline | None = None
        self._finals: deque[Caption] = deque(maxlen=WAITING)
        self._asking: asyncio.Task[None] | None = None
        self._warned = False

    def heard(self, samples: Samples, rate: int, pts: float) -> None:
        """Audio that was sent: samples [n] at `rate` Hz, the first at `pts` on the room's clock."""
        self._spoken.add(samples, rate, pts)

    async def put(self, event: Event) -> None:
        """See `EventQueue`; what chat tells of the host goes into the host's mood."""
        if isinstance(event, RoomMood) and event.who == "host":
            self._host.read(event)
            await self._tell(event.pts_end)
            return
        await super().put(event)
        if isinstance(event, FrameResult):
            self._host.see(event)
            await self._tell(event.pts)
        elif isinstance(event, Caption) and event.is_final and event.text:
            self._host.language = event.language
            self._finals.append(event)
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask_all(), name="liveroom moods")

    async def close(self, error: Exception | None = None) -> None:
        """See `EventQueue`; of a room that ends well the mood of its last words is waited for."""
        if self._asking:
            if error is None:
                await asyncio.wait([self._asking], timeout=LAST_S)
            self._asking.cancel()
            await asyncio.wait([self._asking])
        await super().close(error)

    async def _ask_all(self) -> None:
        while self._finals:
            caption = self._finals.popleft()
            if (spoken := self._spoken.between(caption.pts_start, caption.pts_end)) is None:
                continue
            try:
                mood = await self._ask(*spoken, caption.text, caption.language, self._baseline)
            except LiveroomError as error:
                level = logging.INFO if self._warned else logging.WARNING
                log.log(level, "a room's voice has no mood (%s): %s", error.code, error)
                self._warned = True
                continue
            self._baseline = mood.baseline
            if mood.is_known:
                self._host.hear(mood, caption.pts_end)
                await self._tell(caption.pts_end)

    async def _tell(self, pts: float) -> None:
        if (mood := self._host.news(pts)) is not None:
            await super().put(mood)
