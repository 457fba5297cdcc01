"""A room's video beside its audio: budgets, order, errors, and that audio never waits for frames."""

from __future__ import annotations

import asyncio
import time

import grpc
import numpy as np
import pytest
from liveroom import (
    AsyncClient,
    AsyncRoom,
    Caption,
    Client,
    FrameResult,
    Gallery,
    InvalidInput,
    Limits,
    ModelUnavailable,
    Retries,
    RoomClosed,
    ServerUnavailable,
    Timeouts,
)

from tests.unit.peer import Request, Send, acknowledgement, event
from tests.unit.picture_peer import Gate, PicturePeer, person, scene

RATE = 16_000
CHUNK = np.zeros(RATE // 10, np.int16)
BUSY = (grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size")


async def frames_of(room: AsyncRoom) -> list[FrameResult]:
    return [event async for event in room.events() if isinstance(event, FrameResult)]


async def test_a_frame_comes_back_as_an_event_with_its_time_and_names() -> None:
    gallery = Gallery()
    gallery.enroll("李雷", person(1))
    peer = PicturePeer()
    async with peer.client() as client, client.room("video", gallery=gallery) as room:
        await room.send_audio(CHUNK, RATE)
        await room.send_frame(scene(2), 0.04)
        await room.end()
        events = [event async for event in room.events()]
    (frame,) = [event for event in events if isinstance(event, FrameResult)]
    assert [event.text for event in events if isinstance(event, Caption)] == ["the end"]
    assert (frame.kind, frame.pts_start, frame.pts_end) == ("frame", 0.04, 0.04)
    assert (frame.vision.width, frame.vision.height, frame.vision.nsfw) == (64, 48, 0.125)
    assert [face.name for face in frame.vision.faces] == [None, "李雷"]
    assert frame.emitted_at == pytest.approx(time.time(), abs=10)
    assert room.frames_dropped == 0


async def test_a_room_may_have_frames_and_no_audio() -> None:
    async with PicturePeer().client() as client:
        async with client.room("silent") as room:
            await room.send_frame(scene(1), 0.0)
        assert [frame.pts_start for frame in await frames_of(room)] == [0.0]


async def test_over_the_budget_the_oldest_waiting_frame_goes_and_is_counted() -> None:
    gate = Gate()
    limits = Limits(frames_in_flight=2, frames_waiting=2)
    async with PicturePeer(gate).client(limits=limits) as client, client.room("budget") as room:
        reader = asyncio.create_task(frames_of(room))
        for number in range(7):
            await room.send_frame(scene(number), float(number))
            assert room.frames_dropped == max(0, number - 3)
        assert sorted(await gate.arrivals(2)) == [0, 1]
        gate.open(0)
        gate.open(1)
        assert sorted(await gate.arrivals(2)) == [5, 6]
        gate.open(5)
        gate.open(6)
        await room.end()
        assert [frame.pts_start for frame in await reader][-1] == 6.0
    assert room.frames_dropped == 3
    assert gate.arrived.empty()


async def test_without_a_place_to_wait_a_frame_too_many_goes_itself() -> None:
    gate = Gate()
    limits = Limits(frames_in_flight=1, frames_waiting=0)
    async with PicturePeer(gate).client(limits=limits) as client, client.room("strict") as room:
        await room.send_frame(scene(1), 1.0)
        await room.send_frame(scene(2), 2.0)
        assert room.frames_dropped == 1
        await gate.arrivals(1)
        gate.open(1)
        await room.end()
        assert [frame.pts_start for frame in await frames_of(room)] == [1.0]


async def test_results_come_in_the_order_of_their_times() -> None:
    gate = Gate()
    async with PicturePeer(gate).client() as client, client.room("order") as room:
        events = room.events()
        await room.send_frame(scene(1), 1.0)
        await room.send_frame(scene(2), 2.0)
        await gate.arrivals(2)
        gate.open(2)
        reading = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.05)
        assert not reading.done()
        gate.open(1)
        assert (await reading).pts_start in (1.0, 2.0)  # both came at once: an unread first one is replaced
        await room.end()
        assert all([event.pts_start == 2.0 async for event in events])


async def test_of_unread_frames_the_newest_is_kept_and_no_final_is_lost() -> None:
    async def chatty(request: Request, send: Send) -> None:
        await send(event(request.id, "final", request.id, float(request.id), float(request.id) + 1))
        await send(acknowledgement(request.id))

    peer = PicturePeer()
    peer.script = chatty
    async with peer.client() as client, client.room("unread") as room:
        for number in range(20):
            await room.send_audio(CHUNK, RATE)
            await room.send_frame(scene(1), number / 10)
            await asyncio.sleep(0.01)
        await room.end()
        events = [event async for event in room.events()]
    finals = [event.text for event in events if isinstance(event, Caption)]
    assert finals == [str(number) for number in range(1, 22)]
    (frame,) = [event for event in events if isinstance(event, FrameResult)]
    assert frame.pts_start == 1.9


async def test_frames_hold_up_neither_audio_nor_each_other() -> None:
    async def stuck(picture: bytes) -> None:
        await asyncio.sleep(60)

    timeouts = Timeouts(frame=0.6)
    async with PicturePeer(stuck).client(timeouts=timeouts) as client, client.room("stuck") as room:
        began = time.monotonic()
        for number in range(20):
            await room.send_audio(CHUNK, RATE)
            await room.send_frame(scene(1), float(number))
        assert time.monotonic() - began < timeouts.frame
        await room.end()
        assert time.monotonic() - began < 2
        assert [event.kind async for event in room.events()] == ["final"]
    assert room.frames_dropped == 20


async def test_a_frame_the_server_has_no_time_for_counts_as_dropped_and_is_not_sent_again() -> None:
    peer = PicturePeer()
    peer.failures = [BUSY]
    async with peer.client() as client, client.room("busy") as room:
        await room.send_frame(scene(1), 0.0)
        await room.end()
        assert await frames_of(room) == []
    assert room.frames_dropped == 1
    assert len(peer.unary) == 1


@pytest.mark.parametrize("mark", ["[server_unavailable] it stops", "[model_unavailable] it died"])
async def test_frames_that_are_lost_with_their_server_end_no_room(mark: str) -> None:
    peer = PicturePeer()
    retries = Retries(1, backoff=0.001)
    async with peer.client(retries=retries) as client, client.room("film") as room:
        await room.send_frame(scene(1), 0.0)
        await asyncio.sleep(0.1)
        peer.failures = [(grpc.StatusCode.UNAVAILABLE, mark)] * 2
        await room.send_frame(scene(1), 1.0)
        await asyncio.sleep(0.1)
        peer.failures = []
        await room.send_frame(scene(1), 2.0)
        await room.end()
        assert [frame.pts_start for frame in await frames_of(room)] == [2.0]
    assert room.frames_dropped == 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ((grpc.StatusCode.INVALID_ARGUMENT, "image is cut off"), InvalidInput),
        ((grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'vision' is not found"), ModelUnavailable),
    ],
)
async def test_a_refused_frame_is_reported_once_and_the_room_goes_on(
    failure: tuple[grpc.StatusCode, str], kind: type[Exception]
) -> None:
    peer = PicturePeer()
    peer.failures = [failure]
    async with peer.client() as client, client.room("picky") as room:
        await room.send_frame(b"bad", 0.0)
        await asyncio.sleep(0.1)
        await room.send_audio(CHUNK, RATE)
        with pytest.raises(kind, match=failure[1]):
            await room.send_frame(scene(1), 1.0)
        await room.send_frame(scene(1), 1.0)
        await room.end()
        assert [frame.pts_start for frame in await frames_of(room)] == [1.0]
    assert len(peer.unary) == 2
    assert room.frames_dropped == 0


async def test_the_refusal_of_the_last_frame_comes_out_of_end_after_the_flush() -> None:
    peer = PicturePeer()
    peer.failures = [(grpc.StatusCode.INVALID_ARGUMENT, "image is cut off")]
    async with peer.client() as client:
        room = await client.room("last").__aenter__()
        await room.send_audio(CHUNK, RATE)
        await room.send_frame(b"bad", 0.0)
        with pytest.raises(InvalidInput, match="image is cut off"):
            await room.end()
        assert [event.kind async for event in room.events()] == ["final"]
        await room.cancel()


async def test_what_is_no_frame_is_refused_at_once() -> None:
    peer = PicturePeer()
    async with peer.client() as client:
        room = client.room("checked")
        with pytest.raises(RoomClosed, match="is not open"):
            await room.send_frame(scene(1), 0.0)
        async with room:
            await room.send_frame(scene(1), 5.0)
            with pytest.raises(
                InvalidInput, match=r"pts is 4.9: expected seconds on the room's clock, 5.0 or"
            ):
                await room.send_frame(scene(1), 4.9)
            for pts in (float("nan"), float("inf")):
                with pytest.raises(InvalidInput, match="pts is"):
                    await room.send_frame(scene(1), pts)
            with pytest.raises(InvalidInput, match="float64"):
                await room.send_frame(np.zeros((4, 4, 3)), 6.0)  # type: ignore[arg-type]  # the point of it
            await room.send_frame(scene(1), 5.0)
        with pytest.raises(RoomClosed, match="has ended"):
            await room.send_frame(scene(1), 7.0)
    assert len(peer.unary) == 2


async def test_cancelling_drops_frames_under_way_at_once() -> None:
    gate = Gate()
    async with PicturePeer(gate).client() as client, client.room("cut") as room:
        for number in range(4):
            await room.send_frame(scene(number), float(number))
        await gate.arrivals(2)
        await room.cancel()
        assert room.frames_dropped == 4
        with pytest.raises(RoomClosed, match="was cancelled"):
            await frames_of(room)
        assert gate.arrived.empty()


async def test_a_frame_may_be_answered_after_the_last_caption() -> None:
    gate = Gate()
    async with PicturePeer(gate).client() as client, client.room("late") as room:
        reader = asyncio.create_task(frames_of(room))
        await room.send_audio(CHUNK, RATE)
        await room.send_frame(scene(1), 0.0)
        await gate.arrivals(1)
        ending = asyncio.create_task(room.end())
        await asyncio.sleep(0.2)  # the speech has ended
        gate.open(1)
        await ending
        assert [frame.pts_start for frame in await reader] == [0.0]


async def test_a_server_that_dies_ends_the_room_for_frames_too() -> None:
    gate = Gate()
    peer = PicturePeer(gate)
    async with peer.listening() as url:
        client = AsyncClient(url, timeouts=Timeouts(reconnect=0.3))
        room = await client.room("orphan").__aenter__()
        await room.send_audio(CHUNK, RATE)
        await room.send_frame(scene(1), 0.0)
        await gate.arrivals(1)
    with pytest.raises(ServerUnavailable):
        await frames_of(room)
    with pytest.raises(ServerUnavailable):
        await room.send_frame(scene(2), 1.0)
    await room.cancel()
    await client.close()


async def test_the_synchronous_twin_does_the_same() -> None:
    def use(url: str) -> tuple[list[str], int]:
        with Client(url) as client, client.room("sync") as room:
            room.send_audio(CHUNK, RATE)
            room.send_frame(scene(1), 0.0)
            room.end()
            return [event.kind for event in room.events()], room.frames_dropped

    async with PicturePeer().listening() as url:
        assert await asyncio.to_thread(use, url) == (["final", "frame"], 0)
