"""A recording played as a live room: when chunks are given out, and what counts as late."""

import asyncio
import itertools
import time

import numpy as np
import pytest

from perf.load.playback import Playback, percentiles

RATE = 8000
CHUNK = np.zeros(RATE // 20, np.float32)  # 50 ms


async def test_chunks_come_when_their_last_sample_has_been_spoken() -> None:
    playback = Playback([CHUNK] * 4, RATE, 1.0)
    began = time.perf_counter()
    moments = [time.perf_counter() - began async for _ in playback.chunks()]
    assert moments == pytest.approx([0.05, 0.10, 0.15, 0.20], abs=0.04)
    assert all(late >= 0 for late in playback.lateness_s)
    assert len(playback.lateness_s) == 4
    assert playback.duration == pytest.approx(0.2)


async def test_a_held_up_chunk_does_not_put_off_the_next_ones() -> None:
    playback = Playback([CHUNK] * 8, RATE, 1.0)
    began = time.perf_counter()
    numbers = itertools.count()
    async for _ in playback.chunks():
        if next(numbers) == 0:
            await asyncio.sleep(0.2)  # a server that takes nothing meanwhile
    assert time.perf_counter() - began == pytest.approx(0.4, abs=0.08)
    assert max(playback.sent_after_s) == pytest.approx(0.2, abs=0.04)
    assert len(playback.lateness_s) < 7, "chunks that the server held up were blamed on the player"


async def test_latency_runs_from_when_audio_was_spoken_not_from_when_it_was_sent() -> None:
    playback = Playback([CHUNK] * 2, RATE, 1.0)
    chunks = playback.chunks()
    await anext(chunks)
    await asyncio.sleep(0.3)
    await anext(chunks)
    assert playback.since(0.1) == pytest.approx(0.25, abs=0.05)
    assert playback.since(0.05) == pytest.approx(0.3, abs=0.05)


async def test_without_a_pace_nothing_waits_and_latency_runs_from_the_chunk() -> None:
    playback = Playback([CHUNK] * 3, RATE, 0.0)
    chunks = playback.chunks()
    await anext(chunks)
    await asyncio.sleep(0.1)
    await anext(chunks)
    await anext(chunks)
    assert playback.since(0.05) == pytest.approx(0.1, abs=0.04)
    assert playback.since(0.06) < 0.05
    assert playback.since(9.0) < 0.05


async def test_chunks_are_int16_and_loud_samples_do_not_wrap() -> None:
    (chunk,) = [c async for c in Playback([np.array([-1.5, -1, 0, 1], np.float32)], RATE, 0.0).chunks()]
    assert chunk.dtype == np.int16
    assert chunk.tolist() == [-32768, -32768, 0, 32767]


def test_percentiles() -> None:
    assert percentiles([float(n) for n in range(1, 102)]) == {"p50": 51.0, "p95": 96.0, "p99": 100.0}
    assert percentiles([]) == {"p50": None, "p95": None, "p99": None}


async def test_a_slow_server_cannot_omit_its_own_delay() -> None:
    """Coordinated omission: were latency counted from when chunks were taken, all but one would look fast."""
    playback = Playback([CHUNK] * 10, RATE, 1.0)
    taken = itertools.count(1)
    from_due, from_taken = [], []
    async for _ in playback.chunks():
        number = next(taken)
        now = time.perf_counter()
        if number == 1:
            await asyncio.sleep(0.4)  # the server takes nothing for eight chunks
        from_due.append(playback.since_due(number * 0.05))
        from_taken.append(time.perf_counter() - now)
    assert sum(latency > 0.02 for latency in from_taken) == 1
    assert from_due[:8] == pytest.approx([0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05], abs=0.04)
    assert playback.sent_after_s == pytest.approx(from_due, abs=0.02)
    assert len(playback.lateness_s) <= 3, "what the server held up was blamed on the player"


async def test_latency_from_when_a_chunk_was_due_leaves_its_filling_out() -> None:
    playback = Playback([CHUNK] * 2, RATE, 1.0)
    chunks = playback.chunks()
    await anext(chunks)
    await anext(chunks)
    assert playback.since_due(0.06) == pytest.approx(0.0, abs=0.03)
    assert playback.since(0.06) == pytest.approx(0.04, abs=0.03)
    assert playback.since_due(0.0505) == pytest.approx(0.05, abs=0.03), "half a millisecond is no new chunk"


async def test_a_room_that_joins_at_a_set_moment_does_not_slip() -> None:
    began = time.perf_counter()
    playback = Playback([CHUNK] * 2, RATE, 1.0, began=began)
    await asyncio.sleep(0.2)  # whoever should have opened the room came late
    moments = [time.perf_counter() - began async for _ in playback.chunks()]
    assert moments == pytest.approx([0.2, 0.2], abs=0.04)
    assert playback.since_due(0.05) == pytest.approx(0.15, abs=0.04)


async def test_float_chunks_are_sent_as_they_are() -> None:
    block = np.array([0.5, -0.25], np.float32)
    (chunk,) = [c async for c in Playback([block], RATE, 0.0, int16=False).chunks()]
    assert chunk.dtype == np.float32
    assert chunk.tolist() == [0.5, -0.25]
