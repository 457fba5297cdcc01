"""The models that effects call inside the server: faces, a detector, and image_decoder for backgrounds."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import lookout
import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray
from raster import Floats, Pixels

Array = NDArray[np.generic]

PATIENCE = 10.0
"""Seconds to wait for a model. When the process of `faces` dies Triton never answers what it was at, and the
next frame of a sequence has to wait for the one before: without an end the room would hang."""
_THREADS = ThreadPoolExecutor(256, "call")
"""One for each call under way; it has as many as were needed, and one that waits in vain stays."""


class CallError(RuntimeError):
    """A model that effects call answered with an error.

    Triton does not hand on of what kind: https://github.com/triton-inference-server/server/issues/7804.
    """


@dataclass(frozen=True)
class Faces:
    """What `faces` found in a frame, as far as it was asked: F faces, everything in pixels of the frame."""

    boxes: Floats
    meshes: Floats
    embeddings: Floats


NONE = Faces(np.zeros((0, 4), np.float32), np.zeros((0, 468, 3), np.float32), np.zeros((0, 128), np.float32))


async def find_faces(frame: Pixels, *, boxes: bool, meshes: bool, embeddings: bool) -> Faces:
    """Find the faces of `frame` [H, W, 3]; only what is asked for is computed, the rest comes back empty."""
    asked = {"boxes": boxes, "meshes": meshes, "embeddings": embeddings}
    names = [name for name, wanted in asked.items() if wanted]
    if not names:
        return NONE
    size = np.array([[frame.shape[1], frame.shape[0]]], np.int32)
    inputs = [pb_utils.Tensor("frame", frame[None]), pb_utils.Tensor("size", size)]
    found = await _call("faces", names, inputs)
    arrays = {name: found[name][0].astype(np.float32, copy=False) for name in names}
    return Faces(
        arrays.get("boxes", NONE.boxes),
        arrays.get("meshes", NONE.meshes),
        arrays.get("embeddings", NONE.embeddings),
    )


async def look_out(frame: Pixels, number: int) -> tuple[Floats, float]:
    """Whatever might be a face in a room's `number`-th frame [H, W, 3]: boxes [N, 4] in pixels.

    And the best score, also where it is too low for a face.
    """
    shown = lookout.views(frame, number)
    whole, *bordered = (view.pixels for view in shown)
    answers = await asyncio.gather(_detect(whole[None]), _detect(np.stack(bordered)))
    boxes, scores = ([each for answer in answers for each in answer[name]] for name in ("boxes", "scores"))
    return lookout.candidates(shown, boxes, scores), max(float(each.max(initial=0)) for each in scores)


async def _detect(images: Pixels) -> dict[str, Floats]:
    found = await _call("face_detector_centerface", ["boxes", "scores"], [pb_utils.Tensor("image", images)])
    return {name: array.astype(np.float32, copy=False) for name, array in found.items()}


async def decode(picture: bytes) -> Pixels:
    """The pixels [H, W, 3] of an encoded picture, upright."""
    inputs = [pb_utils.Tensor("image", np.array([[picture]], np.object_))]
    found = await _call("image_decoder", ["frame"], inputs)
    pixels: Pixels = found["frame"][0].astype(np.uint8, copy=False)
    return pixels


async def _call(model: str, outputs: list[str], inputs: list[pb_utils.Tensor]) -> dict[str, Array]:
    request = pb_utils.InferenceRequest(model_name=model, requested_output_names=outputs, inputs=inputs)
    # Not async_exec: that waits without end, in threads of which there are few.
    answer = asyncio.get_running_loop().run_in_executor(_THREADS, request.exec)
    if not (await asyncio.wait([answer], timeout=PATIENCE))[0]:
        raise CallError(f"{model} did not answer within {PATIENCE:g} s")
    response = answer.result()
    if response.has_error():
        raise CallError(f"{model}: {response.error().message()}")
    return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
