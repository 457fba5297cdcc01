"""A room against a peer that acknowledges, refuses, stalls and breaks."""

from __future__ import annotations

import asyncio
import re

import numpy as np
import pytest
from liveroom import (
    AsyncRoom,
    DeadlineExceeded,
    InvalidInput,
    Limits,
    ModelUnavailable,
    Overloaded,
    RoomClosed,
    RoomTaken,
    Timeouts,
)

from tests.unit.peer import Peer, Request, Send, acknowledgement, event, failure, heard, polite, refusal

RATE = 16_000
CHUNK = np.zeros(RATE // 10, np.int16)


async def talk(room: AsyncRoom, chunks: int, then: type[Exception] | None = None) -> None:
    async with room:
        for _ in range(chunks):
            await room.send_audio(CHUNK, RATE)
            await asyncio.sleep(0)
        if then:
            await asyncio.sleep(0.1)  # until it has been sent
            raise then


def pts(request: Request) -> float:
    names = [tensor.name for tensor in request.inputs]
    return float(np.frombuffer(request.raw_input_contents[names.index("pts")], np.float64)[0])


async def test_the_wire_is_what_the_server_expects() -> None:
    peer = Peer()
    async with peer.client() as client, client.room("房间 42", language="zh", denoise=True) as room:
        await room.send_audio(CHUNK, RATE, pts=3.0)
        await room.send_audio(CHUNK.astype(np.float32), 48_000)
        await room.send_audio(CHUNK, RATE)
        await room.end()
        assert [caption.text for caption in await heard(room)] == ["the end"]
    assert peer.metadata[0]["x-room-id"] == "%E6%88%BF%E9%97%B4%2042"
    first, *_, last = peer.chunks
    for number, request in enumerate(peer.chunks, start=1):
        assert request.id == str(number)
        assert request.model_name == "captions"
        assert request.parameters["sequence_id"] == first.parameters["sequence_id"]
        assert "房间" not in request.parameters["sequence_id"].string_param, "nobody can guess it"
        assert request.parameters["triton_enable_empty_final_response"].bool_param
        assert request.parameters["sequence_start"].bool_param == (request is first)
        assert request.parameters["sequence_end"].bool_param == (request is last)
    shapes = [
        {tensor.name: (tensor.datatype, list(tensor.shape)) for tensor in r.inputs} for r in peer.chunks
    ]
    assert shapes[0] == {
        "audio_int16": ("INT16", [1600]),
        "sample_rate": ("INT32", [1]),
        "pts": ("FP64", [1]),
        "language": ("BYTES", [1]),
        "denoise": ("BOOL", [1]),
    }
    assert shapes[1] == {"audio": ("FP32", [1600]), "sample_rate": ("INT32", [1]), "pts": ("FP64", [1])}
    assert shapes[3]["audio_int16"] == ("INT16", [0])
    assert [pts(r) for r in peer.chunks] == pytest.approx(
        [3.0, 3.1, 3.1 + 1600 / 48_000, 3.2 + 1600 / 48_000]
    )


async def test_the_running_clock_never_goes_backwards() -> None:
    peer = Peer()
    async with peer.client() as client, client.room("clock") as room:
        for at in (5.0, None, 1.0, None):
            await room.send_audio(CHUNK, RATE, at)
        assert room.pts == pytest.approx(5.3)
    assert [pts(request) for request in peer.chunks] == pytest.approx([5.0, 5.1, 1.0, 5.2, 5.3])


async def test_long_arrays_are_split_and_none_of_it_is_lost() -> None:
    peer = Peer()
    samples = np.arange(RATE * 5 // 2, dtype=np.int16)
    async with peer.client() as client, client.room("long") as room:
        await room.send_audio(samples, RATE)
    sent = [np.frombuffer(request.raw_input_contents[0], np.int16) for request in peer.chunks]
    assert [len(piece) for piece in sent] == [RATE, RATE, RATE // 2, 0]
    assert np.array_equal(np.concatenate(sent), samples)
    assert [pts(request) for request in peer.chunks] == [0.0, 1.0, 2.0, 2.5]


async def test_no_message_is_larger_than_a_gateway_takes() -> None:
    peer = Peer()
    async with peer.client() as client, client.room("fine") as room:
        await room.send_audio(np.zeros(48_000, np.float32), 48_000)
    assert [len(request.raw_input_contents[0]) for request in peer.chunks] == [65_536, 65_536, 60_928, 0]


async def test_no_more_is_under_way_than_a_gateway_holds() -> None:
    async def deaf(request: Request, send: Send) -> None:
        pass

    peer = Peer(deaf)
    async with peer.client() as client:
        room = await client.room("wide").__aenter__()
        await room.send_audio(np.zeros(96_000, np.float32), 48_000)
        await asyncio.sleep(0.1)
        await room.cancel()
    assert [len(request.raw_input_contents[0]) for request in peer.chunks] == [65_536, 65_536]


@pytest.mark.parametrize("room_id", ["", "x" * 129, "间" * 43])
async def test_room_ids_triton_cannot_take_are_refused(room_id: str) -> None:
    async with Peer().client() as client:
        with pytest.raises(InvalidInput, match="expected 1 to 128 bytes"):
            client.room(room_id)


async def test_a_room_id_that_is_no_text_is_refused() -> None:
    async with Peer().client() as client:
        with pytest.raises(InvalidInput, match="room id is 42: expected text, such as '42'"):
            client.room(42)  # type: ignore[arg-type]


async def test_the_sender_waits_for_acknowledgements_and_then_gives_up() -> None:
    async def first_only(request: Request, send: Send) -> None:
        if request.id == "1":
            await send(acknowledgement(request.id))

    peer = Peer(first_only)
    async with peer.client(limits=Limits(unacknowledged=3), timeouts=Timeouts(audio=0.2)) as client:
        with pytest.raises(DeadlineExceeded, match="the server is behind or stuck"):
            await talk(client.room("slow"), 10)
    assert [request.id for request in peer.chunks] == ["1", "2", "3", "4"]
    await asyncio.wait_for(peer.cancelled.wait(), 5)


async def test_a_reader_that_does_not_read_holds_the_sender_up_but_loses_nothing() -> None:
    async def chatty(request: Request, send: Send) -> None:
        second = int(request.id)
        await send(event(request.id, "partial", f"p{second}", second, second + 0.5))
        await send(event(request.id, "final", f"f{second}", second, second + 1))
        await send(acknowledgement(request.id))

    limits = Limits(unacknowledged=2, unread_finals=3)
    async with (
        Peer(chatty).client(limits=limits, timeouts=Timeouts(audio=0.2)) as client,
        client.room("deaf") as room,
    ):
        with pytest.raises(
            DeadlineExceeded, match=r"3 final captions or lines of chat are unread: read room.events\(\)"
        ):
            await room.send_audio(np.zeros(20 * RATE, np.int16), RATE)
        sent = round(room.pts)
        assert sent == 5  # three finals unread and acknowledged, two chunks under way
        ending = asyncio.create_task(room.end())
        texts = [caption.text for caption in await heard(room) if caption.is_final]
        await ending
    assert texts == [f"f{number}" for number in range(1, sent + 2)]


async def test_a_refused_chunk_is_reported_once_and_the_room_goes_on() -> None:
    async def picky(request: Request, send: Send) -> None:
        if request.id == "2":
            await send(failure(request.id, "invalid_input", "pts goes backwards"))
        else:
            await polite(request, send)

    peer = Peer(picky)
    async with peer.client() as client, client.room("picky") as room:
        await room.send_audio(CHUNK, RATE)
        await room.send_audio(CHUNK, RATE)
        await asyncio.sleep(0.1)
        with pytest.raises(InvalidInput, match="pts goes backwards"):
            await room.send_audio(CHUNK, RATE)
        assert len(peer.chunks) == 2  # the chunk that was told of the error has not been sent
        await room.send_audio(CHUNK, RATE)
        await room.end()
        assert [caption.text for caption in await heard(room)] == ["the end"]


async def test_the_refusal_of_the_last_chunk_comes_out_of_end_after_the_flush() -> None:
    async def picky(request: Request, send: Send) -> None:
        if request.id == "2":
            await send(failure(request.id, "invalid_input", "pts goes backwards"))
        else:
            await polite(request, send)

    async with Peer(picky).client() as client:
        room = client.room("picky")
        with pytest.raises(InvalidInput, match="pts goes backwards"):
            await talk(room, 2)
        assert [caption.text for caption in await heard(room)] == ["the end"]


async def test_a_chunk_acknowledged_only_after_the_next_one_does_not_stop_the_sender() -> None:
    async def one_behind(request: Request, send: Send) -> None:
        await send(acknowledgement(str(int(request.id) - 1)))
        if request.parameters["sequence_end"].bool_param:
            await polite(request, send)

    peer = Peer(one_behind)
    async with peer.client(limits=Limits(unacknowledged=2), timeouts=Timeouts(audio=2, end=2)) as client:
        room = client.room("behind")
        await talk(room, 20)
        assert [caption.text for caption in await heard(room)] == ["the end"]
    assert len(peer.chunks) == 21


@pytest.mark.parametrize(
    ("number", "code", "message", "kind"),
    [
        (1, "overloaded", "32 rooms are open, all this server takes", Overloaded),
        (1, "", "Request for unknown model: 'captions' is not found", ModelUnavailable),
        (3, "", "Stub process 'captions_0_0' is not healthy.", ModelUnavailable),
        (3, "room_closed", "this room is not open (any more): begin again", RoomClosed),
        (3, "room_taken", "another stream has begun this room", RoomTaken),
    ],
)
async def test_a_room_admitted_or_kept_nowhere_is_over_for_sender_and_reader(
    number: int, code: str, message: str, kind: type[Exception]
) -> None:
    async def refuse(request: Request, send: Send) -> None:
        refused = failure(request.id, code, message) if code else refusal(request.id, message)
        await send(refused if int(request.id) >= number else acknowledgement(request.id))

    peer = Peer(refuse)
    async with peer.client(timeouts=Timeouts(reconnect=0.3)) as client:
        room = client.room("refused")
        with pytest.raises(kind, match=re.escape(message)):
            await talk(room, 1_000_000)
        with pytest.raises(kind, match=re.escape(message)):
            await anext(room.events())
        await asyncio.wait_for(peer.cancelled.wait(), 5)
    assert not any(request.parameters["sequence_end"].bool_param for request in peer.chunks)


async def test_a_bad_first_chunk_does_not_end_the_room() -> None:
    async def picky(request: Request, send: Send) -> None:
        if request.id == "1":
            await send(failure(request.id, "invalid_input", "audio reaches 3: expected [-1, 1]"))
        await polite(request, send)

    async with Peer(picky).client() as client, client.room("picky") as room:
        await room.send_audio(CHUNK, RATE)
        await asyncio.sleep(0.1)
        with pytest.raises(InvalidInput, match="audio reaches 3"):
            await room.send_audio(CHUNK, RATE)
        await room.send_audio(CHUNK, RATE)
        await room.end()
        assert [caption.text for caption in await heard(room)] == ["the end"]
