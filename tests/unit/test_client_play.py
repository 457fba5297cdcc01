"""Audio played into a room at a pace."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from pathlib import Path

import liveroom
import numpy as np
import pytest
import soundfile
from liveroom import Client, InvalidInput, LiveroomError, Retries

from tests.unit.peer import Peer, broken, heard, polite

RATE = 16_000
SECOND = np.zeros(RATE, np.int16)


@pytest.mark.parametrize(("pace", "seconds"), [(1.0, 1.0), (4.0, 0.25), (0.0, 0.0)])
async def test_a_chunk_is_sent_when_it_would_have_been_spoken(pace: float, seconds: float) -> None:
    peer = Peer()
    async with peer.client() as client, client.room("room") as room:
        await room.send_audio(SECOND, RATE)  # what was sent before takes no time again
        began = time.monotonic()
        await room.play(SECOND, RATE, pace=pace)
        assert seconds - 0.01 <= time.monotonic() - began < seconds + 0.6
        assert room.pts == pytest.approx(2.0)
        await room.end()
    assert len(peer.chunks) == 1 + 5 + 1
    sent = b"".join(bytes(chunk.raw_input_contents[0]) for chunk in peer.chunks)
    assert len(sent) == 2 * 2 * RATE


async def test_files_arrays_and_iterables_are_played_and_the_twin_does_the_same(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "speech.wav", SECOND, RATE)

    async def spoken() -> AsyncIterator[np.ndarray[tuple[int], np.dtype[np.int16]]]:
        yield SECOND
        yield SECOND

    def twin(url: str) -> float:
        with Client(url) as client, client.room("twin") as room:
            room.play(tmp_path / "speech.wav", pace=0)
            room.play([SECOND, SECOND], RATE, pace=10)
            return room.pts

    async with Peer().listening() as url, liveroom.AsyncClient(url) as client:
        async with client.room("room") as room:
            await room.play(tmp_path / "speech.wav", pace=0)
            await room.play(spoken(), RATE, pace=10)
            assert room.pts == pytest.approx(3.0)
        assert await asyncio.to_thread(twin, url) == pytest.approx(3.0)


@pytest.mark.parametrize("pace", [-1.0, float("nan"), float("inf")])
async def test_what_is_no_pace_is_refused_and_the_room_goes_on(pace: float) -> None:
    async with Peer().client() as client, client.room("room") as room:
        with pytest.raises(InvalidInput, match="1 for real time"):
            await room.play(SECOND, RATE, pace=pace)
        with pytest.raises(InvalidInput, match="sample_rate is missing"):
            await room.play(SECOND)
        with pytest.raises(InvalidInput, match="more than 0, at most 1 s"):
            await room.play(SECOND, RATE, chunk_s=2)
        await room.play(SECOND, RATE, pace=0)


async def played(client: liveroom.AsyncClient) -> None:
    """As docs/service.md does."""
    async with client.room("room") as room, asyncio.TaskGroup() as tasks:
        tasks.create_task(heard(room))
        await room.play([SECOND] * 100, RATE, pace=10)
        await room.end()


@pytest.mark.parametrize("failing", [False, True])
async def test_a_program_that_is_cancelled_or_fails_leaves_nothing_unsaid(failing: bool) -> None:
    """No "exception was never retrieved", no task that goes on."""
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about["message"]))

    async def dying(request: object, send: object) -> None:
        if len(peer.chunks) > 3:
            await send(broken("no more"))  # type: ignore[operator]  # of Peer
        else:
            await polite(request, send)  # type: ignore[arg-type]  # likewise

    peer = Peer(dying if failing else polite)
    timeouts = liveroom.Timeouts(reconnect=0.1)
    async with peer.client(retries=Retries(1), timeouts=timeouts) as client:
        program = asyncio.create_task(played(client))
        if not failing:
            await asyncio.sleep(0.5)
            program.cancel()
        (ended,) = await asyncio.gather(program, return_exceptions=True)
        if failing:
            assert isinstance(ended, BaseExceptionGroup)
            assert all(isinstance(error, LiveroomError) for error in ended.exceptions)
        else:
            assert isinstance(ended, asyncio.CancelledError)
        del program, ended
        for _ in range(3):
            gc.collect()
            await asyncio.sleep(0.01)
        running = {task.get_name() for task in asyncio.all_tasks()}
        assert not [name for name in running if "liveroom" in name]
    assert complaints == []
