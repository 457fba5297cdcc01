"""A frame -> its faces: find them, look at each one upright, and bring everything back to the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from faces.anatomy import CHIP, EXPRESSION_VIEW, LANDMARK_VIEW, chip, expression_view, landmarks
from faces.detection import SURE, Detector, clipped
from faces.geometry import Floats, Levels, Pixels, Similarity

POINTS = 468
"""Of a mesh."""


class Run(Protocol):
    """How networks are asked: a model's outputs [N,...] for N images of one size, see `networks.run`."""

    def __call__(self, model: str, images: Sequence[Pixels], outputs: Sequence[str]) -> list[Floats]:
        """Raises whatever keeps it from answering."""


@dataclass(frozen=True)
class Face:
    """A face: its box [4] and mesh [468,3] in the frame, and how probably it is one."""

    box: Floats
    mesh: Floats
    score: float


class Frame:
    """One frame under way."""

    def __init__(self, frame: Pixels, size: tuple[int, int], run: Run) -> None:
        """`frame` [H,W,3]; `size`: width, height of the picture that results are to be in.

        Raises ValueError where either has none.
        """
        if not (frame.size and min(size) > 0):
            raise ValueError(
                f"frame has shape {list(frame.shape)}, size is {list(size)}; both must be above 0"
            )
        self._levels = Levels(frame)
        self._scale = np.array([size[0] / self._levels.width, size[1] / self._levels.height], np.float32)
        self._run = run

    def find(self, detector: Detector, most: int) -> list[Face]:
        """Its faces, surest first; of more than `most` those that the detector finds likeliest."""
        view = detector.view(self._levels)
        boxes, scores, points = self._run(detector.model, [view.pixels], ["boxes", "scores", "landmarks"])
        found = detector.candidates(view, boxes[0], scores[0], points[0], most)
        if not found:
            return []
        crops = [detector.around(candidate, LANDMARK_VIEW) for candidate in found]
        pixels = [self._levels.cut(crop, LANDMARK_VIEW, LANDMARK_VIEW, replicate=True) for crop in crops]
        meshes, presences = self._run("face_landmarks", pixels, ["landmarks", "presence"])
        faces = [
            Face(candidate.box, _in_frame(crop, mesh), candidate.score * float(presence[0]))
            for candidate, crop, mesh, presence in zip(found, crops, meshes, presences, strict=True)
        ]
        return sorted((face for face in faces if face.score >= SURE), key=lambda face: -face.score)

    def describe(self, faces: Sequence[Face]) -> dict[str, Floats]:
        """`boxes` [N,4], `scores` [N], `landmarks` [N,5,2] and `meshes` [N,468,3], in the picture."""
        width, height = self._levels.width, self._levels.height
        boxes = [clipped(face.box, width, height) * np.tile(self._scale, 2) for face in faces]
        meshes = [face.mesh * np.append(self._scale, self._scale[:1]) for face in faces]
        return {
            "boxes": _stack(boxes, 4),
            "scores": np.array([face.score for face in faces], np.float32),
            "landmarks": _stack([landmarks(mesh) for mesh in meshes], 5, 2),
            "meshes": _stack(meshes, POINTS, 3),
        }

    def chips(self, faces: Sequence[Face]) -> list[Pixels]:
        """What face_embedder looks at of each."""
        return [self._levels.cut(chip(face.mesh), CHIP, CHIP) for face in faces]

    def expression_views(self, faces: Sequence[Face]) -> list[Pixels]:
        """What face_expression looks at of each."""
        side = EXPRESSION_VIEW
        return [self._levels.cut(expression_view(face.mesh), side, side, replicate=True) for face in faces]


def _in_frame(crop: Similarity, mesh: Floats) -> Floats:
    """A mesh [468,3] in [0, 1] of its crop -> in the frame, depth in the same scale."""
    pixels = mesh * np.float32(LANDMARK_VIEW)
    return np.hstack([crop(pixels[:, :2]), pixels[:, 2:] * np.float32(abs(crop.factor))])


def _stack(arrays: Sequence[Floats], *shape: int) -> Floats:
    """Arrays of this shape in one, also where there are none."""
    return np.asarray(np.reshape(arrays, (len(arrays), *shape)), np.float32)
