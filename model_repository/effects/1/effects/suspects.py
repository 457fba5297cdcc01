"""What the second look found: which of it is covered, what is looked at closely, and what is left in doubt.

CenterFace alone says little where it is unsure: at 0.12 it sees something in half of the photos of nobody.
So what it is unsure of is cut out upright, and face_landmarks says whether there is a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.anonymize import covers
from effects.raster import Floats, Pixels
from effects.secondary_detector import View

SCORE = 0.3
"""Of CenterFace, from which something counts as a face."""
HINT = 0.06
"""The same, from which it is looked at closely."""
PRESENCE = 0.5
"""Of face_landmarks, from which that is a face."""
DOUBT = 0.05
"""Product of both, from which something that is none may be one all the same."""
COPY = 0.3
"""Intersection over union from which a box is a copy of a better one."""
MOST = 16
"""Of what is looked at closely in a frame, about 2 ms each."""
CROP = 192
"""Side of what face_landmarks is shown, and how much of it is the box (as `faces` does for CenterFace)."""
Reach = 1.35


@dataclass(frozen=True)
class Found:
    """Of one view, by CenterFace: boxes [K, 4] and eyes [K, 2, 2] in [0, 1] of it, and scores [K]."""

    view: View
    boxes: Floats
    scores: Floats
    eyes: Floats


@dataclass(frozen=True)
class Suspects:
    """What may be a face, likeliest first: boxes [N, 4] in pixels of the frame, and scores [N].

    crops: of those it is unsure of, [M] of [192, 192, 3]; they are the last.
    """

    boxes: Floats
    scores: Floats
    crops: list[Pixels]

    def judged(self, presences: Floats) -> Verdict:
        """What comes of it by the `presences` [M] of a face in the crops."""
        sure = len(self.boxes) - len(self.crops)
        faces = np.concatenate([np.ones(sure, np.bool_), presences >= PRESENCE])
        unsure = (self.scores[sure:] * presences).astype(np.float32)
        left = (presences < PRESENCE) & (unsure >= DOUBT)
        kept = distinct(self.boxes[faces], self.scores[faces])
        return Verdict(self.boxes[faces][kept], self.boxes[sure:][left], unsure[left])


@dataclass(frozen=True)
class Verdict:
    """Boxes [N, 4] of what counts as a face, and of what may be one [M, 4], with what speaks for it [M]."""

    faces: Floats
    unsure: Floats
    evidence: Floats

    def doubt(self, hidden: Floats, shown: Floats) -> float:
        """What speaks for a face that is not hidden, 0 to 1; 0 where next to nothing does.

        hidden, shown: boxes [N, 4] of what is covered, and of all faces, which are known. That the segmenter
        sees people says nothing: it sees them in a quarter of the photos of nobody.
        """
        middles = (self.unsure[:, :2] + self.unsure[:, 2:]) / 2
        open_ = ~covers(hidden, middles) & ~within(middles, shown)
        return float(self.evidence[open_].max(initial=0))


def suspects(found: Sequence[Found]) -> Suspects:
    """What all views show that may be a face."""
    boxes = np.concatenate([seen.view.in_frame(seen.boxes) for seen in found])
    scores = np.concatenate([seen.scores for seen in found])
    largest = np.concatenate([np.full(len(seen.boxes), seen.view.largest) for seen in found])
    scores = np.where((boxes[:, 2:] - boxes[:, :2]).max(axis=1) <= largest, scores, np.float32(0))
    sure = np.flatnonzero(scores >= SCORE)
    sure = sure[distinct(boxes[sure], scores[sure])]
    unsure: list[tuple[float, int, Pixels]] = []
    begin = 0
    for seen in found:
        given = scores[begin : begin + len(seen.boxes)]
        weak = np.flatnonzero((given >= HINT) & (given < SCORE))
        placed = boxes[begin + weak]
        weak = weak[~within((placed[:, :2] + placed[:, 2:]) / 2, boxes[sure])]
        for at in weak[distinct(seen.boxes[weak], seen.scores[weak])][:MOST]:
            unsure.append((float(seen.scores[at]), begin + int(at), _upright(seen, int(at))))
        begin += len(seen.boxes)
    unsure = sorted(unsure, key=lambda one: -one[0])[:MOST]
    order = np.concatenate([sure, np.array([at for _, at, _ in unsure], np.intp)])
    return Suspects(boxes[order], scores[order], [crop for _, _, crop in unsure])


def distinct(boxes: Floats, scores: Floats) -> list[int]:
    """Which of the boxes [N, 4] are no copies of better ones, best first."""
    if not len(boxes):
        return []
    corners_and_sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(corners_and_sizes.tolist(), scores.tolist(), 0.0, COPY)
    return [int(at) for at in np.asarray(kept).reshape(-1)]


def not_among(candidates: Floats, boxes: Floats) -> Floats:
    """The `candidates` [N, 4] that are none of the faces `boxes` [F, 4]: their middle is in no such box."""
    left: Floats = candidates[~within((candidates[:, :2] + candidates[:, 2:]) / 2, boxes)]
    return left


def within(points: Floats, boxes: Floats) -> NDArray[np.bool_]:
    """Which of the points [N, 2] are in one of the boxes [F, 4]."""
    inside = (points[:, None] >= boxes[None, :, :2]) & (points[:, None] <= boxes[None, :, 2:])
    return np.asarray(inside.all(axis=2).any(axis=1))


def _upright(found: Found, at: int) -> Pixels:
    """A suspect out of its view, its eyes level."""
    sides = np.array(found.view.pixels.shape[1::-1], np.float32)
    corners = found.boxes[at].reshape(2, 2) * sides
    across = (found.eyes[at, 1] - found.eyes[at, 0]) * sides
    middle = corners.mean(axis=0)
    side = max(Reach * float((corners[1] - corners[0]).max()), 1.0)
    degrees = float(np.degrees(np.arctan2(across[1], across[0])))
    center = float(middle[0]), float(middle[1])
    matrix = np.asarray(cv2.getRotationMatrix2D(center, degrees, CROP / side), np.float64)
    matrix[:, 2] += CROP / 2 - middle
    cut = cv2.warpAffine(found.view.pixels, matrix, (CROP, CROP), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)
