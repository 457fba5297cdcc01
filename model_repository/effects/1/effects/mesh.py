"""MediaPipe's 468 points of a face: which of them are what, and how a face lies in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from effects.raster import Floats

# Outlines, in order: mediapipe/python/solutions/face_mesh_connections.py. Left and right as in the picture.
OVAL = [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377]
OVAL += [152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109]
LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
LEFT_EYE = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
RIGHT_EYE = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
LEFT_BROW = [46, 53, 52, 65, 55, 107, 66, 105, 63, 70]
RIGHT_BROW = [276, 283, 282, 295, 285, 336, 296, 334, 293, 300]
EYES_AND_BROWS = (LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW)
LEFT_CHEEK = [116, 117, 118, 101, 36, 205, 187, 123]
RIGHT_CHEEK = [345, 346, 347, 330, 266, 425, 411, 352]
NOSE_BRIDGE = [6, 122, 196, 3, 195, 248, 419, 351]
BARE = (LEFT_CHEEK, RIGHT_CHEEK, NOSE_BRIDGE)
"""Places where most faces show skin and nothing else."""
FOREHEAD, CHIN, NOSE_TIP = 10, 152, 4
LEFT_TEMPLE, RIGHT_TEMPLE = 127, 356

EYES_TO_HEIGHT = 0.37
"""Distance of the eyes' centers over that of forehead and chin, of a face seen from the front."""


@dataclass(frozen=True)
class Pose:
    """How a face lies in the picture.

    origin: [2], between the eyes, in pixels. right, down: [2], unit vectors along the line of the eyes and
    across it. unit: the distance of the eyes in pixels, as if seen from the front.
    """

    origin: Floats
    right: Floats
    down: Floats
    unit: float

    def place(self, points: Floats) -> Floats:
        """Points [N, 2] in the face's own units (x right, y down from between the eyes) as pixels."""
        own = points * np.float32(self.unit)
        placed: Floats = self.origin + own[:, :1] * self.right + own[:, 1:] * self.down
        return placed


def pose(mesh: Floats) -> Pose:
    """How the face with points `mesh` [468, >= 2] lies in the picture.

    Turned to the side eyes come closer to each other, and bowed a face is less high: the larger one counts.
    """
    points = mesh[:, :2].astype(np.float32)
    left, right = points[LEFT_EYE].mean(axis=0), points[RIGHT_EYE].mean(axis=0)
    along = right - left
    apart = max(float(np.hypot(*along)), 1e-3)
    height = float(np.hypot(*(points[CHIN] - points[FOREHEAD])))
    along = along / np.float32(apart)
    across = np.array([-along[1], along[0]], np.float32)
    return Pose((left + right) / 2, along, across, max(apart, EYES_TO_HEIGHT * height))


def extent(mesh: Floats) -> float:
    """Size of a face in pixels, whichever way it is turned: the square root of its bounding box's area."""
    spans = np.ptp(mesh[:, :2], axis=0)
    return float(np.sqrt(max(spans[0] * spans[1], 1.0)))
