"""Triton's own words, turned into errors that say what to do."""

from __future__ import annotations

import grpc
import liveroom
import pytest
from grpc.aio import AioRpcError, Metadata
from liveroom import LostSpeech, RoomFailed, RoomTaken
from liveroom._answers import from_message, from_rpc

# Sentences of Triton 2.51 and its Python backend, as seen on the wire.
STOPPING = "Server is stopping, scheduler for model has stopped accepting new inference requests"
ENDING = "voice_activity: Model voice_activity - Error when running inference: Server not ready"
DEAD_STUB = "Stub process 'captions_0_0' is not healthy."
UNKNOWN = "Request for unknown model: 'captions' is not found"
NOT_READY = "Request for unknown model: 'asr' has no available versions"
QUEUE_FULL = "Exceeds maximum queue size"
NO_START = (
    "inference request for sequence room-42 to model 'captions' must specify the START flag on the first "
    "request of the sequence"
)
RAISED = (
    "Failed to process the request(s) for model 'captions_0_0', message: ValueError: boom\n\nAt:\n"
    "  /models/captions/1/model.py(22): execute\n"
)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (DEAD_STUB, liveroom.ModelUnavailable),
        (
            f"Failed to process the request(s) for model 'asr_0_0', message: {DEAD_STUB}",
            liveroom.ModelUnavailable,
        ),
        (UNKNOWN, liveroom.ModelUnavailable),
        (NOT_READY, liveroom.ModelUnavailable),
        (QUEUE_FULL, liveroom.Overloaded),
        ("32 rooms are open, all this server takes", liveroom.Overloaded),
        ("16 chunks of this room wait already; send no faster", liveroom.Overloaded),
        ("this room is not open (any more): begin again with a sequence start", liveroom.RoomClosed),
        (f"speech from 1.00 to 2.00 s was not recognised: asr: {DEAD_STUB}", LostSpeech),
        ("captions failed: KeyError('x')", RoomFailed),
        ("not heard: voice_activity: failed to open shared memory", RoomFailed),
        (f"not heard: voice_activity: {DEAD_STUB}", liveroom.ModelUnavailable),
        (f"not heard: voice_activity: {QUEUE_FULL}", liveroom.Overloaded),
        ("another stream has begun this room", RoomTaken),
        (NO_START, liveroom.RoomClosed),
        (STOPPING, liveroom.ServerUnavailable),
        (ENDING, liveroom.ServerUnavailable),
        ("Request timeout expired", liveroom.DeadlineExceeded),
        (RAISED, liveroom.InferenceFailed),
        ("sample_rate is 4000: expected 8000 to 48000", liveroom.InvalidInput),
        ("audio has too many samples: 40 s, expected at most 30 s", liveroom.InvalidInput),
        ("language 'xx' not found: expected auto, or codes such as en,zh", liveroom.InvalidInput),
        (
            "unexpected shape for input 'audio' for model 'captions'. Expected [-1], got [1,2]",
            liveroom.InvalidInput,
        ),
    ],
)
def test_messages_inside_a_stream(message: str, kind: type[liveroom.LiveroomError]) -> None:
    assert type(from_message(message)) is kind


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "in ensemble 'asr', audio is 40 s long", liveroom.InvalidInput),
        (grpc.StatusCode.UNAVAILABLE, QUEUE_FULL, liveroom.Overloaded),
        (
            grpc.StatusCode.UNAVAILABLE,
            "upstream connect error or disconnect/reset before headers. reset reason: overflow",
            liveroom.Overloaded,
        ),
        (grpc.StatusCode.UNAVAILABLE, NOT_READY, liveroom.ModelUnavailable),
        (grpc.StatusCode.UNAVAILABLE, "failed to connect to all addresses", liveroom.ServerUnavailable),
        (grpc.StatusCode.UNAVAILABLE, "Socket closed", liveroom.ServerUnavailable),
        (grpc.StatusCode.UNAVAILABLE, "Cancelling all calls", liveroom.ServerUnavailable),
        (grpc.StatusCode.UNAVAILABLE, STOPPING, liveroom.ServerUnavailable),
        (grpc.StatusCode.UNAVAILABLE, "", liveroom.ServerUnavailable),
        (grpc.StatusCode.NOT_FOUND, UNKNOWN, liveroom.ModelUnavailable),
        (grpc.StatusCode.INTERNAL, DEAD_STUB, liveroom.ModelUnavailable),
        (grpc.StatusCode.INTERNAL, RAISED, liveroom.InferenceFailed),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", liveroom.DeadlineExceeded),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", liveroom.Overloaded),
        (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "CLIENT: Sent message larger than max (5 vs. 4)",
            liveroom.InvalidInput,
        ),
        (
            grpc.StatusCode.FAILED_PRECONDITION,
            "Rejected because internal buffer limits are exceeded.",
            liveroom.InvalidInput,
        ),
        (grpc.StatusCode.UNAUTHENTICATED, "Jwt is missing", liveroom.NotAllowed),
        (grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2", liveroom.ServerUnavailable),
        (grpc.StatusCode.UNIMPLEMENTED, "unknown service", liveroom.ServerUnavailable),
        (grpc.StatusCode.CANCELLED, "", liveroom.ServerUnavailable),
    ],
)
def test_status_codes(code: grpc.StatusCode, message: str, kind: type[liveroom.LiveroomError]) -> None:
    error = from_rpc(AioRpcError(code, Metadata(), Metadata(), message), "127.0.0.1:8001")
    assert type(error) is kind
    assert "\n" not in str(error)


def test_messages_lose_ensemble_prefix_and_traceback() -> None:
    status = AioRpcError(
        grpc.StatusCode.INVALID_ARGUMENT, Metadata(), Metadata(), "in ensemble 'asr', audio is 40 s long"
    )
    assert str(from_rpc(status, "url")) == "audio is 40 s long"
    assert "model.py" not in str(from_message(RAISED))
    assert "ValueError: boom" in str(from_message(RAISED))


def test_errors_are_also_the_builtin_ones_they_resemble() -> None:
    assert issubclass(liveroom.InvalidInput, ValueError)
    assert issubclass(liveroom.DeadlineExceeded, TimeoutError)
