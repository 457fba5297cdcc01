"""Faces of people who are not enrolled, made unrecognizable."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.raster import Floats, Pixels, inside, mixed, resized

REMEMBERED = 12
"""Frames for which the last known place of a face stays covered when it is not found any more."""
GROWS = 0.04
"""How much such a place grows with every frame, as a part of its size: the face may have moved on."""
SURE = 3
"""Frames in a row in which a covered face has to be recognized before it is shown."""
TRUST = 0.06
"""What is added to the threshold for a face that was shown a frame ago: turning the head covers no host."""
SAME = 0.3
"""Overlap (intersection over union) from which two boxes are one face."""
WIDER, HIGHER = 1.5, 1.6
"""The covered ellipse over the box of a face: hair, chin and ears tell people apart too."""
RIM = 0.08
"""Softness of the ellipse's rim, which lies outside of it, as a part of its size."""
FINEST, COARSEST = 26.0, 2.5
"""Cells across a face at the least and at full strength: with 2.5 the embeddings of the 42 faces in the
project's photos end up 0.45 and more from where they were, as far as those of strangers."""


@dataclass
class Place:
    """Where a face to be covered was last: box [4], frames since, and frames in which it was recognized."""

    box: Floats
    unseen: int = 0
    recognized: int = 0


class Watch:
    """A room's faces over time, of which it covers those it must."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._shown: list[Floats] = []

    def hidden(self, boxes: Floats, distances: Floats, threshold: float) -> Floats:
        """Boxes [N, 4] to cover in this frame, given those of faces [F, 4] and their `nearest` distances [F].

        Unknown faces are, and for a while the places where there was one: a detection that fails once, or an
        embedding that once comes too close to somebody's, reveals nobody. Who was shown a frame ago may look
        a little less like themselves.
        """
        places = [place for place in self._places if place.unseen < REMEMBERED]
        for place in places:
            place.unseen += 1
        near = overlap(boxes[:, None], _boxes([place.box for place in places])[None])
        was_shown = (overlap(boxes[:, None], _boxes(self._shown)[None]) >= SAME).any(axis=1)
        covered: list[Place] = []
        shown: list[Floats] = []
        met: set[int] = set()
        for number, (box, distance) in enumerate(zip(boxes, distances, strict=True)):
            at = int(near[number].argmax()) if places else 0
            before = places[at] if places and near[number, at] >= SAME else None
            if before is not None:
                near[:, at] = 0
                met.add(at)
            known = distance <= threshold + (TRUST if before is None and was_shown[number] else 0)
            recognized = (before.recognized if before is not None else 0) + 1 if known else 0
            if not known or (before is not None and recognized < SURE):
                covered.append(Place(box.copy(), recognized=recognized))
            else:
                shown.append(box.copy())
        missed = [place for at, place in enumerate(places) if at not in met]
        self._places, self._shown = covered + missed, shown
        grown = [widened(place.box, 1 + GROWS * place.unseen) for place in self._places]
        return _boxes(grown)


def nearest(embeddings: Floats, allowed: Floats) -> Floats:
    """How far each of the faces [F, 128] is from the closest of `allowed` [N, 128]; infinite where N is 0."""
    apart = [np.linalg.norm(allowed - embedding, axis=1).min(initial=np.inf) for embedding in embeddings]
    return np.array(apart, np.float32)  # one by one: all at once takes GB where thousands are allowed


def cover(frame: Pixels, boxes: Floats, strength: float) -> Pixels:
    """`frame` [H, W, 3] with the places `boxes` [N, 4] (x1, y1, x2, y2 in pixels) made unrecognizable.

    An ellipse larger than the box becomes a few large cells, and these run into each other: pixelated, then
    blurred. Below a strength of 1 there are more cells, and below 0.5 the face shines through too.
    """
    if not len(boxes):
        return frame
    edited = frame.copy()
    for box in boxes:
        _cover(edited, box, strength)
    return edited


def covers(boxes: Floats, points: Floats) -> NDArray[np.bool_]:
    """Which of the points [N, 2] `cover` makes unrecognizable, given the same `boxes` [F, 4]."""
    middles, halves = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    away = (points[:, None] - middles) / (np.maximum(halves, 2) * np.array([WIDER, HIGHER], np.float32))
    return np.asarray(((away**2).sum(axis=2) <= 1).any(axis=1))


def _cover(picture: Pixels, box: Floats, strength: float) -> None:
    middle = (box[:2] + box[2:]) / 2
    half = np.maximum((box[2:] - box[:2]) / 2, 2) * np.array([WIDER, HIGHER], np.float32)
    reach = half * (1 + 2 * RIM)
    seen = inside(middle - reach, middle + reach, picture.shape[1], picture.shape[0])
    if seen is None:
        return
    left, top, right, bottom = seen
    height, width = bottom - top, right - left
    part = picture[top:bottom, left:right]
    cell = 2 * half[0] / WIDER / (FINEST + (COARSEST - FINEST) * strength)
    coarse = resized(part, max(1, round(width / cell)), max(1, round(height / cell)), cv2.INTER_AREA)
    rows = (np.arange(top, bottom, dtype=np.float32)[:, None] + 0.5 - middle[1]) / half[1]
    columns = (np.arange(left, right, dtype=np.float32)[None] + 0.5 - middle[0]) / half[0]
    outside = np.sqrt(rows * rows + columns * columns) - 1
    weight = np.clip(1 - outside / (2 * RIM), 0, 1) * np.float32(min(1.0, 2 * strength))
    part[:] = mixed(resized(coarse, width, height, cv2.INTER_CUBIC), part, weight.astype(np.float32))


def overlap(one: Floats, other: Floats) -> Floats:
    """Intersection over union of boxes [..., 4], broadcast together."""
    shared = np.maximum(
        np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2]), 0
    )
    both = shared.prod(axis=-1)
    union = sum((box[..., 2:] - box[..., :2]).prod(axis=-1) for box in (one, other)) - both
    return np.asarray(np.where(union > 0, both / np.where(union > 0, union, 1), 0), np.float32)


def widened(box: Floats, factor: float) -> Floats:
    """A box [4] around the same middle."""
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * np.float32(factor)
    wide: Floats = np.concatenate([middle - half, middle + half])
    return wide


def _boxes(boxes: list[Floats]) -> Floats:
    """Boxes in one array [N, 4], also where there are none."""
    return np.array(boxes, np.float32).reshape(-1, 4)
