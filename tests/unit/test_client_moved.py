"""What users of a room see when its server is lost: nothing but the count."""

from __future__ import annotations

import asyncio

import grpc
from liveroom import AsyncClient, Caption, Client, Effects, FrameResult, Retries

from tests.unit.caption_peer import RATE, WORD, CaptionPeer
from tests.unit.picture_peer import PicturePeer, scene
from tests.unit.test_client_replay import QUICK, TALK, check, never, once, played


async def test_the_synchronous_twin_sees_nothing_of_it_but_the_count() -> None:
    script = CaptionPeer(once("before final", 8))

    def use(url: str) -> None:
        with Client(url, timeouts=QUICK) as client, client.room("sync") as room:
            for at in range(0, len(TALK), WORD):
                room.send_audio(TALK[at : at + WORD], RATE)
            room.end()
            check([caption for caption in room.events() if isinstance(caption, Caption)])
            assert (room.reconnects, room.duplicates_dropped, room.replay_lost_s) == (1, 0, 0.0)

    async with script.peer.listening() as url:
        await asyncio.to_thread(use, url)


async def test_transcripts_and_captions_of_files_survive_too() -> None:
    script = CaptionPeer(once("before final", 8))
    async with script.peer.client(timeouts=QUICK) as client:
        captions = client.captions(TALK, RATE, chunk_s=0.25)
        check([caption async for caption in captions])
    assert len(script.streams) == 2


async def test_a_frame_that_is_lost_with_its_server_is_looked_at_by_another() -> None:
    peer = PicturePeer()
    peer.failures = [(grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2")]
    async with peer.client() as client, client.room("video") as room:
        await room.send_frame(scene(1), 0.0)
        await room.end()
        assert [type(event) for event in [event async for event in room.events()]] == [FrameResult]
    assert (len(peer.unary), room.frames_dropped) == (2, 0)


async def test_a_studio_room_goes_on_on_another_server() -> None:
    """Which has to be told where it begins, and its background."""
    peer = PicturePeer()
    background = scene(9)
    async with (
        peer.client(retries=Retries(backoff=0.01)) as client,
        client.studio_room("r", Effects(replace=1.0), background=background) as room,
    ):
        await room.edit_frame(scene(1))
        peer.failures = [
            (grpc.StatusCode.UNAVAILABLE, "upstream connect error or disconnect/reset before headers"),
            (grpc.StatusCode.INVALID_ARGUMENT, "sequence r must specify the START flag on the first request"),
        ]
        await room.edit_frame(scene(2))
    starts = [request.parameters["sequence_start"].bool_param for request in peer.unary]
    assert starts == [True, False, False, True, False]
    assert ["background" in {tensor.name for tensor in request.inputs} for request in peer.unary] == starts


async def test_a_room_that_never_broke_can_be_told() -> None:
    async with AsyncClient() as client:
        room = client.room("not open")
        assert (room.reconnects, room.duplicates_dropped, room.replay_lost_s) == (0, 0, 0.0)
    async with played(CaptionPeer(never)) as (open_room, _):
        assert open_room.reconnects == 0
