"""The models that effects call inside the server: faces, two of its networks, and image_decoder."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

from dataclasses import dataclass

import numpy as np

from effects.raster import Floats, Pixels
from effects.secondary_detector import View, views
from effects.suspects import Found, Verdict, suspects
from serving_common.bls import call


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
    found = await call("faces", names, {"frame": frame[None], "size": size})
    arrays = {name: found[name][0].astype(np.float32, copy=False) for name in names}
    return Faces(
        arrays.get("boxes", NONE.boxes),
        arrays.get("meshes", NONE.meshes),
        arrays.get("embeddings", NONE.embeddings),
    )


async def look_out(frame: Pixels, number: int, *, alone: bool) -> Verdict:
    """Whatever might be a face in a room's `number`-th frame [H, W, 3], or in a picture `alone`."""
    sizes: dict[tuple[int, ...], list[View]] = {}
    for view in views(frame, number, alone=alone):
        sizes.setdefault(view.pixels.shape, []).append(view)
    # One after the other, so that none waits too long on a busy machine: the detector has one instance.
    suspected = suspects([found for batch in sizes.values() for found in await _detect(batch)])
    if not suspected.crops:
        return suspected.judged(np.zeros(0, np.float32))
    crops = {"image": np.stack(suspected.crops)}
    presences = (await call("face_landmarks", ["presence"], crops))["presence"]
    return suspected.judged(presences[:, 0].astype(np.float32, copy=False))


async def _detect(views: list[View]) -> list[Found]:
    """What CenterFace finds in views of one size."""
    images = {"image": np.stack([view.pixels for view in views])}
    outputs = await call("face_detector_centerface", ["boxes", "scores", "landmarks"], images)
    parts = (outputs["boxes"], outputs["scores"], outputs["landmarks"][:, :, :2])
    return [Found(*of_view) for of_view in zip(views, *parts, strict=True)]


async def decode(picture: bytes) -> Pixels:
    """The pixels [H, W, 3] of an encoded picture, upright."""
    found = await call("image_decoder", ["frame"], {"image": np.array([[picture]], np.object_)})
    pixels: Pixels = found["frame"][0].astype(np.uint8, copy=False)
    return pixels
