"""A second look for faces, by another detector and with less doubt: one that nobody found would be shown.

`faces` gives those it is sure of, with what they look like. Whatever else might be a face counts as a
stranger's. Of 42 faces in the project's photos BlazeFace, as `faces` uses it, misses two. CenterFace at this
size and score finds all, and takes the lamp of a motorcycle for one.
"""

from __future__ import annotations

import cv2
import numpy as np
from raster import Floats, Pixels, shrunk

SCORE = 0.3
"""Of CenterFace, from which something might be a face."""
COPY = 0.3
"""Intersection over union from which a box is a copy of a better one."""
SHORTEST_VIEW, LONGEST_VIEW = 320, 960
"""Between these, half the frame's longer side is enough: faces of 16 pixels of the frame are found."""
MULTIPLE = 32
"""Of which the sides of what CenterFace looks at have to be multiples."""


def view(frame: Pixels) -> Pixels:
    """What the detector is shown of `frame` [H, W, 3]: all of it, smaller, in the upper left corner."""
    small = shrunk(frame, _longest(frame))
    height, width = (-side % MULTIPLE for side in small.shape[:2])
    padded = cv2.copyMakeBorder(small, 0, height, 0, width, cv2.BORDER_CONSTANT)
    return np.asarray(padded, np.uint8)


def candidates(frame: Pixels, shown: Pixels, boxes: Floats, scores: Floats) -> Floats:
    """What might be a face, boxes [N, 4] in pixels of `frame`, best first: every one that there is.

    boxes: [K, 4], in [0, 1] of `shown`, which is `view(frame)`. scores: [K].
    """
    likely = scores >= SCORE
    scale = max(1.0, max(frame.shape[:2]) / _longest(frame))
    sides = np.tile(np.array(shown.shape[1::-1], np.float32), 2) * np.float32(scale)
    found: Floats = boxes[likely] * sides
    corners_and_sizes = np.concatenate([found[:, :2], found[:, 2:] - found[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(corners_and_sizes.tolist(), scores[likely].tolist(), SCORE, COPY)
    best: Floats = found[np.asarray(kept, np.intp).reshape(-1)]
    return best


def not_among(candidates: Floats, boxes: Floats) -> Floats:
    """The `candidates` [N, 4] that are none of the faces `boxes` [F, 4]: their middle is in no such box."""
    middles = (candidates[:, None, :2] + candidates[:, None, 2:]) / 2
    within = ((middles >= boxes[None, :, :2]) & (middles <= boxes[None, :, 2:])).all(axis=2).any(axis=1)
    left: Floats = candidates[~within]
    return left


def _longest(frame: Pixels) -> int:
    return min(max(max(frame.shape[:2]) // 2, SHORTEST_VIEW), LONGEST_VIEW)
