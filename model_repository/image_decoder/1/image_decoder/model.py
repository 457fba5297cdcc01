"""Triton model `image_decoder`: a file's bytes -> an upright frame, and small views of all of it."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import time

import cv2
import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from image_decoder.pictures import Picture, PictureError, decode
from image_decoder.scaling import stretch
from serving_common.error_codes import Code
from serving_common.errors import answered, refusal
from serving_common.malloc_tuning import keep_freed_memory

VIEW = 256
"""Side of `person_view`: the whole picture, stretched, as MediaPipe's selfie segmentation was given it."""
SAFETY_VIEW = 224
"""Side of `safety_view`: the middle of the same, as open_nsfw was given it."""


class TritonPythonModel:
    """Decodes each request's picture; a bad one fails alone."""

    def initialize(self, args: dict[str, str]) -> None:
        """One thread an instance, as cores are shared; memory is kept, which saves a third of the time."""
        cv2.setNumThreads(1)
        keep_freed_memory()

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return [answered(request, "image_decoder", _answer) for request in requests]


def _answer(request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
    began = time.monotonic_ns()
    sent = request.inputs()[0].as_numpy().reshape(-1)
    try:
        if len(sent) != 1:
            raise PictureError(f"image has {len(sent)} pictures; send each in a request of its own")
        picture = decode(sent[0])
    except PictureError as error:
        return refusal(Code.INVALID_INPUT, str(error))
    except MemoryError:
        return refusal(Code.OVERLOADED, "no memory left to decode image")
    arrays = _outputs(picture, frozenset(request.requested_output_names()), began)
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, array[None]) for name, array in arrays.items()])


def _outputs(picture: Picture, requested: frozenset[str], began: int) -> dict[str, NDArray[np.generic]]:
    """The outputs asked for, without their batch axis."""
    outputs: dict[str, NDArray[np.generic]] = {}
    if "began" in requested:
        outputs["began"] = np.array([began], np.int64)
    if "frame" in requested:
        outputs["frame"] = picture.frame
    for name in requested & {"size", "reported_size"}:
        outputs[name] = np.array([picture.width, picture.height], np.int32)
    if requested & {"safety_view", "person_view"}:
        whole = stretch(picture.frame, VIEW, VIEW)
        edge = (VIEW - SAFETY_VIEW) // 2
        views = {"person_view": whole, "safety_view": whole[edge:-edge, edge:-edge].copy()}
        outputs |= {name: view for name, view in views.items() if name in requested}
    return outputs
