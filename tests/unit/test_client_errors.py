"""Codes of models, statuses of Triton and gRPC, turned into errors that say what to do."""

from __future__ import annotations

import re
from pathlib import Path

import grpc
import liveroom
import numpy as np
import pytest
from grpc.aio import AioRpcError, Metadata
from liveroom import AsyncClient, InvalidInput, Retries, RoomTaken, Timeouts
from liveroom._errors import FROM_SERVER
from liveroom._status import from_code, from_mark, from_rpc

from serving_common.error_codes import Code, marked, read
from tests.unit.peer import Peer, Request, Send, failure, polite
from tests.unit.picture_peer import PicturePeer, scene
from tests.unit.test_client_room import CHUNK, RATE

URL = "127.0.0.1:8001"
CLIENT = Path(liveroom.__file__).parent


def test_every_code_of_a_model_is_an_exception_of_the_client() -> None:
    assert set(FROM_SERVER) == {code.value for code in Code} - {Code.CANCELLED}
    assert all(kind.code == code for code, kind in FROM_SERVER.items())


def test_every_exception_has_a_code_of_its_own() -> None:
    found = [value for value in vars(liveroom).values() if isinstance(value, type)]
    kinds = [kind for kind in found if issubclass(kind, liveroom.LiveroomError)]
    assert len({kind.code for kind in kinds}) == len(kinds) > 10


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.CANCELLED])
def test_a_code_goes_through_ensembles_and_calls_between_models(code: Code) -> None:
    message = f"in ensemble 'asr', {marked(code, 'so it is')}"
    assert read(message) == (code, "so it is")
    error = from_mark(message)
    assert error is not None
    assert type(error) is FROM_SERVER[code]
    assert str(error).endswith("so it is")


@pytest.mark.parametrize(
    "words",
    [
        "4 rooms are open",
        "Exceeds maximum queue size",
        "Stub process 'captions_0_0' is not healthy.",
        "another stream has begun this room",
        "speech was not recognized",
        "Server is stopping",
        "",
    ],
)
@pytest.mark.parametrize("code", ["invalid_input", "overloaded", "room_failed"])
def test_what_a_sentence_says_changes_nothing(code: str, words: str) -> None:
    assert type(from_code(code, words)) is FROM_SERVER[code]
    status = AioRpcError(grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata(), f"[{code}] {words}")
    assert type(from_rpc(status, URL)) is FROM_SERVER[code]


def test_a_code_of_a_newer_server_is_a_failure_of_the_model() -> None:
    assert type(from_code("out_of_cheese", "redo from start")) is liveroom.InferenceFailed
    assert from_mark("[out_of_cheese] redo from start") is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, liveroom.InvalidInput),
        (grpc.StatusCode.NOT_FOUND, liveroom.ModelUnavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, liveroom.DeadlineExceeded),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, liveroom.Overloaded),
        (grpc.StatusCode.FAILED_PRECONDITION, liveroom.InvalidInput),
        (grpc.StatusCode.UNAUTHENTICATED, liveroom.NotAllowed),
        (grpc.StatusCode.PERMISSION_DENIED, liveroom.NotAllowed),
        (grpc.StatusCode.UNIMPLEMENTED, liveroom.ServerUnavailable),
        (grpc.StatusCode.CANCELLED, liveroom.ServerUnavailable),
        (grpc.StatusCode.DATA_LOSS, liveroom.InferenceFailed),
    ],
)
def test_statuses_that_say_enough(code: grpc.StatusCode, kind: type[liveroom.LiveroomError]) -> None:
    error = from_rpc(AioRpcError(code, Metadata(), Metadata(), "a\nb"), URL)
    assert type(error) is kind
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("status", "states", "stopping", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, {"vision": "READY"}, False, liveroom.Overloaded),
        (grpc.StatusCode.UNAVAILABLE, {"vision": "UNAVAILABLE"}, False, liveroom.ModelUnavailable),
        (grpc.StatusCode.UNAVAILABLE, {"vision": "READY"}, True, liveroom.ServerUnavailable),
        (grpc.StatusCode.INTERNAL, {"vision": "READY"}, False, liveroom.ModelUnavailable),
        (grpc.StatusCode.INTERNAL, {"vision": "READY"}, True, liveroom.ServerUnavailable),
        (grpc.StatusCode.UNKNOWN, {"vision": ""}, False, liveroom.ModelUnavailable),
    ],
)
async def test_where_a_status_does_not_say_whose_fault_it_is_the_server_is_asked(
    status: grpc.StatusCode, states: dict[str, str], stopping: bool, kind: type[liveroom.LiveroomError]
) -> None:
    peer = PicturePeer()
    peer.states, peer.stopping, peer.failures = states, stopping, [(status, "words of any kind")]
    async with peer.client(retries=Retries(1)) as client:
        with pytest.raises(kind, match="words of any kind") as caught:
            await client.analyze_image(scene(1))
    assert type(caught.value) is kind


