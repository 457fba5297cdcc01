"""When a room looks for another server, what it brings there, and when it gives up."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import grpc
import liveroom._session
import numpy as np
import pytest
from liveroom import (
    InferenceFailed,
    InvalidInput,
    Limits,
    ModelUnavailable,
    NotAllowed,
    Overloaded,
    Retries,
    ServerUnavailable,
    Timeouts,
)

from tests.unit.caption_peer import RATE, WORD, CaptionPeer, Moment, silence, speech
from tests.unit.peer import (
    Peer,
    Request,
    Response,
    Send,
    acknowledgement,
    broken,
    event,
    failure,
    heard,
    polite,
    refusal,
)
from tests.unit.test_client_replay import QUICK, TEXTS, check, once, played
from tests.unit.test_client_room import talk

CHUNK = np.zeros(RATE // 10, np.int16)
LOST = "lost_speech", "speech from 0.00 to 1.00 s was not recognized: asr: Exceeds maximum queue size"
FULL = "overloaded", "4 rooms are open, all this server takes"


async def test_the_next_server_learns_what_the_last_one_knew() -> None:
    script = CaptionPeer(once("before final", 20))
    async with played(script) as (_, captions):
        partial = [caption for caption in captions if not caption.is_final and caption.text.startswith("w6")][
            -1
        ]
    first, second = script.starts
    assert not {"hypothesis", "stable", "stable_language", "hypothesis_until", "spoken"} & first.keys()
    assert second["language"] == b"auto"
    assert second["spoken"] == b"en:1250"  # w1 to w5
    told = second["hypothesis"].decode()
    assert second["stable"].decode() == told.rpartition(" ")[0]
    assert second["stable_language"] == b"en"
    until, pts = (float(np.frombuffer(second[name])[0]) for name in ("hypothesis_until", "pts"))
    assert pts == pytest.approx(partial.pts_start)
    assert until == pytest.approx(pts + len(told.split()) * WORD / RATE)


async def test_a_hypothesis_whose_audio_is_gone_is_not_handed_on() -> None:
    script = CaptionPeer(once("before final", 20))
    async with played(script, limits=Limits(unacknowledged=2, replay_seconds=0.6)) as (room, captions):
        assert room.replay_lost_s > 0
        assert [caption.text for caption in captions if caption.is_final][:2] == TEXTS[:2]
    assert "hypothesis" not in script.starts[1]


async def test_silence_is_not_said_again() -> None:
    audio = np.concatenate([silence(200), speech(range(1, 4), 4)])
    script = CaptionPeer(once("before all", 190))
    async with played(script, audio) as (room, captions):
        assert [caption.text for caption in captions if caption.is_final] == ["w1 w2 w3"]
        assert room.reconnects == 1
    assert sum(map(len, script.streams[1].samples)) < 30 * WORD


async def test_a_room_that_says_nothing_for_long_has_not_stalled() -> None:
    """The last chunk is acknowledged only when the next one has been heard."""

    async def one_behind(request: Request, send: Send) -> None:
        if request.parameters["sequence_end"].bool_param:
            await polite(request, send)
        if int(request.id) in {1, 3}:
            await send(acknowledgement(str(int(request.id) - 1 or 1)))

    peer = Peer(one_behind)
    async with peer.client(timeouts=Timeouts(stall=0.2)) as client, client.room("quiet") as room:
        await room.send_audio(CHUNK, RATE)
        await room.send_audio(CHUNK, RATE)
        await asyncio.sleep(0.6)
        await room.end()
        assert room.reconnects == 0


async def test_a_room_that_was_forgotten_in_its_silence_begins_again_when_it_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(liveroom._session, "QUIET", 0.1)

    async def forgets(moment: Moment) -> None:
        if moment.name == "after ack" and moment.number == 3 and moment.stream == 0:
            await asyncio.sleep(0.3)
            await moment.lose("reset")

    script = CaptionPeer(forgets)
    async with script.peer.client(timeouts=QUICK) as client, client.room("room") as room:
        for _ in range(3):
            await room.send_audio(CHUNK, RATE)
        await asyncio.sleep(0.8)
        assert len(script.streams) == 1, "nobody needs a server before there is something to say"
        await room.send_audio(CHUNK, RATE)
        await room.end()
        assert room.reconnects == 1
    assert [request.id for request in script.peer.chunks][-2:] == ["4", "5"]


async def test_a_reader_who_takes_a_break_is_no_stall() -> None:
    async def chatty(request: Request, send: Send) -> None:
        second = float(request.id)
        await send(event(request.id, "final", f"f{request.id}", second - 1, second))
        await send(acknowledgement(request.id))

    limits = Limits(unacknowledged=3, unread_finals=1)
    async with (
        Peer(chatty).client(limits=limits, timeouts=Timeouts(stall=0.2)) as client,
        client.room("deaf") as room,
    ):
        for _ in range(3):
            await room.send_audio(CHUNK, RATE)
        await asyncio.sleep(0.6)
        reader = asyncio.create_task(heard(room))
        await room.end()
        assert [caption.text for caption in await reader] == ["f1", "f2", "f3", "f4"]
        assert room.reconnects == 0


async def test_a_full_server_sends_the_room_to_another_one() -> None:
    async def full_twice(moment: Moment) -> None:
        if moment.stream < 2:
            await moment.send(failure(str(moment.number), *FULL))
            await asyncio.Event().wait()

    script = CaptionPeer(full_twice)
    async with played(script) as (room, captions):
        check(captions)
        assert room.reconnects == 0, "it had no server before"
    attempts = [int(seen["x-room-attempt"]) for seen in script.peer.metadata]
    assert [attempt - attempts[0] for attempt in attempts] == [0, 1, 2]


@pytest.mark.parametrize(
    ("attempts", "refused", "kind", "streams"),
    [
        (3, lambda number: failure(number, *FULL), Overloaded, 3),
        (1, lambda number: failure(number, *FULL), Overloaded, 1),
        (2, lambda number: refusal(number, "unknown model: 'captions'"), ModelUnavailable, 2),
    ],
)
async def test_a_room_that_is_admitted_nowhere_is_told_soon(
    attempts: int, refused: Callable[[str], Response], kind: type[Exception], streams: int
) -> None:
    async def refuse(request: Request, send: Send) -> None:
        await send(refused(request.id))

    peer = Peer(refuse)
    began = time.monotonic()
    async with peer.client(retries=Retries(attempts)) as client:
        with pytest.raises(kind):
            async with client.room("refused") as room:
                await room.send_audio(CHUNK, RATE)
    assert len(peer.metadata) == streams
    assert time.monotonic() - began < 2


async def test_tries_to_be_admitted_are_as_far_apart_as_retries_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else all of them may come before gRPC has connected again."""
    monkeypatch.setattr(random, "uniform", lambda low, high: high)

    async def refuse(request: Request, send: Send) -> None:
        await send(broken("no healthy upstream"))

    async with Peer(refuse).client(retries=Retries(3, backoff=0.1)) as client:
        began = time.monotonic()
        with pytest.raises(ServerUnavailable):
            await talk(client.room("patient"), 1)
    assert 0.3 < time.monotonic() - began < 2


