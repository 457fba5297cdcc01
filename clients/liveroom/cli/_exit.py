"""Exit codes, declared once: the parser prints them in --help."""

from __future__ import annotations

from .._errors import (
    DeadlineExceeded,
    InvalidInput,
    LiveroomError,
    ModelUnavailable,
    Overloaded,
    ServerUnavailable,
)

OK = 0
FAILED = 1
USAGE = 2
UNAVAILABLE = 3
BUSY = 4
UNSURE = 5
INTERRUPTED = 130
CLOSED_PIPE = 141
TERMINATED = 143

MEANINGS = {
    OK: "done",
    FAILED: "something that was asked for failed: a bad file, an unhealthy model, an error of a model",
    USAGE: "wrong usage",
    UNAVAILABLE: "no server answers at the url, or it does not serve the model",
    BUSY: "the server is overloaded or too slow; trying later may help",
    UNSURE: "studio --anonymize may have left a face that can be recognized: done, but look at the result",
    INTERRUPTED: "interrupted with Ctrl-C",
    CLOSED_PIPE: "the reader of the output went away",
    TERMINATED: "ended with SIGTERM",
}


class WrongUsage(InvalidInput):
    """Options that do not go together."""


def exit_code(error: LiveroomError) -> int:
    """The exit code that `error` means."""
    match error:
        case ServerUnavailable() | ModelUnavailable():
            return UNAVAILABLE
        case Overloaded() | DeadlineExceeded():
            return BUSY
        case WrongUsage():
            return USAGE
    return FAILED
