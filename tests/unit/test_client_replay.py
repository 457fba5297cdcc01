"""A room whose server breaks, at every moment: its captions are those of a room whose server does not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import numpy as np
import pytest
from liveroom import AsyncRoom, Caption, Limits, Retries, Timeouts

from tests.unit.caption_peer import RATE, WORD, Break, CaptionPeer, Int16, Moment, silence, speech
from tests.unit.peer import heard

SAID = (((1, 5), 2), ((5, 6), 3), ((6, 12), 9), ((12, 15), 0))
TALK = np.concatenate(
    [
        silence(6),
        speech(range(1, 5), 2),
        speech(range(5, 6), 3),
        speech(range(6, 12), 9),
        speech(range(12, 15), 0),
    ]
)
TEXTS = ["w1 w2 w3 w4", "w5", "w6 w7 w8 w9 w10 w11", "w12 w13 w14"]
MOMENTS = (
    "before all",
    "before partial",
    "after partial",
    "before final",
    "after final",
    "before ack",
    "after ack",
)
QUICK = Timeouts(stall=0.3, reconnect=5.0)


async def never(moment: Moment) -> None:
    """Nothing breaks."""


def once(name: str, number: int, how: str = "reset", stream: int = 0) -> Break:
    """Break at a moment of the first request from `number` on that has it, of one stream of the room."""

    async def breaks(moment: Moment) -> None:
        if moment.name == name and moment.stream == stream and moment.number >= number:
            await moment.lose(how)

    return breaks


@asynccontextmanager
async def played(
    script: CaptionPeer,
    audio: Int16 = TALK,
    *,
    chunk: int = WORD,
    limits: Limits | None = None,
) -> AsyncIterator[tuple[AsyncRoom, list[Caption]]]:
    """A room that has heard `audio`, and its captions."""
    async with (
        script.peer.client(limits=limits, timeouts=QUICK, retries=Retries(10)) as client,
        client.room("room") as room,
    ):
        reader = asyncio.create_task(heard(room))
        try:
            for at in range(0, len(audio), chunk):
                await room.send_audio(audio[at : at + chunk], RATE)
            await room.end()
            yield room, await reader
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


def check(captions: Sequence[Caption], texts: Sequence[str] = TEXTS) -> None:
    """Each final once and in order, at the times of its words, and no stable word taken back."""
    finals = [caption for caption in captions if caption.is_final]
    assert [final.text for final in finals] == list(texts)
    assert all(before.pts_end <= after.pts_start for before, after in pairwise(finals))
    for final in finals:
        first = int(final.text.split()[0].removeprefix("w"))
        assert final.pts_start == pytest.approx(np.flatnonzero(first == TALK)[0] / RATE, abs=1e-3)
        stable = [caption.stable for caption in captions if caption.pts_start == final.pts_start]
        assert all(after.startswith(before) for before, after in pairwise(stable))


async def test_without_a_break_nothing_is_said_twice() -> None:
    script = CaptionPeer(never)
    async with played(script) as (room, captions):
        check(captions)
        assert (room.reconnects, room.duplicates_dropped, room.replay_lost_s) == (0, 0, 0.0)
    assert len(script.streams) == 1


@pytest.mark.parametrize("how", ["reset", "refuse", "hang"])
@pytest.mark.parametrize("name", MOMENTS)
async def test_a_break_at_every_moment(name: str, how: str) -> None:
    script = CaptionPeer(once(name, 8, how))
    async with played(script) as (room, captions):
        check(captions)
        assert (room.reconnects, room.replay_lost_s) == (1, 0.0)
    first, second = (int(seen["x-room-attempt"]) for seen in script.peer.metadata)
    assert second == first + 1
    again = np.concatenate(script.streams[1].samples)
    assert len(again) <= len(TALK) - 4 * WORD, "what has its captions is not said again"


@pytest.mark.parametrize("breaks", [never, *(once(name, 8) for name in MOMENTS)])
async def test_events_that_triton_swaps_are_heard_in_order(breaks: Break) -> None:
    """Otherwise what is done would be known before its caption, which would not be said again."""
    async with played(CaptionPeer(breaks, swaps=True)) as (room, captions):
        check(captions)
        assert room.duplicates_dropped == 0


@pytest.mark.parametrize("name", ["before all", "before final", "after final", "before ack", "after ack"])
async def test_a_break_in_the_end(name: str) -> None:
    script = CaptionPeer(once(name, len(TALK) // WORD + 1))
    async with played(script) as (_, captions):
        check(captions)


@pytest.mark.parametrize("name", MOMENTS[:-1])
async def test_a_break_while_the_next_server_hears_it_again(name: str) -> None:
    async def breaks(moment: Moment) -> None:
        await once("before ack", 18)(moment)
        await once(name, 0, stream=1)(moment)
        await once(name, 0, stream=2)(moment)

    script = CaptionPeer(breaks)
    async with played(script) as (room, captions):
        check(captions)
        assert 1 <= room.reconnects <= 3


@pytest.mark.parametrize("seed", range(12))
async def test_breaks_at_random_moments(seed: int) -> None:
    draw = random.Random(seed)
    left = draw.randint(1, 5)
    odds = draw.choice([0.02, 0.1, 0.4])

    async def breaks(moment: Moment) -> None:
        nonlocal left
        if left and draw.random() < odds:
            left -= 1
            await moment.lose(draw.choice(["reset", "refuse"]))
        await asyncio.sleep(0)

    script = CaptionPeer(breaks)
    limits = Limits(unacknowledged=draw.randint(2, 8), unread_finals=draw.randint(1, 3))
    chunk = draw.choice([WORD // 7, WORD // 2, WORD, 3 * WORD + 11])
    async with played(script, chunk=chunk, limits=limits) as (room, captions):
        check(captions)
        assert room.replay_lost_s == 0.0
