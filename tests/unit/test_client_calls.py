"""Unary calls, recordings of any length, health, and the synchronous twin."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import numpy as np
import pytest
import soundfile
from liveroom import (
    AsyncClient,
    Caption,
    Client,
    DeadlineExceeded,
    InvalidInput,
    ModelUnavailable,
    Overloaded,
    Retries,
    RoomClosed,
    ServerUnavailable,
    Timeouts,
)
from numpy.typing import NDArray

from tests.unit.peer import Peer, Request, Send, acknowledgement, event, failure, refusal

RATE = 16_000
SECOND = np.zeros(RATE, np.int16)
BUSY = (grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size")


async def transcriber(request: Request, send: Send) -> None:
    """A final for every chunk, in Chinese except the first."""
    if request.parameters["sequence_end"].bool_param:
        await send(event(request.id, "final", "再见", 90.0, 91.0))
    elif request.id in {"1", "2"}:
        await send(event(request.id, "partial", "hel", 0.0, 1.0, stable=""))
        await send(event(request.id, "final", "hello" if request.id == "1" else "there", 0.0, 1.0))
    await send(acknowledgement(request.id))


async def test_short_audio_is_one_request_with_a_batch_of_one() -> None:
    peer = Peer()
    async with peer.client() as client:
        transcript = await client.transcribe(np.array([16384, -32768], np.int16), 8000, language="en,zh")
    assert (transcript.text, transcript.language, transcript.duration) == ("你好", "zh", 1.0)
    assert (transcript.avg_logprob, transcript.no_speech_prob) == (-0.25, 0.5)
    (request,) = peer.unary
    raw = dict(zip((tensor.name for tensor in request.inputs), request.raw_input_contents, strict=True))
    assert [list(tensor.shape) for tensor in request.inputs] == [[1, 2], [1, 1], [1, 1], [1, 1], [1, 1]]
    assert np.frombuffer(raw["audio"], np.float32).tolist() == [0.5, -1.0]
    assert np.frombuffer(raw["sample_rate"], np.int32).tolist() == [8000]
    assert raw["language"] == b"\x05\0\0\0en,zh"
    assert raw["prefix"] == raw["draft"] == b"\0\0\0\0"


async def test_long_audio_goes_through_a_room_and_its_finals_are_joined() -> None:
    peer = Peer(transcriber)
    heard: list[Caption] = []
    async with peer.client() as client:
        transcript = await client.transcribe(np.zeros(31 * RATE, np.int16), RATE, on_caption=heard.append)
    assert peer.unary == []
    assert transcript.text == "hello there 再见"
    assert transcript.duration == 31.0
    assert [caption.text for caption in transcript.captions] == ["hello", "there", "再见"]
    assert sum(len(request.raw_input_contents[0]) for request in peer.chunks) == 31 * RATE * 2
    assert {caption.kind for caption in heard} >= {"final"}


async def test_files_are_sent_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.full((44_100, 2), 0.25), 44_100)
    peer = Peer()
    async with peer.client() as client:
        await client.transcribe(path)
        with pytest.raises(InvalidInput, match="a file says its own"):
            await client.transcribe(path, 16_000)
        with pytest.raises(InvalidInput, match="sample_rate is missing"):
            await client.transcribe(SECOND)
    assert np.frombuffer(peer.unary[0].raw_input_contents[0], np.float32) == pytest.approx(
        np.full(44_100, 0.25)
    )


async def test_an_unavailable_server_is_tried_again() -> None:
    peer = Peer()
    peer.failures = [BUSY, BUSY]
    async with peer.client(retries=Retries(attempts=3, backoff=0.01)) as client:
        assert (await client.transcribe(SECOND, RATE)).text == "你好"
    assert len(peer.unary) == 3


async def test_retries_are_bounded_by_their_number() -> None:
    peer = Peer()
    peer.failures = [BUSY] * 9
    async with peer.client(retries=Retries(attempts=2, backoff=0.01)) as client:
        with pytest.raises(Overloaded, match="Exceeds maximum queue size"):
            await client.transcribe(SECOND, RATE)
    assert len(peer.unary) == 2


async def test_retries_are_bounded_by_the_deadline() -> None:
    peer = Peer()
    peer.failures = [BUSY] * 1000
    began = time.monotonic()
    retries = Retries(attempts=1000, backoff=0.05, backoff_max=0.1)
    async with peer.client(retries=retries, timeouts=Timeouts(transcribe=0.4)) as client:
        with pytest.raises(Overloaded):
            await client.transcribe(SECOND, RATE)
    assert time.monotonic() - began < 3


async def test_what_cannot_help_is_not_tried_again() -> None:
    peer = Peer()
    peer.failures = [
        (grpc.StatusCode.INVALID_ARGUMENT, "language is 'xx'"),
        (grpc.StatusCode.INTERNAL, "boom"),
    ]
    async with peer.client() as client:
        with pytest.raises(InvalidInput, match="language is 'xx'"):
            await client.transcribe(SECOND, RATE, language="xx")
    assert len(peer.unary) == 1


async def test_captions_take_chunks_as_they_come_at_a_pace() -> None:
    async def microphone() -> AsyncIterator[np.ndarray]:  # type: ignore[type-arg]
        for _ in range(4):
            yield SECOND[: RATE // 10]

    peer = Peer(transcriber)
    async with peer.client() as client:
        began = time.monotonic()
        finals = [c.text async for c in client.captions(microphone(), RATE, pace=1.0) if c.is_final]
        elapsed = time.monotonic() - began
    assert finals == ["hello", "there", "再见"]
    assert 0.4 <= elapsed < 2.0


async def test_captions_end_with_the_error_of_a_bad_chunk() -> None:
    async def chunks() -> AsyncIterator[NDArray[np.int16]]:
        yield SECOND
        await asyncio.sleep(0.1)  # until it has been sent
        yield np.zeros((2, 2), np.int16)

    peer = Peer(transcriber)
    async with peer.client() as client:
        with pytest.raises(InvalidInput, match=r"shape \(2, 2\)"):
            _ = [caption async for caption in client.captions(chunks(), RATE)]
        await asyncio.wait_for(peer.cancelled.wait(), 5)


async def test_captions_are_cancelled_when_their_reader_stops() -> None:
    peer = Peer(transcriber)
    async with peer.client() as client:
        captions = client.captions(np.zeros(600 * RATE, np.int16), RATE, pace=1.0)
        assert (await anext(captions)).text == "hel"
        await captions.aclose()
        await asyncio.wait_for(peer.cancelled.wait(), 5)


async def test_health_asks_for_real_answers() -> None:
    async def dead(request: Request, send: Send) -> None:
        await send(refusal(request.id, "Stub process 'captions_0_0' is not healthy."))

    peer = Peer(dead, states={"asr": "READY", "captions": "READY", "log_mel": "READY"})
    async with peer.client() as client:
        assert [model.ready for model in await client.models()] == [True, True, True]
        health = await client.health()
    assert not health.ok
    assert {model.name: model.ok for model in health.models} == {"asr": True, "captions": False}
    assert "Stub process 'captions_0_0' is not healthy" in (health.models[1].error or "")


async def test_health_is_bounded_and_says_what_is_not_loaded() -> None:
    async def stuck(request: Request, send: Send) -> None:
        await asyncio.sleep(60)

    peer = Peer(stuck, states={"asr": "UNAVAILABLE", "captions": "READY"})
    async with peer.client(timeouts=Timeouts(health=0.2)) as client:
        health = await client.health()
    assert [model.error for model in health.models] == [
        "not loaded: no such file",
        "did not answer within 0.2 s",
    ]


async def test_a_server_without_our_models_is_not_healthy() -> None:
    async with Peer(states={}).client() as client:
        assert not (await client.health()).ok


async def test_health_of_no_server_is_an_error() -> None:
    async with AsyncClient("127.0.0.1:1") as client:
        with pytest.raises(ServerUnavailable):
            await client.health()


async def test_the_synchronous_twin_does_the_same() -> None:
    def use(url: str) -> tuple[str, list[str], list[str]]:
        with Client(url, timeouts=Timeouts(audio=5)) as client:
            text = client.transcribe(SECOND, RATE).text
            with client.room("sync") as room:
                for _ in range(3):
                    room.send_audio(SECOND, RATE)
                room.end()
                events = [event for event in room.events() if isinstance(event, Caption)]
                finals = [caption.text for caption in events if caption.is_final]
            played = [caption.text for caption in client.captions(SECOND, RATE) if caption.is_final]
            assert client.health().ok
            return text, finals, played

    async with Peer(transcriber).listening() as url:
        assert await asyncio.to_thread(use, url) == (
            "你好",
            ["hello", "there", "再见"],
            ["hello", "there", "再见"],
        )


async def test_the_synchronous_twin_raises_and_cancels_the_same() -> None:
    def use(url: str) -> None:
        with Client(url) as client:
            with pytest.raises(InvalidInput, match="is empty"):
                client.transcribe(SECOND[:0], RATE)
            room = client.room("sync")
            with room:
                room.send_audio(SECOND, RATE)
                time.sleep(0.1)  # until it has been sent
                room.cancel(KeyError("enough"))
                with pytest.raises(KeyError, match="enough"):
                    list(room.events())
                with pytest.raises(RoomClosed):
                    room.send_audio(SECOND, RATE)

    peer = Peer(transcriber)
    async with peer.listening() as url:
        await asyncio.to_thread(use, url)
        await asyncio.wait_for(peer.cancelled.wait(), 5)


async def test_deadlines_are_typed() -> None:
    class Slow(Peer):
        async def ModelInfer(self, request: Request, context: grpc.aio.ServicerContext) -> None:  # noqa: N802
            await asyncio.sleep(30)

    async with Slow().client(timeouts=Timeouts(transcribe=0.2)) as client:
        with pytest.raises(DeadlineExceeded, match="did not answer in time"):
            await client.transcribe(SECOND, RATE)


async def test_a_missing_model_is_named() -> None:
    peer = Peer()
    peer.failures = [(grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'asr' is not found")]
    async with peer.client() as client:
        with pytest.raises(ModelUnavailable, match="'asr' is not found"):
            await client.transcribe(SECOND, RATE)


async def test_an_error_has_the_id_by_which_its_call_is_found() -> None:
    """Another one for each call; in the message only where a gateway writes it down."""
    peer = Peer()
    peer.failures = [(grpc.StatusCode.INVALID_ARGUMENT, "no audio"), BUSY, BUSY]
    async with peer.client(retries=Retries(attempts=2, backoff=0.001)) as client:
        with pytest.raises(InvalidInput) as wrong:
            await client.transcribe(SECOND, RATE)
        with pytest.raises(Overloaded) as busy:
            await client.transcribe(SECOND, RATE)
    sent = [each["x-request-id"] for each in peer.metadata]
    assert len(set(sent)) == len(sent)
    assert [wrong.value.request_id, busy.value.request_id] == [sent[0], sent[2]]
    assert str(wrong.value) == "no audio"


async def test_an_error_of_a_room_has_the_id_of_its_last_stream() -> None:
    async def refuse(request: Request, send: Send) -> None:
        await send(failure(request.id, "invalid_input", "audio is empty"))

    peer = Peer(refuse)
    async with peer.client() as client:
        with pytest.raises(InvalidInput) as refused:
            async with client.room("room") as room:
                await room.send_audio(SECOND, RATE)
    assert refused.value.request_id == peer.metadata[-1]["x-request-id"]
