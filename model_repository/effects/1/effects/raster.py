"""Pictures and planes as arrays, and OpenCV's functions on them with the types they really return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Raster = TypeVar("Raster", Pixels, Floats)

FRACTION_BITS = 4
"""Of coordinates given to OpenCV: sixteenths of a pixel, so that shapes move as smoothly as faces."""


def resized(values: Raster, width: int, height: int, how: int = cv2.INTER_LINEAR) -> Raster:
    """`values` [H, W, ...] -> [height, width, ...], by the interpolation `how`."""
    if values.shape[:2] == (height, width):
        return values
    return np.asarray(cv2.resize(values, (width, height), interpolation=how), values.dtype)


def shrunk(values: Raster, longest: float) -> Raster:
    """`values` [H, W, ...] in proportion, so that the longer side is at most `longest`.

    By halving, each pixel the mean of four; the rest, less than half, is interpolated. It takes a fifth of
    the time of means of areas.
    """
    height, width = values.shape[:2]
    scale = min(1.0, longest / max(height, width))
    small_height, small_width = max(1, round(height * scale)), max(1, round(width * scale))
    while min(values.shape[0] / small_height, values.shape[1] / small_width) >= 2:
        values = resized(values, values.shape[1] // 2, values.shape[0] // 2)
    return resized(values, small_width, small_height)


def tripled(plane: Floats) -> Floats:
    """A plane for each color: three times as fast as broadcasting it."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.float32)


def box_mean(values: Raster, window: int) -> Raster:
    """The mean of the `window` x `window` pixels around each; `window` is odd."""
    mean = cv2.boxFilter(values, -1, (window, window), borderType=cv2.BORDER_REFLECT)
    return np.asarray(mean, values.dtype)


def gaussian(values: Raster, sigma: float) -> Raster:
    """Blurred by `sigma` pixels; beyond the border the picture goes on as at the border."""
    kernel = 2 * max(1, round(3 * sigma)) + 1
    blurred = cv2.GaussianBlur(values, (kernel, kernel), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, values.dtype)


def mixed(one: Pixels, other: Pixels, weight: Floats) -> Pixels:
    """Pictures [H, W, 3]: as much of `one` as `weight` [H, W] in [0, 1] says, and `other` for the rest."""
    pair = np.ascontiguousarray(one), np.ascontiguousarray(other)
    return np.asarray(cv2.blendLinear(*pair, weight, 1 - weight), np.uint8)


def added(picture: Pixels, change: Floats) -> Pixels:
    """`picture` + `change` (same shape, in levels), rounded and kept within 0 to 255."""
    return np.asarray(cv2.add(picture, change, dtype=cv2.CV_8U), np.uint8)


def filled(height: int, width: int, outlines: Sequence[Floats]) -> Pixels:
    """A plane [height, width]: 255 inside of polygons [N, 2] in pixels, anti-aliased, 0 elsewhere."""
    plane = np.zeros((height, width), np.uint8)
    cv2.fillPoly(plane, [_fixed(points) for points in outlines], (255,), cv2.LINE_AA, FRACTION_BITS)
    return plane


def stroked(height: int, width: int, line: Floats, thickness: int, *, closed: bool) -> Pixels:
    """A plane [height, width]: 255 on the line through points [N, 2] in pixels, anti-aliased, 0 elsewhere."""
    plane = np.zeros((height, width), np.uint8)
    cv2.polylines(plane, [_fixed(line)], closed, (255,), thickness, cv2.LINE_AA, FRACTION_BITS)
    return plane


def inside(low: Floats, high: Floats, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the pixels that a box has in the picture; None where it has none."""
    left, top = (int(side) for side in np.clip(np.floor(low), 0, [width, height]))
    right, bottom = (int(side) for side in np.clip(np.ceil(high), 0, [width, height]))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _fixed(points: Floats) -> NDArray[np.int32]:
    # OpenCV takes integers for the centers of pixels; ours are whole at their upper left corners.
    fixed: NDArray[np.int32] = np.rint((points - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)
    return fixed
