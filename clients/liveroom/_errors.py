"""What can go wrong, as types a caller can act on."""

# ruff: noqa: N818 - named for what happened, as in httpx: `except Overloaded` reads better than OverloadedError

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from ._types import Transcript


class LiveroomError(Exception):
    """Base of everything this package raises on purpose; `str(error)` is one line that says what to do.

    Attributes:
        code: the kind of error in one word, the same for every error of a class, and on the wire.
        model: that was called; "" where none was.
        room_id: of the room that it is about; "" where it is about none.
        request_id: of the call that failed, from its header x-request-id; "" where no call did. A gateway
            (`grpcs://`) has it in its access log, as client_request, so there the message has it, too.
    """

    code: ClassVar[str] = "error"
    model: str = ""
    room_id: str = ""
    request_id: str = ""


class InvalidInput(LiveroomError, ValueError):
    """What was sent is wrong: change it. Nothing of it was used, and sending it again cannot help."""

    code = "invalid_input"


class DamagedFile(InvalidInput):
    """Some of a file can't be read. Everything else of it was used, unlike other input that is wrong.

    Attributes:
        transcript: of what could be read, where a transcript was asked for.
    """

    code = "damaged_file"
    transcript: Transcript | None = None


class Overloaded(LiveroomError):
    """The server is up and refuses more work for now: try again later, or with fewer rooms per server."""

    code = "overloaded"


class NotAllowed(LiveroomError):
    """The server does not know who calls, or does not let them: check the token, and who it is for."""

    code = "not_allowed"


class ServerUnavailable(LiveroomError):
    """Nothing answers at the url, the connection broke, or the server is stopping."""

    code = "server_unavailable"


class ModelUnavailable(LiveroomError):
    """The server answers, but this model is not loaded, failed to load, or its process died."""

    code = "model_unavailable"


class InferenceFailed(LiveroomError):
    """The model raised an error of its own while it worked on this request: look in the server's log."""

    code = "inference_failed"


class DeadlineExceeded(LiveroomError, TimeoutError):
    """The answer did not come in time; see `Timeouts`."""

    code = "deadline_exceeded"


class RoomClosed(LiveroomError):
    """The room has ended, was cancelled, or was dropped by the server: open it again."""

    code = "room_closed"


class ClientForked(LiveroomError):
    """This process was forked while a client was open: make the client after the fork."""

    code = "client_forked"


class LostSpeech(InferenceFailed):
    """A server could not recognize a piece of speech; another one may."""

    code = "lost_speech"


class RoomFailed(InferenceFailed):
    """A server gave a room up because of a fault of its own."""

    code = "room_failed"


class RoomTaken(RoomClosed):
    """Another stream has begun a room with the same id."""

    code = "room_taken"


FROM_SERVER: dict[str, type[LiveroomError]] = {
    kind.code: kind
    for kind in (
        InvalidInput,
        Overloaded,
        ServerUnavailable,
        ModelUnavailable,
        InferenceFailed,
        RoomClosed,
        LostSpeech,
        RoomFailed,
        RoomTaken,
    )
}
"""What models say of an outcome, by its code, as in `serving_common/error_codes.py`; a test compares."""

Error = TypeVar("Error", bound=LiveroomError)


def about(error: Error, *, model: str = "", room_id: str = "") -> Error:
    """`error`, which knows what it is about, unless it does already."""
    error.model, error.room_id = error.model or model, error.room_id or room_id
    return error


NOT_HERE = (ServerUnavailable, ModelUnavailable, Overloaded)
"""What another server may not say."""

_ROOM_LOST = (*NOT_HERE, RoomClosed, LostSpeech, RoomFailed)


def recoverable(error: LiveroomError) -> bool:
    """Whether a room that broke with `error` can be begun again, here or elsewhere."""
    return isinstance(error, _ROOM_LOST) and not isinstance(error, RoomTaken)