async def test_errors_say_of_which_model_and_room_they_are() -> None:
    async def picky(request: Request, send: Send) -> None:
        if request.id == "1":
            await send(failure(request.id, "invalid_input", "pts is nan", last=False))
        await polite(request, send)

    peer = Peer(picky)
    peer.failures = [(grpc.StatusCode.INVALID_ARGUMENT, "[invalid_input] language is 'xx'")]
    async with peer.client(timeouts=Timeouts(end=5)) as client:
        with pytest.raises(liveroom.InvalidInput) as unary:
            await client.transcribe(CHUNK, RATE)
        room = client.room("房间 42")
        with pytest.raises(liveroom.InvalidInput) as streamed:
            async with room:
                await room.send_audio(CHUNK, RATE)
        with pytest.raises(liveroom.RoomClosed) as closed:
            await room.send_audio(CHUNK, RATE)
    told = [(error.value.code, error.value.model, error.value.room_id) for error in (unary, streamed, closed)]
    assert told == [
        ("invalid_input", "asr", ""),
        ("invalid_input", "captions", "房间 42"),
        ("room_closed", "", "房间 42"),
    ]


async def test_kinds_of_events_that_a_client_does_not_know_are_skipped() -> None:
    from tests.unit.peer import event, heard  # noqa: PLC0415

    async def newer(request: Request, send: Send) -> None:
        await send(event(request.id, "translation", "hallo", 0.0, 1.0))
        await polite(request, send)

    async with Peer(newer).client() as client, client.room("new") as room:
        await room.send_audio(CHUNK, RATE)
        await room.end()
        assert [caption.text for caption in await heard(room)] == ["the end"]


def test_messages_lose_ensemble_prefix_and_traceback() -> None:
    status = AioRpcError(
        grpc.StatusCode.INVALID_ARGUMENT, Metadata(), Metadata(), "in ensemble 'asr', audio is 40 s long"
    )
    assert str(from_rpc(status, URL)) == "audio is 40 s long"
    raised = from_mark(marked(Code.INFERENCE_FAILED, "ValueError: boom\n\nAt:\n  /model.py(22): f\n"))
    assert "model.py" not in str(raised)
    assert "ValueError: boom" in str(raised)


def test_errors_are_also_the_builtin_ones_they_resemble() -> None:
    assert issubclass(liveroom.InvalidInput, ValueError)
    assert issubclass(liveroom.DeadlineExceeded, TimeoutError)
    assert issubclass(RoomTaken, liveroom.RoomClosed)


def test_only_advice_reads_the_words_of_others() -> None:
    """Patterns in `_status.py` find a mark, and tidy a sentence; those of `_unreached.py` choose a hint."""
    users = {
        path.name
        for path in CLIENT.glob("*.py")
        if re.search(r"(details\(\)|error_message|str\(error\)).{0,40}( in |search|match)", path.read_text())
    }
    assert users == set()


async def test_what_is_of_another_type_is_refused_by_name() -> None:
    async with AsyncClient("127.0.0.1:9") as client:
        for settings in ("strict", 3):
            with pytest.raises(InvalidInput, match=f"chat settings are {settings!r}: expected a mapping"):
                client.room("r", chat=settings)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="lexicon is 'x': expected readings"):
            await anext(client.speak("hi", lexicon="x"))  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="text is 5: expected what was said"):
            await client.voice_mood(np.zeros(1600, np.float32), 16000, text=5)  # type: ignore[arg-type]
