"""A second look for faces, by another detector and with less doubt: one that nobody found would be shown.

`faces` gives those it is sure of, with what they look like. Whatever else might be a face counts as a
stranger's. CenterFace is shown the frame several times: as it is, small within a black border, which shows it
faces as large as the frame and those cut off by its edge, and so turned by 90, 180 and 270 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from raster import Floats, Pixels, resized, shrunk

SCORE = 0.3
"""Of CenterFace, from which something might be a face."""
HINT = 0.12
"""The same, from which a frame in which no face was found may have one all the same."""
PERSON = 0.05
"""Share of a frame from which what the segmenter takes for people counts as a person."""
COPY = 0.3
"""Intersection over union from which a box is a copy of a better one."""
SHORTEST_VIEW, LONGEST_VIEW = 320, 960
"""Between these, half the frame's longer side is enough: faces of 16 pixels of the frame are found."""
THOROUGH_VIEW = 640
"""The least for the first frame of a room, and so for single pictures, enlarged up to twice: tiny faces."""
MULTIPLE = 32
"""Of which the sides of what CenterFace looks at have to be multiples."""
SMALL, SQUARE = 240, 320
"""The frame's longer side within a border, and the side of all."""
NOBODY: Floats = np.zeros((0, 4), np.float32)


@dataclass(frozen=True)
class View:
    """What the detector is shown of a frame: pixels [H, W, 3], and where in them the frame is.

    scale: pixels of the frame to one of the view. left, top, height, width: of the turned frame in the view.
    turns: quarter turns counterclockwise.
    """

    pixels: Pixels
    scale: float
    left: int
    top: int
    height: int
    width: int
    turns: int

    def in_frame(self, boxes: Floats) -> Floats:
        """Boxes [N, 4] in [0, 1] of the view -> in pixels of the frame."""
        sides = np.tile(np.array(self.pixels.shape[1::-1], np.float32), 2)
        x1, y1, x2, y2 = (boxes * sides - np.tile([self.left, self.top], 2)).T
        height, width = self.height, self.width
        for _ in range(self.turns):
            x1, y1, x2, y2 = height - y2, x1, height - y1, x2
            height, width = width, height
        turned: Floats = (np.stack([x1, y1, x2, y2], axis=1) * self.scale).astype(np.float32)
        return turned


def views(frame: Pixels, number: int) -> list[View]:
    """What the detector is shown of a room's frame [H, W, 3], its `number`-th from 0.

    Of the first all: a single picture has no other. Later one turn a frame, as what was covered stays so.
    """
    turns = (1, 2, 3) if number == 0 else (1 + number % 3,)
    return [whole(frame, thorough=number == 0), *(bordered(frame, turn) for turn in (0, *turns))]


def whole(frame: Pixels, *, thorough: bool = False) -> View:
    """All of `frame`, smaller or, if `thorough`, up to twice as large, in the upper left corner."""
    longer = max(frame.shape[:2])
    longest = min(max(longer // 2, SHORTEST_VIEW), LONGEST_VIEW)
    if thorough:
        longest = max(longest, min(THOROUGH_VIEW, 2 * longer))
    small = _scaled(frame, longest if thorough else min(longest, longer))
    height, width = (-side % MULTIPLE for side in small.shape[:2])
    padded = cv2.copyMakeBorder(small, 0, height, 0, width, cv2.BORDER_CONSTANT)
    scale = longer / max(small.shape[:2])
    return View(np.asarray(padded, np.uint8), scale, 0, 0, small.shape[0], small.shape[1], 0)


def bordered(frame: Pixels, turns: int) -> View:
    """All of `frame`, small, turned by so many quarters, in the middle of a black square."""
    small = np.rot90(_scaled(frame, SMALL), turns)
    height, width = small.shape[:2]
    top, left = (SQUARE - height) // 2, (SQUARE - width) // 2
    square = np.zeros((SQUARE, SQUARE, 3), np.uint8)
    square[top : top + height, left : left + width] = small
    scale = max(frame.shape[:2]) / max(height, width)
    return View(square, scale, left, top, height, width, turns)


def candidates(views: list[View], boxes: list[Floats], scores: list[Floats]) -> Floats:
    """What might be a face, boxes [N, 4] in pixels of the frame, best first: every one that there is.

    boxes, scores: of each view, [K, 4] in [0, 1] of it and [K].
    """
    placed = np.concatenate([view.in_frame(found) for view, found in zip(views, boxes, strict=True)])
    every = np.concatenate(scores)
    likely = every >= SCORE
    found, surest = placed[likely], every[likely]
    corners_and_sizes = np.concatenate([found[:, :2], found[:, 2:] - found[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(corners_and_sizes.tolist(), surest.tolist(), SCORE, COPY)
    best: Floats = found[np.asarray(kept, np.intp).reshape(-1)]
    return best


def doubt(score: float, mask: Floats) -> float:
    """What speaks for a face in a frame in which none was found, 0 to 1; 0 where next to nothing does.

    It is the best `score` of the detector, or the share that shows people by its mask [256, 256], if larger.
    """
    share = float((mask > 0.5).mean())
    return max(score if score >= HINT else 0.0, share if share >= PERSON else 0.0)


def not_among(candidates: Floats, boxes: Floats) -> Floats:
    """The `candidates` [N, 4] that are none of the faces `boxes` [F, 4]: their middle is in no such box."""
    middles = (candidates[:, None, :2] + candidates[:, None, 2:]) / 2
    within = ((middles >= boxes[None, :, :2]) & (middles <= boxes[None, :, 2:])).all(axis=2).any(axis=1)
    left: Floats = candidates[~within]
    return left


def _scaled(frame: Pixels, longest: int) -> Pixels:
    """In proportion, the longer side as long as that."""
    small = shrunk(frame, longest)
    height, width = small.shape[:2]
    scale = longest / max(height, width)
    return resized(small, max(1, round(width * scale)), max(1, round(height * scale)))
