"""Errors of Python models: given with a code, and read with it from the models that they call."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

from collections.abc import Callable

import triton_python_backend_utils as pb_utils

from serving_common.error_codes import Code, marked, read

_STATUS = {
    Code.INVALID_INPUT: "INVALID_ARG",
    Code.OVERLOADED: "UNAVAILABLE",
    Code.SERVER_UNAVAILABLE: "UNAVAILABLE",
    Code.MODEL_UNAVAILABLE: "UNAVAILABLE",
    Code.ROOM_CLOSED: "NOT_FOUND",
    Code.CANCELLED: "CANCELLED",
}
"""Triton's status for a code, where it is not INTERNAL."""


class RefusedError(RuntimeError):
    """A request has no answer, for the reason in the message and of the kind in `code`."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class CallError(RuntimeError):
    """A model that was called answered with an error, or not at all.

    Attributes:
        code: what it says of it; where Triton speaks in its place, MODEL_UNAVAILABLE.
        sentence: what it says, without its name.
    """

    def __init__(self, model: str, message: str) -> None:
        """`message`: as Triton hands it on."""
        code, sentence = read(message)
        super().__init__(f"{model}: {sentence}")
        self.sentence = sentence
        self.code = code or Code.MODEL_UNAVAILABLE


def error(code: Code, sentence: str) -> pb_utils.TritonError:
    """An error of a response."""
    status = getattr(pb_utils.TritonError, _STATUS.get(code, "INTERNAL"))
    return pb_utils.TritonError(marked(code, sentence), status)


def answered(
    request: pb_utils.InferenceRequest,
    model: str,
    answer: Callable[[pb_utils.InferenceRequest], pb_utils.InferenceResponse],
) -> pb_utils.InferenceResponse:
    """What `answer` makes of a request; a fault of ours fails this one, with its reason, and no other."""
    try:
        return answer(request)
    except Exception as fault:
        return refusal(Code.INFERENCE_FAILED, f"{model} failed: {fault!r}")


def refusal(code: Code, sentence: str) -> pb_utils.InferenceResponse:
    """A response that is an error."""
    return pb_utils.InferenceResponse(error=error(code, sentence))
