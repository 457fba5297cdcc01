"""What became of a request, as codes that clients act on, and how a code travels with its sentence.

Triton hands on no status but INTERNAL of an error in a model that a model calls (its issue 7804), and none at
all inside a stream. So errors are marked, `[overloaded] 256 rooms are open`, which goes through ensembles and
calls between models; the events of a room have fields of their own for it.
"""

import re
from enum import StrEnum


class Code(StrEnum):
    """Of an outcome; the client has an exception of its own for each."""

    INVALID_INPUT = "invalid_input"
    """It is wrong, and stays so."""
    OVERLOADED = "overloaded"
    """No place or time for it now; elsewhere there may be."""
    SERVER_UNAVAILABLE = "server_unavailable"
    """The server stops."""
    MODEL_UNAVAILABLE = "model_unavailable"
    """A model that is needed does not answer: Triton itself says so, of a process that died for instance."""
    INFERENCE_FAILED = "inference_failed"
    """A fault of ours, in this request."""
    ROOM_CLOSED = "room_closed"
    """The room is not open, or was forgotten."""
    ROOM_TAKEN = "room_taken"
    """Another stream has begun it."""
    ROOM_FAILED = "room_failed"
    """A fault of ours has ended it."""
    LOST_SPEECH = "lost_speech"
    """A piece of it could not be recognized, and has no caption."""
    CANCELLED = "cancelled"
    """Nobody waits for it any more."""


_MARK = re.compile(rf"(?:in ensemble '[^']{{1,200}}', ){{0,9}}\[({'|'.join(Code)})\] ")

LONGEST = 1000
"""Characters of a sentence. gRPC takes 8 KiB of trailers, by default; where an answer has more than 60, Envoy
closes its connection to the server, which others share."""


def marked(code: Code, sentence: str) -> str:
    """An error's message: `sentence` with its code, and no more of it than fits the trailers of a call."""
    cut = f"{sentence[:LONGEST]}..." if len(sentence) > LONGEST else sentence
    return f"[{code}] {cut}"


def read(message: str) -> tuple[Code | None, str]:
    """Code and sentence of a message; None and all of it where Triton speaks for itself.

    Ensembles put their names before the mark; further on it is what somebody sent.
    """
    mark = _MARK.match(message)
    return (Code(mark[1]), message[mark.end() :]) if mark else (None, message)
