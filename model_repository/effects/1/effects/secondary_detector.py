"""A second look for faces, by another detector and with less doubt: one that nobody found would be shown.

`faces` gives those it is sure of, with what they look like. Whatever else might be a face counts as a
stranger's. CenterFace is shown the frame several times: as it is, and small within a black border, which
shows it faces as large as the frame and those cut off by its edge; both also turned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from effects.raster import Floats, Pixels, resized, shrunk

SHORTEST_VIEW, LONGEST_VIEW = 320, 960
"""Between these, half the frame's longer side is enough: faces of 16 pixels of the frame are found."""
THOROUGH_VIEW = 640
"""The least for the first frame of a room, and so for single pictures, enlarged up to twice: tiny faces."""
SMALL_FACE = 0.2
"""Of the frame's longer side: the largest for which a frame is turned by 45 degrees."""
LONGEST_SLOPING = 1000
"""Both sides of a frame turned so, together; the square around it has 0.7 of that on a side."""
DARK, LIGHT = 64, 200
"""Levels: where the brightest hundredth of a frame is below the one, it is shown with the other instead."""
MULTIPLE = 32
"""Of which the sides of what CenterFace looks at have to be multiples."""
SMALL, SQUARE = 240, 320
"""The frame's longer side within a border, and the side of all."""


@dataclass(frozen=True)
class View:
    """What the detector is shown of a frame: pixels [H, W, 3], and [2, 3] from there to the frame's.

    largest: pixels of the frame that a face in it may have; other views show larger ones better.
    """

    pixels: Pixels
    to_frame: NDArray[np.float64]
    largest: float = np.inf

    def in_frame(self, boxes: Floats) -> Floats:
        """Boxes [N, 4] in [0, 1] of the view -> around the same ellipses in pixels of the frame."""
        sides = np.array(self.pixels.shape[1::-1], np.float64)
        corners = boxes.reshape(-1, 2, 2) * sides
        turn = self.to_frame[:, :2]
        middles = corners.mean(axis=1) @ turn.T + self.to_frame[:, 2]
        halves = np.sqrt(((corners[:, 1] - corners[:, 0]) / 2) ** 2 @ (turn**2).T)
        return np.asarray(np.concatenate([middles - halves, middles + halves], axis=1), np.float32)


def views(frame: Pixels, number: int, *, alone: bool = False) -> list[View]:
    """What the detector is shown of a room's frame [H, W, 3], its `number`-th from 0.

    Of the first all. Later one turn a frame, as what was covered stays so. A picture that comes `alone` is
    turned by 45 degrees too, and so on, which takes as long again.
    """
    frame = lit(frame)
    if number == 0:
        turned = [thorough(frame, degrees) for degrees in range(0, 360, 45 if alone else 90)]
        return turned + [bordered(frame, degrees) for degrees in range(0, 360, 90)]
    return [whole(frame), bordered(frame, 0), bordered(frame, 90 * (1 + number % 3))]


def lit(frame: Pixels) -> Pixels:
    """A dark frame as if there had been light: what anybody can brighten shows who is there."""
    brightest = float(np.percentile(frame[::4, ::4], 99))
    if not 0 < brightest < DARK:
        return frame
    return np.asarray(cv2.convertScaleAbs(frame, alpha=LIGHT / brightest), np.uint8)


def whole(frame: Pixels) -> View:
    """All of `frame`, smaller."""
    longer = max(frame.shape[:2])
    return _turned(frame, min(max(longer // 2, SHORTEST_VIEW), LONGEST_VIEW, longer), 0)


def thorough(frame: Pixels, degrees: int) -> View:
    """The same, up to twice as large, and turned counterclockwise."""
    longer = max(frame.shape[:2])
    longest = min(THOROUGH_VIEW, 2 * longer)
    if degrees % 90:
        longest = min(longest, round(LONGEST_SLOPING * longer / sum(frame.shape[:2])))
        return replace(_turned(frame, longest, degrees), largest=SMALL_FACE * longer)
    return _turned(frame, max(longest, min(longer // 2, LONGEST_VIEW)), degrees)


def bordered(frame: Pixels, degrees: int) -> View:
    """All of `frame`, small, turned counterclockwise, in the middle of a black square."""
    return _turned(frame, SMALL, degrees, SQUARE)


def _turned(frame: Pixels, longest: int, degrees: int, square: int = 0) -> View:
    """`frame` with its longer side as long as that, in the middle of a `square`, or else of what it needs."""
    small = _scaled(frame, longest)
    height, width = small.shape[:2]
    scale = max(frame.shape[:2]) / longest
    turn = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1), np.float64)
    needed = np.rint(np.abs(turn[:, :2]) @ (width, height)).astype(int)
    sides = np.maximum(square, needed + -needed % MULTIPLE)
    turn[:, 2] += ((sides if square else needed) - (width, height)) / 2
    pixels = cv2.warpAffine(small, turn, (int(sides[0]), int(sides[1])))
    back = np.asarray(cv2.invertAffineTransform(turn), np.float64)
    return View(np.asarray(pixels, np.uint8), back * scale)


def _scaled(frame: Pixels, longest: int) -> Pixels:
    """In proportion, the longer side as long as that."""
    small = shrunk(frame, longest)
    height, width = small.shape[:2]
    scale = longest / max(height, width)
    return resized(small, max(1, round(width * scale)), max(1, round(height * scale)))
