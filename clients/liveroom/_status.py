"""What the codes of models, of Triton and of gRPC mean: errors that say what to do.

Models of the project put a code of their own on every error, see `serving_common/error_codes.py`: as a mark
before the sentence, `[overloaded] 256 rooms are open`, since Triton hands on nothing else of an error in a
model that a model calls. Where there is no mark, Triton or gRPC itself speaks, and its status counts.
No sentence is read for what it says.
"""

from __future__ import annotations

import re

import grpc

from ._errors import (
    FROM_SERVER,
    DeadlineExceeded,
    InferenceFailed,
    InvalidInput,
    LiveroomError,
    ModelUnavailable,
    NotAllowed,
    Overloaded,
    ServerUnavailable,
)

_ENSEMBLES = r"(?:in ensemble '[^']{1,200}', ){0,9}"
_MARK = re.compile(_ENSEMBLES + r"\[(\w+)\] ")
_PREFIX = re.compile(_ENSEMBLES)
_LONGEST = 4000
"""Characters of a message that are looked at."""

NO_MODEL = "the model is not available, see `liveroom models` and the server's log"
BUSY = "the server is overloaded, try again later"
FAILED = "the model failed, see the server's log"
_REFUSED = "{url} refuses the call, check the token, and what its tenant may do"

_MEANINGS: dict[str, str] = {
    "overloaded": BUSY,
    "server_unavailable": "the server is going away",
    "model_unavailable": NO_MODEL,
    "inference_failed": FAILED,
    "room_closed": "the server no longer knows this room (idle too long, or it restarted)",
    "room_failed": FAILED,
    "room_taken": "two clients use one room id",
    "lost_speech": "a piece of speech has no caption",
}
"""What to do about an outcome, by its code; of invalid input the sentence itself says it."""

_BY_STATUS: dict[grpc.StatusCode, tuple[type[LiveroomError], str]] = {
    grpc.StatusCode.INVALID_ARGUMENT: (InvalidInput, ""),
    grpc.StatusCode.OUT_OF_RANGE: (InvalidInput, ""),
    grpc.StatusCode.FAILED_PRECONDITION: (InvalidInput, "{url} takes less at once"),  # Envoy's buffers
    grpc.StatusCode.NOT_FOUND: (ModelUnavailable, NO_MODEL),
    grpc.StatusCode.DEADLINE_EXCEEDED: (DeadlineExceeded, "{url} did not answer in time"),
    grpc.StatusCode.UNAUTHENTICATED: (NotAllowed, _REFUSED),
    grpc.StatusCode.PERMISSION_DENIED: (NotAllowed, _REFUSED),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (Overloaded, BUSY),
    grpc.StatusCode.UNIMPLEMENTED: (
        ServerUnavailable,
        "what answers at {url} is not the Triton that is expected",
    ),
    grpc.StatusCode.CANCELLED: (ServerUnavailable, "{url} cancelled the call"),
}
"""Status codes that say enough by themselves."""

LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
"""Those that don't: gRPC says so of a connection, a proxy of a server, Triton of a queue or a process."""


def from_code(code: str, sentence: str) -> LiveroomError:
    """The error that a model's `code` stands for; one that is not known is a failure of the model."""
    kind = FROM_SERVER.get(code, InferenceFailed)
    meaning = _MEANINGS.get(code, "" if kind is InvalidInput else FAILED)
    return kind(f"{meaning}: {sentence}" if meaning else sentence)


def from_mark(message: str) -> LiveroomError | None:
    """The error that a model's marked `message` stands for, None where it has no mark that is known."""
    mark = _MARK.match(message)
    return from_code(mark[1], tidy(message[mark.end() :])) if mark and mark[1] in FROM_SERVER else None


def from_rpc(error: grpc.aio.AioRpcError, url: str) -> LiveroomError | None:
    """The error that a gRPC status stands for, None where its code is among `LOST` and there is no mark."""
    code, message = error.code(), error.details() or ""
    refused = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED)  # no model says that
    if code not in refused and (marked := from_mark(message)):
        return marked
    if code in LOST:
        return None
    sentence = tidy(message)
    if known := _BY_STATUS.get(code):
        kind, meaning = known
        return kind(f"{meaning.format(url=url)}: {sentence}" if meaning else sentence)
    return InferenceFailed(f"{FAILED}: {sentence} ({code.name})")


def tidy(message: str) -> str:
    """The sentence in Triton's message: without the ensemble prefix and the Python traceback, on one line."""
    head = message[:_LONGEST].partition("\n\nAt:\n")[0].strip()
    head = _PREFIX.sub("", head, count=1)
    return " ".join(head.split()) or "no detail given"