async def test_a_token_that_is_refused_ends_the_room() -> None:
    """At once, unless gRPC hides the status behind a write that failed: then it is asked again."""

    class Gateway(Peer):
        async def ModelStreamInfer(  # noqa: N802 - the name is Triton's
            self, requests: object, context: grpc.aio.ServicerContext
        ) -> None:
            self.metadata.append({})
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "Jwt is expired")

    peer = Gateway()
    async with peer.client(retries=Retries(20)) as client:
        with pytest.raises(NotAllowed, match="Jwt is expired"):
            async with client.room("stranger") as room:
                await room.send_audio(CHUNK, RATE)
    assert len(peer.metadata) < 10


async def test_a_room_that_breaks_every_server_is_given_up() -> None:
    async def poisoned(moment: Moment) -> None:
        if moment.name == "after ack" and moment.number >= 8:
            await moment.lose("refuse")

    script = CaptionPeer(poisoned)
    with pytest.raises(ModelUnavailable, match="5 servers in a row lost the room at the same place"):
        async with played(script):
            pass
    assert len(script.streams) <= 8


async def test_a_room_without_a_server_is_given_up_in_time() -> None:
    async def dies(request: Request, send: Send) -> None:
        alive = len(peer.metadata) == 1 and request.id != "3"
        await send(acknowledgement(request.id) if alive else broken("Socket closed"))

    peer = Peer(dies)
    began = time.monotonic()
    async with peer.client(timeouts=Timeouts(reconnect=0.5)) as client:
        with pytest.raises(ServerUnavailable, match=r"no server took the room within 0\.5 s"):
            await talk(client.room("orphan"), 100)
    assert 0.4 < time.monotonic() - began < 3


async def test_speech_that_one_server_cannot_recognize_is_given_to_another() -> None:
    async def fails_once(moment: Moment) -> None:
        if moment.name == "before final" and moment.stream == 0:
            await moment.send(failure(str(moment.number), *LOST, last=False))
            await asyncio.Event().wait()

    script = CaptionPeer(fails_once)
    async with played(script) as (room, captions):
        check(captions)
        assert room.reconnects == 1


async def test_speech_that_nobody_can_recognize_is_told_and_the_room_goes_on() -> None:
    async def fails(request: Request, send: Send) -> None:
        if request.id == "2":
            await send(failure(request.id, *LOST, last=False))
        await polite(request, send)

    peer = Peer(fails)
    async with peer.client() as client, client.room("mumble") as room:
        reader = asyncio.create_task(heard(room))
        for _ in range(2):
            await room.send_audio(CHUNK, RATE)
        with pytest.raises(InferenceFailed, match="was not recognized"):
            await room.end()
        assert [caption.text for caption in await reader] == ["the end"]
        assert room.reconnects == 3


async def test_a_chunk_that_was_refused_is_not_said_again() -> None:
    async def breaks(moment: Moment) -> None:
        if moment.stream == 0 and moment.number == 2 and moment.name == "before all":
            await moment.send(failure("2", "invalid_input", "audio has NaN or infinite samples"))
        if moment.stream == 0 and moment.number == 3:
            await moment.lose("reset")

    script = CaptionPeer(breaks)
    async with script.peer.client(timeouts=QUICK) as client, client.room("room") as room:
        await room.send_audio(CHUNK, RATE)
        await room.send_audio(CHUNK, RATE)
        await asyncio.sleep(0.2)
        with pytest.raises(InvalidInput, match="NaN"):
            await room.send_audio(CHUNK, RATE)
        await room.send_audio(CHUNK, RATE)
        await room.end()
    assert [request.id for request in script.peer.chunks] == ["1", "2", "3", "1", "3", "4"]
