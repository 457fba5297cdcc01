"""Urls that are none, and places where no server answers: each is said as what it is."""

from __future__ import annotations

import asyncio
import http.server
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import liveroom
import numpy as np
import pytest
import trustme
from liveroom import AsyncClient, InvalidInput, LiveroomError, Retries, ServerUnavailable, Timeouts
from liveroom._url import Address
from liveroom.cli import main

from cluster.credentials import Credentials
from tests.unit.peer import Peer

CHUNK = np.zeros(1600, np.int16)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost", "with no port: expected a port from 1 to 65535"),
        ("localhost:", "with no port"),
        ("localhost:0", "with port '0': expected a port from 1 to 65535"),
        ("localhost:70000", "with port '70000'"),
        ("localhost:99999999999", "with port '99999999999'"),
        ("localhost:-1", "with port '-1'"),
        ("localhost:grpc", "with port 'grpc'"),
        (":8001", "with host ''"),
        ("", "url is ''"),
        ("http://localhost:8000", "expected gRPC and no http, such as localhost:8000"),
        ("https://live.example:443", "expected gRPC and no https, such as grpcs://live.example:443"),
        ("ftp://localhost:1", "expected host:port of Triton's gRPC"),
        ("localhost:8001/v2", "expected host:port of Triton's gRPC"),
        ("::1:8001", "an IPv6 address stands in brackets: [::1]:8001"),
        ("[::1]", "with no port"),
        ("[::1:8001", "an IPv6 address stands in brackets"),
        ("[::g]:8001", "'::g' is no IPv6 address"),
        ("300.1.1.1:8001", "'300.1.1.1' is no IPv4 address"),
        ("user@host:8001", "with host 'user@host'"),
        ("one,two:8001", "with host 'one,two'"),
        ("two words:8001", "with host 'two words'"),
        ("a..b:8001", "with host 'a..b'"),
    ],
)
def test_what_is_no_url_is_refused_before_anything_is_called(
    url: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for make in (AsyncClient, liveroom.Client):
        with pytest.raises(InvalidInput) as caught:
            make(url)
        assert says in str(caught.value)
    assert main(["models", "--url", url]) == 1
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "target", "loopback"),
    [
        ("127.0.0.1:8001", "127.0.0.1:8001", True),
        ("127.9.9.9:8001", "127.9.9.9:8001", True),
        ("grpc://Localhost:8001/", "Localhost:8001", True),
        ("grpcs://[::1]:8001", "[::1]:8001", True),
        ("[FE80::1%eth0]:8001", "[fe80::1%eth0]:8001", False),
        (" live.example:443\n", "live.example:443", False),
        ("triton_1.default.svc.cluster.local.:8001", "triton_1.default.svc.cluster.local.:8001", False),
        ("直播.example:443", "xn--mnq3u.example:443", False),
    ],
)
def test_what_is_one_is_taken_as_grpc_takes_it(url: str, target: str, loopback: bool) -> None:
    address = Address.parsed(url)
    assert address.target == target.replace("xn--mnq3u", "直播".encode("idna").decode())
    assert address.loopback is loopback
    assert address.secure is url.startswith("grpcs")


@pytest.mark.parametrize("language", ["", ",", "en,,zh", "en;zh", "en,", None, 5])
async def test_what_is_no_language_is_refused_by_every_method(language: str) -> None:
    async with AsyncClient("127.0.0.1:1", retries=Retries(1)) as client:
        for refused in (
            lambda: client.transcribe(CHUNK, 16_000, language=language),
            lambda: anext(client.captions(CHUNK, 16_000, language=language)),
        ):
            with pytest.raises(InvalidInput, match="expected auto, a Whisper code such as en or zh"):
                await refused()
        with pytest.raises(InvalidInput, match="expected auto"):
            client.room("room", language=language)


