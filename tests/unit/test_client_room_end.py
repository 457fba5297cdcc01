"""How a room ends: quietly, cancelled, with a stream that breaks, or never opened."""

from __future__ import annotations

import asyncio

import pytest
from liveroom import AsyncClient, RoomClosed, ServerUnavailable, Timeouts

from tests.unit.peer import Peer, Request, Send, acknowledgement, broken, event
from tests.unit.test_client_room import CHUNK, RATE, talk


async def test_a_room_without_audio_ends_quietly() -> None:
    peer = Peer()
    async with peer.client() as client:
        async with client.room("silent") as room:
            pass
        assert [caption async for caption in room.events()] == []
    assert peer.chunks == []


async def test_an_exception_in_the_block_cancels_the_stream_instead_of_flushing() -> None:
    peer = Peer()
    async with peer.client() as client:
        room = client.room("broken")
        with pytest.raises(KeyError):
            await talk(room, 1, then=KeyError)
        await asyncio.wait_for(peer.cancelled.wait(), 5)
        with pytest.raises(RoomClosed, match="was cancelled"):
            await anext(room.events())
    assert not any(request.parameters["sequence_end"].bool_param for request in peer.chunks)


async def test_a_room_cancelled_before_anything_was_sent_says_so() -> None:
    async with Peer().client() as client, client.room("early") as room:
        await room.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(RoomClosed, match="was cancelled"):
                await anext(room.events())


async def test_cancelling_the_task_cancels_the_stream() -> None:
    peer = Peer()
    async with peer.client() as client:
        task = asyncio.create_task(talk(client.room("cut"), 1_000_000))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(peer.cancelled.wait(), 5)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Socket closed", ServerUnavailable),
        ("Request for unknown model: 'captions' is not found", ServerUnavailable),
    ],
)
async def test_a_room_that_no_server_has_any_more_tells_both_sender_and_reader(
    message: str, kind: type[Exception]
) -> None:
    async def breaks(request: Request, send: Send) -> None:
        if request.id == "1":
            await send(event(request.id, "final", "so far", 0.0, 0.1))
            await send(acknowledgement(request.id))
        else:
            await asyncio.sleep(0.1)  # gRPC may drop what it has not delivered when a stream breaks
            await send(broken(message))

    async with Peer(breaks).client(timeouts=Timeouts(reconnect=0.3)) as client:
        room = client.room("broken")
        with pytest.raises(kind):
            await talk(room, 1000)
        events = room.events()
        assert getattr(await anext(events), "text", None) == "so far"
        with pytest.raises(kind):
            await anext(events)


async def test_no_server_is_said_at_the_first_chunk() -> None:
    async with Peer().listening() as url:
        pass
    async with AsyncClient(url) as client:
        with pytest.raises(
            ServerUnavailable, match=f"no server answers at {url}: start one with `python -m server`"
        ):
            await talk(client.room("nobody"), 1)


async def test_a_room_cannot_be_used_before_after_or_twice() -> None:
    async with Peer().client() as client:
        room = client.room("once")
        with pytest.raises(RoomClosed, match="is not open"):
            await room.send_audio(CHUNK, RATE)
        async with room:
            await room.send_audio(CHUNK, RATE)
            await room.end()
            await room.end()
            with pytest.raises(RoomClosed, match="has ended"):
                await room.send_audio(CHUNK, RATE)
        with pytest.raises(RoomClosed, match="opened before"):
            async with room:
                pass
