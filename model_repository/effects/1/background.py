"""What is behind the person: blurred, or another picture. The person's own colours stay out of it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

BLUR_SIGMA = 0.035
"""Of the strongest blur, as a part of the longer side."""
WORKING_SIDE = 320
"""Longer side at which backgrounds are blurred."""
EDGE_SIGMA = 0.006
"""How far around an edge the colours of either side are looked for, as a part of the longer side."""
LONGEST_SIDE = 1920
"""Of a room's picture; a larger one is scaled down when it comes."""
LEAST = np.float32(1e-3)
"""Weight below which there is nothing of that side nearby."""


class Picture:
    """A room's own background: kept at a bounded size, and as it was last fitted."""

    def __init__(self, picture: Pixels) -> None:
        self._picture = _within(picture, LONGEST_SIDE)
        self._fitted = self._picture

    def cover(self, height: int, width: int) -> Pixels:
        """The picture [height, width, 3] filling the frame; what is too much at two sides is cut off evenly."""
        if self._fitted.shape[:2] != (height, width):
            own_height, own_width = self._picture.shape[:2]
            scale = max(height / own_height, width / own_width)
            rows, columns = min(own_height, round(height / scale)), min(own_width, round(width / scale))
            top, left = (own_height - rows) // 2, (own_width - columns) // 2
            part = self._picture[top : top + rows, left : left + columns]
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            self._fitted = cv2.resize(part, (width, height), interpolation=how)
        return self._fitted


def change(frame: Pixels, matte: Floats, blur: float, replace: float, picture: Pixels | None) -> Pixels:
    """`frame` [H, W, 3] with its background blurred by `blur`, then replaced by `picture` as far as `replace`.

    `matte` [H, W] is 1 where the person is. `picture` has the frame's shape; None while `replace` is 0.
    """
    behind = blurred(frame, matte, blur) if blur > 0 else frame
    person = frame
    if picture is not None and replace > 0:
        behind = cv2.addWeighted(picture, replace, behind, 1 - replace, 0)
        person = cv2.addWeighted(own_colours(frame, matte), replace, frame, 1 - replace, 0)
    # The matte is that of the person's own colours: mixed with what is behind it gives the frame back.
    mixed: Pixels = cv2.blendLinear(person, behind, matte, 1 - matte)
    return mixed


def blurred(frame: Pixels, matte: Floats, strength: float) -> Pixels:
    """The background of `frame`, blurred without the person: each pixel is a mean of background only."""
    height, width = frame.shape[:2]
    longer = max(height, width)
    sigma = strength * BLUR_SIGMA * longer
    # Only as small as the blur can hide.
    scale = min(1.0, max(WORKING_SIDE / longer, 2.0 / sigma))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    weight = 1 - cv2.resize(matte, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = weighted_blur(small, weight, max(sigma * scale, 0.3))
    large: Pixels = cv2.resize(_bytes(mean), (width, height), interpolation=cv2.INTER_LINEAR)
    return large


def own_colours(frame: Pixels, matte: Floats) -> Pixels:
    """The person's colours [H, W, 3], without what shines in from behind where the matte is in between.

    Blur fusion (Forte, Approximate Fast Foreground Colour Estimation, ICIP 2021), one pass at a reduced size:
    the frame is a mix, I = a F + (1 - a) B, of which local means of both sides are known.
    """
    height, width = frame.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    alpha = cv2.resize(matte, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    sigma = max(EDGE_SIGMA * max(size), 1.0)
    front = weighted_blur(small, alpha, sigma)
    back = weighted_blur(small, 1 - alpha, sigma)
    mixed = back + alpha[..., None] * (front - back)
    # What is added to the frame: nothing where all is person, all that is not theirs at the rim.
    shift = front - small + alpha[..., None] * (small - mixed)
    shift *= (alpha < 1 - LEAST)[..., None]
    whole = cv2.resize(shift, (width, height), interpolation=cv2.INTER_LINEAR)
    return _bytes(frame + whole)


def weighted_blur(picture: Floats, weight: Floats, sigma: float) -> Floats:
    """Gaussian mean of `picture` [H, W, 3] by `weight` [H, W]; the plain one where there is no weight nearby."""
    kernel = 2 * round(3 * sigma) + 1

    def blur(values: Floats) -> Floats:
        means: Floats = cv2.GaussianBlur(values, (kernel, kernel), sigma, borderType=cv2.BORDER_REPLICATE)
        return means

    total = blur(weight + LEAST)
    mean: Floats = blur(picture * (weight + LEAST)[..., None]) / total[..., None]
    return mean


def _within(picture: Pixels, longest: int) -> Pixels:
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture.copy()
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    smaller: Pixels = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return smaller


def _bytes(values: Floats) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
