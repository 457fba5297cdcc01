"""What Triton's answers, and gRPC's own words, mean: errors that say what to do."""

from __future__ import annotations

import re

import grpc

from ._errors import (
    DeadlineExceeded,
    InferenceFailed,
    InvalidInput,
    LiveroomError,
    LostSpeech,
    ModelUnavailable,
    NotAllowed,
    Overloaded,
    RoomClosed,
    RoomFailed,
    RoomTaken,
    ServerUnavailable,
)
from ._proxy import proxy_to
from ._url import Address

# Words of gRPC itself or of a proxy about a connection; anything else under UNAVAILABLE was said by a server.
_CONNECTION = re.compile(
    r"failed to connect|connection (refused|reset|closed|lost|timed? ?out)|socket closed|broken pipe|goaway"
    r"|errors resolving|dns resolution|name resolution|name not found|unreachable|transport|recvmsg|handshak"
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
        re.compile(r"payload too large|larger than max|internal buffer limits", re.IGNORECASE),
        InvalidInput,
        "{url} takes less at once",
    ),
)
"""Sentences that mean the same with whichever status code they come."""

_UNREACHED: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"WRONG_VERSION_NUMBER"),
        "what answers at {url} does not speak TLS, leave out grpcs:// or give the port that does",
    ),
    (
        re.compile(r"certificate|BAD_SIGNATURE|Hostname Verification|Peer name", re.IGNORECASE),
        "what answers at {url} cannot prove who it is, give the certificate of its authority as ca, and its"
        " name as in its certificate",
    ),
    (
        re.compile(r"parsing HTTP/2|http1"),
        "what answers at {url} does not speak gRPC, give the port of Triton's gRPC, by default 8001",
    ),
    (
        re.compile(r"failed to connect to all addresses.*(Socket closed|Connection reset|GOAWAY)", re.DOTALL),
        "what answers at {url} hangs up at once, give the port of Triton's gRPC, with grpcs:// if it has TLS",
    ),
    (
        re.compile(r"errors resolving|DNS resolution|name resolution", re.IGNORECASE),
        "{host} has no address here, check the name in {url}",
    ),
    (
        re.compile(r"no healthy upstream|upstream connect error|reset reason"),
        "the gateway at {url} reaches no server now, try again later",
    ),
    (re.compile(r"Internal error from Core"), "the connection to {url} broke, try again later"),
    (
        re.compile(r"stopping|exiting|shutting down|not ready|Cancelling all calls", re.IGNORECASE),
        "the server at {url} is going away, try again later",
    ),
)
"""What may be wrong with a connection, by its sentence; the first that matches counts."""

_LOST = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
"""What gRPC makes of a stream that is reset after it has begun, as a proxy does when its server dies."""


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
    return ServerUnavailable(f"{unreached(url, message)} ({said})")


def unreached(url: str, message: str = "") -> str:
    """Why nobody is reached at `url`, and what to do, by what gRPC says of it."""
    address = Address.parsed(url)
    proxy = proxy_to(address)
    through = f", through the proxy of {proxy}; name the host in no_proxy to do without it" if proxy else ""
    for pattern, meaning in _UNREACHED:
        if pattern.search(message):
            return meaning.format(url=url, host=address.host) + through
    what = f"no server answers at {url}"
    if not address.loopback:
        return f"{what}: check the url, that the server or gateway there is up, and the way to it{through}"
    start = "python -m cluster up" if address.secure else "python -m server"
    return f"{what}: start one with `{start}` in the project's folder, or give the right url"


def _tidy(message: str) -> str:
    """The sentence in Triton's message: without the ensemble prefix and the Python traceback, on one line."""
    head = re.split(r"\n\s*At:\n", message, maxsplit=1)[0]
    head = re.sub(r"^in ensemble '[^']*', ", "", head.strip())
    return " ".join(head.split()) or "no detail given"
