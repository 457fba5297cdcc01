"""What can go wrong, as types a caller can act on, and how Triton's answers become them."""

# ruff: noqa: N818 - named for what happened, as in httpx: `except Overloaded` reads better than OverloadedError

from __future__ import annotations

import re

import grpc


class LiveroomError(Exception):
    """Base of everything this package raises on purpose; `str(error)` is one line that says what to do."""


class InvalidInput(LiveroomError, ValueError):
    """What was sent is wrong: change it. Nothing of it was used, and sending it again cannot help."""


class Overloaded(LiveroomError):
    """The server is up and refuses more work for now: try again later, or with fewer rooms per server."""


class NotAllowed(LiveroomError):
    """The server does not know who calls, or does not let them: check the token, and who it is for."""


class ServerUnavailable(LiveroomError):
    """Nothing answers at the url, the connection broke, or the server is stopping."""


class ModelUnavailable(LiveroomError):
    """The server answers, but this model is not loaded, failed to load, or its process died."""


class InferenceFailed(LiveroomError):
    """The model raised an error of its own while it worked on this request: look in the server's log."""


class DeadlineExceeded(LiveroomError, TimeoutError):
    """The answer did not come in time; see `Timeouts`."""


class RoomClosed(LiveroomError):
    """The room has ended, was cancelled, or was dropped by the server: open it again."""


class LostSpeech(InferenceFailed):
    """A server could not recognise a piece of speech; another one may."""


class RoomFailed(InferenceFailed):
    """A server gave a room up because of a fault of its own."""


class RoomTaken(RoomClosed):
    """Another stream has begun a room with the same id."""


# Words of gRPC itself or of a proxy about a connection; anything else under UNAVAILABLE was said by a server.
_CONNECTION = re.compile(
    r"failed to connect|connection (refused|reset|closed|lost|timed? ?out)|socket closed|broken pipe|goaway"
    r"|dns resolution|name resolution|domain name not found|unreachable|transport|recvmsg|handshak"
    r"|rst_stream|stream removed|internal error from core|ping timeout|no healthy upstream"
    r"|upstream connect error|reset reason|endpoint closing|cancelling all calls"
    r"|server (is )?(stopping|exiting|shutting down|not ready)",
    re.IGNORECASE,
)
_DEAD_MODEL = re.compile(
    r"unknown model|no available versions|model .{0,150} is not ready|stub process.{0,200}not healthy",
    re.IGNORECASE | re.DOTALL,
)
_OVERLOAD = re.compile(
    r"maximum queue size|overload|rooms are open|send no faster|too many (rooms|requests|sequences)",
    re.IGNORECASE,
)
_DROPPED_ROOM = re.compile(
    r"must specify the START flag|sequence has been expired|is not open", re.IGNORECASE
)
_LOST_SPEECH = re.compile(r"was not recognised", re.IGNORECASE)
_TAKEN_ROOM = re.compile(r"has begun this room")
_NOT_HEARD = re.compile(r"^not heard: ")
_FAILED_ROOM = re.compile(r"^captions failed")
_TIMED_OUT = re.compile(r"timeout expired|deadline exceeded", re.IGNORECASE)
_RAISED = re.compile(r"failed to process the request|\n\s*At:\n", re.IGNORECASE)

_NO_MODEL = "the model is not available, see `liveroom models` and the server's log"
_REFUSED = "{url} refuses the call, check the token, and what its tenant may do"
_BUSY = "the server is overloaded, try again later"
_FAILED = "the model failed, see the server's log"
_NO_ROOM = "the server no longer knows this room (idle too long, or it restarted)"

_IN_STREAM: tuple[tuple[re.Pattern[str], type[LiveroomError], str], ...] = (
    (_LOST_SPEECH, LostSpeech, "a piece of speech has no caption"),
    (_TAKEN_ROOM, RoomTaken, "two clients use one room id"),
    (_FAILED_ROOM, RoomFailed, _FAILED),
    (_DROPPED_ROOM, RoomClosed, _NO_ROOM),
    (_DEAD_MODEL, ModelUnavailable, _NO_MODEL),
    (_OVERLOAD, Overloaded, _BUSY),
    (_TIMED_OUT, DeadlineExceeded, "the request waited too long on the server"),
    (_CONNECTION, ServerUnavailable, "the server is going away"),
    (_NOT_HEARD, RoomFailed, _FAILED),
    (_RAISED, InferenceFailed, _FAILED),
)
"""What the sentences of Triton and of `captions` mean; the first that matches counts."""


