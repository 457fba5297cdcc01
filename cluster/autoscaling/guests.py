"""Rooms of a trial: each really sends speech through the gateway, and tries again when it is refused."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
from liveroom import AsyncClient, Caption, LiveroomError, Overloaded
from liveroom._play import play

from exporters.speech import clips
from perf.autoscale.cluster import Cluster
from perf.autoscale.ledger import Ledger
from perf.autoscale.traffic import Start
from perf.load.playback import Floats, Playback
from perf.rooms.latency import Decided
from perf.rooms.profile import Audio
from perf.rooms.sound import chunks, sound

AUDIO = Audio(recordings=("librivox-*", "en-*"), talking=0.4, chunk_ms=250, sample_rate=16_000, language="en")
"""Light rooms: all replicas share one machine, and the number of replicas is what is looked at."""
_ADMITTED_S = 1.0
"""A room that has not been refused for so long is open: refusals come within milliseconds."""


class Guests:
    """Plays rooms at their times. partials_s: latency of each partial caption. errors: rooms that failed."""

    def __init__(self, client: AsyncClient, cluster: Cluster, seed: int) -> None:
        self._client = client
        self._cluster = cluster
        self._draw = np.random.default_rng(seed)
        self._seed = seed
        self._recorded = clips()
        self.ledger = Ledger()
        self.waiting = 0
        self.partials_s: list[float] = []
        self.errors: list[str] = []

    async def play(self, starts: Sequence[Start], began: float) -> None:
        """All of them, counted from `began` (of `time.perf_counter()`)."""
        await asyncio.gather(*(self._visit(number, start, began) for number, start in enumerate(starts)))

    async def _visit(self, number: int, start: Start, began: float) -> None:
        """A room from when it wants to open until it ends or gives up."""
        speech = sound(AUDIO, self._recorded, start.stay_s, (self._seed, number))
        await asyncio.sleep(max(0.0, began + start.at_s - time.perf_counter()))
        self.ledger.starts += 1
        refused_at: float | None = None
        while True:
            tried = time.perf_counter()
            opened = asyncio.get_running_loop().call_later(_ADMITTED_S, self._opened, refused_at, tried)
            try:
                await self._open(f"trial-{number}", speech)
            except Overloaded as error:
                if time.perf_counter() - tried > _ADMITTED_S:
                    self.ledger.dropped += 1
                    self.errors.append(f"room {number}: {error}")
                    return
            except LiveroomError as error:
                self.ledger.dropped += 1
                self.errors.append(f"room {number}: {type(error).__name__}: {error}")
                return
            else:
                return
            finally:
                opened.cancel()
            if refused_at is None:
                refused_at = tried
                self.ledger.refused += 1
                self.waiting += 1
            if time.perf_counter() - refused_at > self._cluster.patience_s:
                self._opened(refused_at, time.perf_counter())
                self.ledger.gave_up += 1
                return
            await asyncio.sleep(float(self._draw.exponential(self._cluster.retry_s)))

    def _opened(self, refused_at: float | None, tried: float) -> None:
        """A room has been admitted at its tries of `tried`; it waits no more."""
        if refused_at is not None:
            self.waiting -= 1
            self.ledger.waiting_s += tried - refused_at

    async def _open(self, room_id: str, speech: Floats) -> None:
        """One stream of speech at real-time pace, to its end."""
        playback = Playback(chunks(speech, AUDIO), AUDIO.sample_rate, pace=1.0)
        async with self._client.room(room_id, language=AUDIO.language) as room:
            sending = asyncio.create_task(play(room, playback.chunks(), AUDIO.sample_rate, pace=0.0))
            try:
                decided = Decided()
                async for event in room.events():
                    if isinstance(event, Caption):
                        latency_s = playback.since_due(decided.pts(event))
                        if not event.is_final:
                            self.partials_s.append(latency_s)
                await sending
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
                self.ledger.moved += room.reconnects