async def said(url: str, **options: Path) -> str:
    """What a unary call and a room say of `url`, in the same words."""
    async with AsyncClient(url, retries=Retries(1), **options) as client:  # type: ignore[arg-type]  # only ca
        with pytest.raises(ServerUnavailable) as unary:
            await client.models()
        with pytest.raises(ServerUnavailable) as room:
            async with client.room("room") as opened:
                await opened.send_audio(CHUNK, 16_000)
    meanings = {str(error.value).split(" (")[0] for error in (unary, room)}
    assert len(meanings) == 1
    return meanings.pop()


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials.create(tmp_path_factory.mktemp("credentials"))


@pytest.fixture
async def tls(issued: Credentials) -> AsyncIterator[str]:
    pair = (issued.key.read_bytes(), issued.certificate.read_bytes())
    async with Peer().listening(grpc.ssl_server_credentials([pair])) as url:
        yield url


@contextmanager
def website() -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("127.0.0.1:1", "no server answers at 127.0.0.1:1: start one with `python -m server`"),
        ("[::1]:1", "no server answers at [::1]:1: start one with `python -m server`"),
        ("grpcs://127.0.0.1:1", "start one with `python -m cluster up`"),
        ("nowhere.invalid:8001", "nowhere.invalid has no address here, check the name"),
        ("grpcs://nowhere.invalid:8001", "nowhere.invalid has no address here, check the name"),
    ],
)
async def test_where_nobody_is_that_is_said(url: str, says: str) -> None:
    assert says in await said(url)


def test_only_for_this_machine_a_command_is_advised_that_starts_a_server() -> None:
    for url in ("10.0.0.1:8001", "grpcs://gateway.example:8443"):
        said = liveroom._connection_advice.unreached(
            url, "failed to connect to all addresses; Connection refused"
        )
        assert "python -m" not in said
        assert "check the url" in said


async def test_a_port_that_speaks_something_else_is_named_as_that(tls: str, issued: Credentials) -> None:
    assert "hangs up at once" in await said(tls.removeprefix("grpcs://"))
    with website() as url:
        assert "does not speak gRPC" in await said(url)
        assert "does not speak TLS" in await said(f"grpcs://{url}")
    async with Peer().listening() as url:
        assert "does not speak TLS" in await said(f"grpcs://{url}", ca=issued.ca)


async def test_who_cannot_prove_who_it_is_is_named_as_that(
    tls: str, tmp_path: Path, issued: Credentials
) -> None:
    other = Credentials.create(tmp_path / "other")
    assert "cannot prove who it is" in await said(tls, ca=other.ca)
    assert "cannot prove who it is" in await said(tls)
    authority, own = trustme.CA(), tmp_path / "ca"
    authority.cert_pem.write_to_path(own)
    proof = authority.issue_cert("elsewhere.example", "127.0.0.9")
    pair = (proof.private_key_pem.bytes(), proof.cert_chain_pems[0].bytes())
    async with Peer().listening(grpc.ssl_server_credentials([pair])) as url:
        assert "its name as in its certificate" in await said(url, ca=own)


@pytest.mark.parametrize("scheme", ["", "grpcs://"])
async def test_a_room_waits_no_longer_than_it_may_for_who_takes_connections_and_says_nothing(
    scheme: str,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"{scheme}127.0.0.1:{deaf.getsockname()[1]}"
        async with AsyncClient(url, timeouts=Timeouts(stall=0.4), retries=Retries(2)) as client:

            async def talk() -> None:
                async with asyncio.timeout(10), client.room("room") as room:
                    for _ in range(20):
                        await room.send_audio(CHUNK, 16_000)

            began = time.monotonic()
            with pytest.raises(ServerUnavailable, match=r"no server answers at .* \(no connection within"):
                await talk()
            assert time.monotonic() - began < 5


async def test_a_gateway_without_servers_is_not_called_absent() -> None:
    peer = Peer()
    peer.failures, peer.stopping = [(grpc.StatusCode.UNAVAILABLE, "no healthy upstream")], True
    async with peer.client(retries=Retries(1)) as client:
        with pytest.raises(LiveroomError, match=r"the gateway at .* reaches no server now"):
            await client.transcribe(CHUNK, 16_000)