_BY_CODE: dict[grpc.StatusCode, tuple[type[LiveroomError], str]] = {
    grpc.StatusCode.INVALID_ARGUMENT: (InvalidInput, ""),
    grpc.StatusCode.OUT_OF_RANGE: (InvalidInput, ""),
    grpc.StatusCode.NOT_FOUND: (ModelUnavailable, _NO_MODEL),
    grpc.StatusCode.DEADLINE_EXCEEDED: (DeadlineExceeded, "{url} did not answer in time"),
    grpc.StatusCode.UNAUTHENTICATED: (NotAllowed, _REFUSED),
    grpc.StatusCode.PERMISSION_DENIED: (NotAllowed, _REFUSED),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (Overloaded, _BUSY),
    grpc.StatusCode.UNIMPLEMENTED: (
        ServerUnavailable,
        "what answers at {url} is not the Triton that is expected",
    ),
    grpc.StatusCode.CANCELLED: (ServerUnavailable, "{url} cancelled the call"),
}
"""Status codes that say enough; UNAVAILABLE and INTERNAL need their message."""

_WHATEVER_CODE: tuple[tuple[re.Pattern[str], type[LiveroomError], str], ...] = (
    (_DROPPED_ROOM, RoomClosed, _NO_ROOM),
    (re.compile(r"reset reason: overflow"), Overloaded, _BUSY),  # Envoy's word when its circuit breakers open
    (re.compile(r"protocol is restricted"), NotAllowed, _REFUSED),  # Triton's word to calls without its key
    (
        re.compile(r"payload too large|larger than max", re.IGNORECASE),
        InvalidInput,
        "{url} takes less at once",
    ),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED"),
        ServerUnavailable,
        "what answers at {url} cannot prove who it is, give the certificate of its authority as ca",
    ),
)
"""Sentences that mean the same with whichever status code they come."""

_LOST = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
"""What gRPC makes of a stream that is reset after it has begun, as a proxy does when its server dies."""


NOT_HERE = (ServerUnavailable, ModelUnavailable, Overloaded)
"""What another server may not say."""

_ROOM_LOST = (*NOT_HERE, RoomClosed, LostSpeech, RoomFailed)


def recoverable(error: LiveroomError) -> bool:
    """Whether a room that broke with `error` can be begun again, here or elsewhere."""
    return isinstance(error, _ROOM_LOST) and not isinstance(error, RoomTaken)


def from_message(message: str) -> LiveroomError:
    """The error that an in-stream `error_message` stands for.

    Triton drops the status code of errors inside a stream (`grpc_server.cc`, `StreamInferResponseComplete`),
    so its own sentences are recognised; whatever else a model says about a chunk is about the chunk.
    """
    said = _tidy(message)
    for pattern, kind, meaning in _IN_STREAM:
        if pattern.search(message):
            return kind(f"{meaning}: {said}")
    return InvalidInput(said)


def from_rpc(error: grpc.aio.AioRpcError, url: str) -> LiveroomError:
    """The error that a gRPC status stands for."""
    code, message = error.code(), error.details() or ""
    said = _tidy(message)
    known = next((row[1:] for row in _WHATEVER_CODE if row[0].search(message)), _BY_CODE.get(code))
    if known:
        kind, meaning = known
        return kind(f"{meaning.format(url=url)}: {said}" if meaning else said)
    if _DEAD_MODEL.search(message):
        return ModelUnavailable(f"{_NO_MODEL}: {said}")
    lost = code in _LOST and _CONNECTION.search(message)
    if code is not grpc.StatusCode.UNAVAILABLE and not lost:
        return InferenceFailed(f"{_FAILED}: {said} ({code.name})")
    if message and not _CONNECTION.search(message):
        return Overloaded(f"{_BUSY}: {said}")
    return ServerUnavailable(
        f"no server answers at {url}: start one with `python -m server`, or give the right url ({said})"
    )


def _tidy(message: str) -> str:
    """The sentence in Triton's message: without the ensemble prefix and the Python traceback, on one line."""
    head = re.split(r"\n\s*At:\n", message, maxsplit=1)[0]
    head = re.sub(r"^in ensemble '[^']*', ", "", head.strip())
    return " ".join(head.split()) or "no detail given"
