"""The way to the server falls silent, and nothing says so; or the client is closed with rooms on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
import liveroom._event_loop
import numpy as np
import pytest
from liveroom import AsyncClient, Client, Retries, Room, RoomClosed

from tests.unit.caption_peer import RATE, WORD, CaptionPeer
from tests.unit.peer import Peer, heard
from tests.unit.test_client_replay import QUICK, TALK, check, never

CHUNK = np.zeros(RATE // 10, np.int16)


@dataclass
class Relay:
    """Hands bytes on in both directions; a connection that is frozen stays open and silent."""

    port: int
    connections: int = 0
    frozen: int = 0
    url: str = ""
    thawed: asyncio.Event = field(default_factory=asyncio.Event)

    def freeze(self) -> None:
        """All connections that there are."""
        self.frozen = self.connections

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(self._pump(number, reader, back), self._pump(number, there, writer))

    async def _pump(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            if number <= self.frozen:
                await self.thawed.wait()
            writer.write(data)
        writer.close()


@asynccontextmanager
async def relayed(url: str) -> AsyncIterator[Relay]:
    """A relay before the server at `url`."""
    relay = Relay(int(url.rpartition(":")[2]))
    async with await asyncio.start_server(relay.serve, "127.0.0.1", 0) as server:
        relay.url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield relay
        relay.thawed.set()


async def test_a_room_leaves_a_connection_that_has_fallen_silent_and_so_does_what_comes_after() -> None:
    """Another connection may well reach the server, or another gateway."""
    script = CaptionPeer(never)
    async with (
        script.peer.listening() as url,
        relayed(url) as relay,
        AsyncClient(relay.url, timeouts=QUICK) as client,
        client.room("room") as room,
    ):
        reader = asyncio.create_task(heard(room))
        for at in range(0, len(TALK), WORD):
            if at == 12 * WORD:
                relay.freeze()
            await room.send_audio(TALK[at : at + WORD], RATE)
        await room.end()
        check(await reader)
        assert (room.reconnects, relay.connections) == (1, 2)
        await client.transcribe(CHUNK, RATE)
        assert relay.connections == 2
        assert not client._transport._left, "it is closed when nobody is on it any more"


async def test_a_client_that_is_closed_ends_its_rooms() -> None:
    async with Peer().listening() as url:
        client = AsyncClient(url)
        async with client.room("open") as room:
            await room.send_audio(CHUNK, RATE)
            reader = asyncio.create_task(heard(room))
            await client.close()
            with pytest.raises(RoomClosed, match="was cancelled"):
                await reader
            with pytest.raises(RoomClosed, match="has ended"):
                await room.send_audio(CHUNK, RATE)
            await room.end()


async def test_threads_that_wait_when_their_client_is_closed_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also one that waits for its next try of a call."""
    monkeypatch.setattr(liveroom._event_loop, "STOP_S", 0.1)

    def talk(room: Room) -> None:
        for _ in range(10_000):
            room.send_audio(CHUNK, RATE)

    def use(url: str) -> None:
        client = Client(url, retries=Retries(2, backoff=30, backoff_max=30))
        room = client.room("open")
        room.__enter__()
        works = (
            lambda: list(room.events()),
            lambda: talk(room),
            lambda: client.transcribe(CHUNK, RATE),
        )
        with ThreadPoolExecutor() as pool:
            waiting = [pool.submit(work) for work in works]
            while not peer.unary:
                time.sleep(0.01)
            client.close()
            told = [type(each.exception(5)) for each in waiting]
        assert told == [RoomClosed, RoomClosed, CancelledError]

    peer = Peer()
    peer.failures = [(grpc.StatusCode.UNAVAILABLE, "no healthy upstream")]
    async with peer.listening() as url:
        await asyncio.to_thread(use, url)
