"""Photos as the effects get them, small, with what the exported networks see in them."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from effects.mesh import LEFT_EYE, OVAL, RIGHT_EYE
from effects.raster import Floats, Pixels, filled, resized, shrunk
from effects.secondary_detector import views
from effects.suspects import Found, Verdict, suspects
from evaluation.pictures import frames, photos, read_image, talking_head
from faces.detection import DETECTORS
from faces.frame import Frame
from perf.served.networks import Networks

LONGEST = 640
MASK = 256
run = Networks(threads=1)
"""The outputs [N, ...] of an exported network for N images of one size."""


@dataclass(frozen=True)
class Scene:
    """A frame [H, W, 3], its mask [256, 256], and its faces: boxes [F, 4], meshes [F, 468, 3]."""

    frame: Pixels
    mask: Floats
    boxes: Floats
    meshes: Floats

    def eyes(self) -> Pixels:
        """A plane [H, W], 255 within the eyes of all faces."""
        return self._within(LEFT_EYE, RIGHT_EYE)

    def faces(self) -> Pixels:
        """A plane [H, W], 255 within the outlines of all faces."""
        return self._within(OVAL)

    def mask_in_frame(self) -> Floats:
        """The mask, stretched to the frame."""
        return resized(self.mask, self.frame.shape[1], self.frame.shape[0])

    def _within(self, *outlines: list[int]) -> Pixels:
        height, width = self.frame.shape[:2]
        return filled(height, width, [mesh[each, :2] for mesh in self.meshes for each in outlines])


def mask_of(frame: Pixels) -> Floats:
    """Where a person is, [256, 256]."""
    mask: Floats = run("person_segmenter", [resized(frame, MASK, MASK)], ["mask"])[0][0]
    return mask


def seen(frame: Pixels) -> Scene:
    """A frame with what the networks see in it."""
    look = Frame(frame, (frame.shape[1], frame.shape[0]), run)
    found = look.describe(look.find(DETECTORS["centerface"], 8))
    return Scene(frame, mask_of(frame), found["boxes"], found["meshes"])


def looked_out(frame: Pixels, number: int = 0, *, alone: bool = False) -> Verdict:
    """What effects find that may be a face in a room's `number`-th frame, or in a picture `alone`."""
    found = []
    for view in views(frame, number, alone=alone):
        boxes, scores, points = run(
            "face_detector_centerface", [view.pixels], ["boxes", "scores", "landmarks"]
        )
        found.append(Found(view, boxes[0], scores[0], points[0, :, :2]))
    suspected = suspects(found)
    crops = suspected.crops
    presences = run("face_landmarks", crops, ["presence"])[0][:, 0] if crops else np.zeros(0, np.float32)
    return suspected.judged(presences)


@cache
def scene(name: str) -> Scene:
    """One of the project's photos, at most 640 pixels long."""
    photo = next(photo for photo in photos() if photo.name == name)
    return seen(shrunk(read_image(photo.path), LONGEST))


@cache
def carphone(count: int) -> tuple[Pixels, Floats]:
    """The first frames of a man talking in a car, [N, 144, 176, 3], and their masks."""
    shown = [frame for frame, _ in zip(frames(talking_head()), range(count), strict=False)]
    return np.stack(shown), np.stack([mask_of(frame) for frame in shown])


def change(one: Pixels, other: Pixels) -> float:
    """Mean difference of two pictures, in levels."""
    return float(np.abs(one.astype(np.float32) - other).mean())
