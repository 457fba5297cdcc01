"""What is behind the person: blurred, or another picture. The person's own colors stay out of it."""

from __future__ import annotations

import cv2
import numpy as np

from effects.raster import Floats, Pixels, box_mean, gaussian, mixed, resized, shrunk, tripled

BLUR_SIGMA = 0.035
"""Of the strongest blur, as a part of the longer side."""
WORKING_SIDE = 320
"""Longer side at which backgrounds are blurred, and colors along the edges are looked for."""
FINE_SIGMA, COARSE_SIGMA = 2.0, 4.0
"""Pixels of blur that hide that a picture was made smaller, and that its means were."""
PURE = 4
"""Power of the background's share of a pixel: one with a part of the person says little of what is behind."""
EDGE = 0.02
"""How far around an edge the colors of either side are looked for, as a part of the longer side."""
LONGEST_SIDE = 1920
"""Of a room's picture; a larger one is scaled down when it comes."""
LEAST = np.float32(1e-3)
"""Weight below which there is nothing of that side nearby."""


class Picture:
    """A room's own background: kept at a bounded size, and as it was last fitted."""

    def __init__(self, picture: Pixels) -> None:
        self._picture = shrunk(picture, LONGEST_SIDE).copy()
        self._fitted = self._picture

    def cover(self, height: int, width: int) -> Pixels:
        """The picture filling a frame, [height, width, 3]; what is too much is cut off at two sides."""
        if self._fitted.shape[:2] != (height, width):
            own_height, own_width = self._picture.shape[:2]
            scale = max(height / own_height, width / own_width)
            rows = max(1, min(own_height, round(height / scale)))
            columns = max(1, min(own_width, round(width / scale)))
            top, left = (own_height - rows) // 2, (own_width - columns) // 2
            part = self._picture[top : top + rows, left : left + columns]
            self._fitted = resized(part, width, height, cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        return self._fitted


def change(frame: Pixels, matte: Floats, blur: float, replace: float, picture: Pixels | None) -> Pixels:
    """`frame` [H, W, 3] with its background blurred by `blur`, then replaced as far as `replace`.

    `matte` [H, W] is 1 where the person is. `picture` has the frame's shape; None while `replace` is 0.
    """
    behind = blurred(frame, matte, blur) if blur > 0 else frame
    person = frame
    if picture is not None and replace > 0:
        behind = _mix(picture, behind, replace)
        person = _mix(own_colors(frame, matte), frame, replace)
    return mixed(person, behind, matte)


def blurred(frame: Pixels, matte: Floats, strength: float) -> Pixels:
    """The background of `frame`, blurred without the person: each pixel is a mean of background only."""
    height, width = frame.shape[:2]
    sigma = strength * BLUR_SIGMA * max(height, width)
    # Only as small as the blur can hide.
    longest = max(WORKING_SIDE, max(height, width) * FINE_SIGMA / sigma)
    small = shrunk(frame, longest).astype(np.float32)
    weight = LEAST + (1 - shrunk(matte, longest)) ** PURE
    small *= tripled(weight)
    sigma *= max(weight.shape) / max(height, width)
    # The sums that means are made of may be smaller still.
    smallest = max(weight.shape) * min(1.0, COARSE_SIGMA / sigma)
    small, total = shrunk(small, smallest), shrunk(weight, smallest)
    sigma *= max(total.shape) / max(weight.shape)
    mean = gaussian(small, sigma) / tripled(gaussian(total, sigma))
    return resized(np.rint(mean).astype(np.uint8), width, height)


def own_colors(frame: Pixels, matte: Floats) -> Pixels:
    """The person's colors [H, W, 3], without what shines in from behind where the matte is in between.

    Blur fusion (Forte, Approximate Fast Foreground Color Estimation, 2021), one pass at a reduced size: the
    frame is a mix, I = a F + (1 - a) B, of which local means of both sides are known.
    """
    small, alpha = shrunk(frame, WORKING_SIDE).astype(np.float32), shrunk(matte, WORKING_SIDE)
    window = 2 * max(1, round(EDGE * max(alpha.shape))) + 1
    front, back = (_local_mean(small, np.square(share), window) for share in (alpha, 1 - alpha))
    # The paper's F + a (I - a F - (1 - a) B) is a I + (1 - a) of this, which has no detail to lose.
    alpha = tripled(alpha)
    rim = np.clip(front * (1 + alpha) - back * alpha, 0, 255)
    return mixed(frame, resized(np.rint(rim).astype(np.uint8), frame.shape[1], frame.shape[0]), matte)


def _local_mean(picture: Floats, weight: Floats, window: int) -> Floats:
    """The mean of `picture` [H, W, 3] by `weight` [H, W] around each pixel; the plain one where it is 0."""
    weight = tripled(weight + LEAST)
    mean: Floats = box_mean(picture * weight, window) / box_mean(weight, window)
    return mean


def _mix(one: Pixels, other: Pixels, weight: float) -> Pixels:
    return np.asarray(cv2.addWeighted(one, weight, other, 1 - weight, 0), np.uint8)
