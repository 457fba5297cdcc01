"""What each detector is shown of a frame, and which of its candidates are faces."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.geometry import Floats, Levels, Pixels, Similarity

SURE = 0.35
"""The least score of a face, and the least product of its score and of face_landmarks' presence."""


@dataclass(frozen=True)
class View:
    """What a detector is shown: pixels [H,W,3], and where they are in the frame."""

    pixels: Pixels
    crop: Similarity

    def in_frame(self, points: Floats) -> Floats:
        """Points [...,2] in [0, 1] of the view -> where they are in the frame."""
        height, width = self.pixels.shape[:2]
        return self.crop(points * np.array([width, height], np.float32))


@dataclass(frozen=True)
class Candidate:
    """What may be a face, in the frame: its box [4], score, and eyes [2,2], left in the picture first."""

    box: Floats
    score: float
    eyes: Floats


@dataclass(frozen=True)
class Detector:
    """A detector and how it is used; the numbers are measured, see README.md of the model repository."""

    model: str
    overlap: float
    """Of two boxes whose intersection is more than this share of their union, one is a copy."""
    side: int
    """The longer side of what it is shown."""
    multiple: int
    """What its sides have to be multiples of; 0 for a square."""
    reach: float
    """The side of the square in which face_landmarks looks for a face, in longer sides of its box."""

    def view(self, levels: Levels) -> View:
        """The whole frame, upright, as the detector takes it; black where the frame does not reach."""
        longer = max(levels.width, levels.height)
        if not self.multiple:
            crop = Similarity.square(complex(levels.width, levels.height) / 2, longer, 1, self.side)
            return View(levels.cut(crop, self.side, self.side), crop)
        scale = max(1.0, longer / self.side)
        width, height = (
            math.ceil(max(1, round(size / scale)) / self.multiple) * self.multiple
            for size in (levels.width, levels.height)
        )
        return View(levels.cut(Similarity(scale, 0), width, height), Similarity(scale, 0))

    def candidates(
        self, view: View, boxes: Floats, scores: Floats, points: Floats, most: int
    ) -> list[Candidate]:
        """What may be faces, likeliest first, at most `most`; the outputs are in [0, 1] of the view."""
        sure = np.flatnonzero(scores >= SURE)
        order = sure[np.argsort(-scores[sure], kind="stable")]
        kept = order[distinct(boxes[order], self.overlap)][:most]
        corners = view.in_frame(boxes[kept].reshape(-1, 2, 2)).reshape(-1, 4)
        eyes = view.in_frame(points[kept, :2])
        return [Candidate(corners[n], float(scores[at]), eyes[n]) for n, at in enumerate(kept)]

    def around(self, face: Candidate, pixels: int) -> Similarity:
        """The square of `pixels` by `pixels`, upright to the face, in which face_landmarks looks for it.

        As MediaPipe's face_detection_front_detection_to_roi: the middle of the box, turned by the eyes.
        """
        left, top, right, bottom = face.box.tolist()
        across = complex(*(face.eyes[1] - face.eyes[0]).tolist())
        direction = across / abs(across) if across else 1
        side = self.reach * max(right - left, bottom - top)
        return Similarity.square(complex(left + right, top + bottom) / 2, side, direction, pixels)


DETECTORS = {
    "blazeface": Detector("face_detector_blazeface", 0.3, 192, 0, 1.5),
    "centerface": Detector("face_detector_centerface", 0.3, 640, 32, 1.35),
}


def distinct(boxes: Floats, overlap: float) -> list[int]:
    """Which of the boxes [N,4], best first, are no copies of better ones (non-maximum suppression)."""
    kept: list[int] = []
    for at in range(len(boxes)):
        if not kept or _overlaps(boxes[at], boxes[kept]).max() <= overlap:
            kept.append(at)
    return kept


def clipped(box: Floats, width: int, height: int) -> Floats:
    """The part of a box that is in a frame of this size."""
    return np.clip(box, 0, np.array([width, height, width, height], np.float32))


def _overlaps(box: Floats, others: Floats) -> NDArray[np.float32]:
    """Intersection over union of a box with each of the others [N,4]."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.clip(sides, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return np.asarray(common / np.maximum(areas - common, 1e-12), np.float32)
