"""A scripted `captions`: what it says depends on the samples alone, and it breaks when it is told to.

A sample above 0 is speech, and says which word it belongs to; zeros are silence. A segment is a run of
speech; its text is its words, its final caption comes with the silence after it or at the end of the room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.unit.peer import Peer, Request, Response, Send, acknowledgement, broken, event, refusal

RATE = 8_000
WORD = RATE // 4
"""Samples of one word."""
HEARD_STEP = 4 * WORD
"""How much has to be done with until the client is told."""

Int16: TypeAlias = NDArray[np.int16]
Break: TypeAlias = Callable[["Moment"], Awaitable[None]]


def speech(words: range, pause: int) -> Int16:
    """Words, and as many words' length of silence."""
    return np.concatenate(
        [np.repeat(np.arange(words.start, words.stop, dtype=np.int16), WORD), silence(pause)]
    )


def silence(words: int) -> Int16:
    """As long as so many words."""
    return np.zeros(words * WORD, np.int16)


def inputs(request: Request) -> dict[str, bytes]:
    """The raw inputs of a request by name; of strings, their text."""
    raw = zip(request.inputs, request.raw_input_contents, strict=True)
    return {tensor.name: data[4:] if tensor.datatype == "BYTES" else data for tensor, data in raw}


class BrokenError(Exception):
    """The script is over: the stream has been broken."""


@dataclass
class Moment:
    """Where a script stands: "before ack", "after final" and so on, in which stream of the room."""

    name: str
    stream: int
    number: int
    send: Send

    async def lose(self, how: str) -> None:
        """Break the stream: "reset", "refuse" the request as a dead stub would, or "hang" for good."""
        if how == "reset":
            await self.send(broken("Socket closed"))
        elif how == "refuse":
            await self.send(refusal(str(self.number), "Stub process 'captions_0_0' is not healthy."))
        raise BrokenError


@dataclass
class Hearing:
    """What one stream has heard."""

    start: float
    hypothesis_until: float
    samples: list[Int16] = field(default_factory=list)
    told: int = 0
    """Samples whose captions have been sent."""
    seen: int = 0
    events: int = 0
    held: Response | None = None
    """An event that the next one overtakes."""

    def at(self, sample: int) -> float:
        return self.start + sample / RATE


class CaptionPeer:
    """Answers like `captions`; asks `breaks` at every moment whether to break.

    swaps: every other event is overtaken by the one after it, as it happens to those of two requests.
    """

    def __init__(self, breaks: Break, *, swaps: bool = False) -> None:
        self._breaks = breaks
        self._swaps = swaps
        self.streams: list[Hearing] = []
        self.starts: list[dict[str, bytes]] = []
        self.peer = Peer(self._script)

    async def _script(self, request: Request, send: Send) -> None:
        parameters = request.parameters
        given = inputs(request)
        if parameters["sequence_start"].bool_param:
            pts, until = (np.frombuffer(given.get(name, b"")) for name in ("pts", "hypothesis_until"))
            self.streams.append(Hearing(float(pts[0]), float(until[0]) if len(until) else -np.inf))
            self.starts.append(given)
        number, last = int(request.id), parameters["sequence_end"].bool_param

        async def moment(name: str) -> None:
            await self._breaks(Moment(name, len(self.streams) - 1, number, send))

        samples = np.frombuffer(given["audio_int16"], np.int16)
        try:
            await self._hear(self.streams[-1], samples, number, last, send, moment)
        except BrokenError:
            await asyncio.Event().wait()  # until the client has gone

    async def _hear(
        self,
        room: Hearing,
        samples: Int16,
        number: int,
        last: bool,
        send: Send,
        moment: Callable[[str], Awaitable[None]],
    ) -> None:
        await moment("before all")
        room.samples.append(samples)
        heard = np.concatenate(room.samples)
        for start, end in _runs(heard):
            if end <= room.told:
                continue
            closed = end < len(heard) or last
            words = list(dict.fromkeys(heard[start:end].tolist()))
            text = " ".join(f"w{word}" for word in words)
            stable = text if closed else " ".join(f"w{word}" for word in words[:-1])
            kind = "final" if closed else "partial"
            if not closed and room.at(end) < room.hypothesis_until:
                continue  # more was stable than this stream has heard again by now
            await moment(f"before {kind}")
            await self._tell(room, send, str(number), kind, text, room.at(start), room.at(end), stable=stable)
            if closed:
                room.told = end
            await moment(f"after {kind}")
        open_from = next((start for start, end in _runs(heard) if end > room.told), len(heard))
        if open_from >= room.seen + HEARD_STEP:
            room.seen = open_from
            await self._tell(room, send, str(number), "progress", "", room.at(open_from), room.at(open_from))
        if last and room.held is not None:
            await send(room.held)
        await moment("before ack")
        await send(acknowledgement(str(number)))
        await moment("after ack")

    async def _tell(
        self,
        room: Hearing,
        send: Send,
        number: str,
        kind: str,
        text: str,
        start: float,
        end: float,
        *,
        stable: str | None = None,
    ) -> None:
        response = event(number, kind, text, start, end, stable=stable, index=room.events)
        room.events += 1
        if self._swaps and room.held is None:
            room.held = response
            return
        await send(response)
        if room.held is not None:
            await send(room.held)
            room.held = None


def _runs(heard: Int16) -> list[tuple[int, int]]:
    """Where speech begins and ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], heard > 0, [0]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
