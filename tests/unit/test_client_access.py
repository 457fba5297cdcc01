"""Tokens, TLS, and connections: how a client gets past a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import liveroom._channels
import numpy as np
import pytest
import soundfile
from liveroom import AsyncClient, InvalidInput, LiveroomError, NotAllowed, Retries, ServerUnavailable
from liveroom._health import CLIENT_MODELS
from liveroom.cli import main
from tritonclient.grpc import service_pb2

from cluster.credentials import Credentials
from tests.unit.peer import Peer, Request

RATE = 16_000
CHUNK = np.zeros(RATE // 10, np.int16)
WORD = "abc.def-1"


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials.create(tmp_path_factory.mktemp("credentials"))


@pytest.fixture
def tls(issued: Credentials) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials([(issued.key.read_bytes(), issued.certificate.read_bytes())])


async def test_a_token_goes_with_every_call(issued: Credentials, tls: grpc.ServerCredentials) -> None:
    peer = Peer()
    async with peer.listening(tls) as url, AsyncClient(url, token=WORD, ca=issued.ca) as client:
        await client.transcribe(CHUNK, RATE)
        async with client.room("room") as room:
            await room.send_audio(CHUNK, RATE)
    assert [seen["authorization"] for seen in peer.metadata] == [f"Bearer {WORD}"] * 2
    assert peer.metadata[1]["x-room-attempt"].isdecimal()


async def test_a_token_file_is_read_again_when_it_has_changed_and_only_a_good_one_replaces_the_last(
    issued: Credentials, tls: grpc.ServerCredentials, tmp_path: Path
) -> None:
    file, peer = tmp_path / "token", Peer()
    file.write_text("first\n")
    async with peer.listening(tls) as url, AsyncClient(url, token=file, ca=issued.ca) as client:
        await client.transcribe(CHUNK, RATE)
        for change in (lambda: file.write_text("the second"), file.unlink, lambda: file.write_text("third")):
            change()
            await client.transcribe(CHUNK, RATE)
    assert [seen["authorization"].split()[1] for seen in peer.metadata] == [
        "first",
        "first",
        "first",
        "third",
    ]


async def test_the_command_line_takes_a_token_from_a_file_or_the_environment_and_never_as_an_argument(
    issued: Credentials, tls: grpc.ServerCredentials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("of-a-file")
    soundfile.write(tmp_path / "speech.wav", np.zeros(RATE), RATE)
    command = ["transcribe", str(tmp_path / "speech.wav")]
    peer = Peer()
    async with peer.listening(tls) as url:
        options = ["--url", url, "--ca", str(issued.ca), "--token-file", str(tmp_path / "token")]
        assert await asyncio.to_thread(main, command + options) == 0
        monkeypatch.setenv("LIVEROOM_URL", url)
        monkeypatch.setenv("LIVEROOM_CA", str(issued.ca))
        monkeypatch.setenv("LIVEROOM_TOKEN", WORD)
        assert await asyncio.to_thread(main, command) == 0
        with pytest.raises(SystemExit):
            await asyncio.to_thread(main, [*command, "--token", WORD])
    assert [seen["authorization"] for seen in peer.metadata] == ["Bearer of-a-file", f"Bearer {WORD}"]


@pytest.mark.parametrize("token", ["", "two words", "tokens/mine.jwt", "naïve", "one\ntwo"])
async def test_what_is_no_token_is_refused_and_not_repeated(token: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(token)
    for given in (token, tmp_path / "token"):
        with pytest.raises(InvalidInput) as caught:
            AsyncClient("grpcs://127.0.0.1:1", token=given)
        assert not token or token not in str(caught.value)


async def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    for options in ({"token": tmp_path / "absent"}, {"ca": tmp_path / "absent"}):
        with pytest.raises(InvalidInput, match="absent"):
            AsyncClient("grpcs://127.0.0.1:1", **options)  # type: ignore[arg-type]  # either
    (tmp_path / "ca").write_text("nothing")
    with pytest.raises(InvalidInput, match="expected a PEM file"):
        AsyncClient("grpcs://127.0.0.1:1", ca=tmp_path / "ca")


async def test_a_token_is_never_sent_without_tls() -> None:
    with pytest.raises(InvalidInput, match=r"not encrypted: use grpcs://127\.0\.0\.1:8001"):
        AsyncClient("127.0.0.1:8001", token=WORD)


async def test_a_server_that_cannot_prove_who_it_is_gets_nothing(tls: grpc.ServerCredentials) -> None:
    peer = Peer()
    async with peer.listening(tls) as url, AsyncClient(url, token=WORD, retries=Retries(1)) as client:
        with pytest.raises(ServerUnavailable, match="cannot prove who it is"):
            await client.transcribe(CHUNK, RATE)
    assert peer.metadata == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "Jwt is expired"),
        (grpc.StatusCode.PERMISSION_DENIED, "RBAC: access denied"),
    ],
)
async def test_a_refused_token_is_said_at_once(code: grpc.StatusCode, message: str) -> None:
    peer = Peer()
    peer.failures = [(code, message)]
    async with peer.client(retries=Retries(1)) as client:
        with pytest.raises(NotAllowed, match=message):
            await client.transcribe(CHUNK, RATE)


class Closed(Peer):
    """Lets nobody in, whichever call it is, before it has read anything."""

    async def ModelStreamInfer(  # noqa: N802 - the name is Triton's
        self, requests: AsyncIterator[Request], context: grpc.aio.ServicerContext
    ) -> None:
        """Refuse."""
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "Jwt is expired")

    async def ModelMetadata(  # noqa: N802 - the name is Triton's
        self, request: service_pb2.ModelMetadataRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.ModelMetadataResponse:
        """Refuse."""
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "Jwt is expired")


async def test_a_room_says_so_too_however_early_it_is_refused() -> None:
    """gRPC may lose the status of a call that ends while its first request is being written."""
    async with Closed().client(retries=Retries(1)) as client:
        for number in range(20):
            with pytest.raises(NotAllowed, match="Jwt is expired"):
                _ = [event async for event in client.captions(CHUNK, RATE, room_id=f"room {number}")]


async def test_behind_a_gateway_the_models_that_clients_call_are_asked_one_by_one() -> None:
    peer = Peer(states={"asr": "READY", "captions": "UNAVAILABLE", "log_mel": "READY"})
    peer.lists_models = False
    async with peer.client() as client:
        asked = [(model.name, model.version, model.ready) for model in await client.models()]
        assert asked == [(name, "1" if name == "asr" else "", name == "asr") for name in CLIENT_MODELS]
        assert (await client.health()).ok, "nothing says whether the others were to be there"
        health = await client.health("asr", "captions")
    assert {model.name: model.ok for model in health.models} == {"asr": True, "captions": False}


async def test_more_rooms_than_a_connection_takes_get_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveroom._channels, "STREAMS", 2)
    peer = Peer()
    async with peer.listening(streams=2) as url, AsyncClient(url) as client:

        async def visit(number: int, entered: asyncio.Barrier) -> LiveroomError | None:
            async with client.room(f"room {number}") as room:
                await room.send_audio(CHUNK, RATE)
                await entered.wait()  # all of them are open at once
            return None

        for _ in range(2):
            visits = [visit(number, barrier) for barrier in [asyncio.Barrier(5)] for number in range(5)]
            async with asyncio.timeout(10):
                await asyncio.gather(*visits)
        assert len(client._transport._connections) == 3  # places that have become free are used again
