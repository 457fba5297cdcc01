"""The matte: how much of each pixel is person, steady from frame to frame and true to the picture's edges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

KEEP = 0.9
"""How much of its past a wholly undecided pixel keeps."""
CUT = 0.2
"""Mean change of the mask from which it shows another scene, whose past says nothing."""
WORKING_SIDE = 384
"""Longer side at which the edges are looked for: the mask has 256 x 256."""
RADIUS = 0.016
"""Of the guided filter's window, as a part of the longer side."""
EPSILON = 4e-4
"""Variance of luma in [0, 1] below which a window counts as flat."""
LOW, HIGH = 0.2, 0.9
"""Matte values stretched to 0 and 1: a haze that the filter leaves is nobody."""


class Steadied:
    """A room's mask over time.

    An uncertain pixel keeps most of what it was, a certain one takes its new value at once, so that an edge does
    not flicker and nobody who moves leaves a ghost. That is MediaPipe's SegmentationSmoothingCalculator
    (mediapipe/calculators/image/segmentation_smoothing_calculator.cc), whose polynomial approximates the entropy
    of a pixel's probability.
    """

    def __init__(self) -> None:
        self._last: Floats | None = None

    def next(self, mask: Floats) -> Floats:
        """The steadied mask of the next frame; both [256, 256], probabilities."""
        last = self._last
        if last is None or last.shape != mask.shape or float(np.abs(mask - last).mean()) > CUT:
            self._last = mask.copy()
        else:
            self._last = mask + (last - mask) * (KEEP * uncertainty(mask))
        return self._last


def uncertainty(mask: Floats) -> Floats:
    """How undecided each probability is: 1 at 0.5, 0 towards 0 and 1."""
    x = np.square(mask - np.float32(0.5))
    decided = x * (5.68842 + x * (-0.748699 + x * (-57.8051 + x * (291.309 + x * -624.717))))
    doubt: Floats = 1 - np.minimum(decided, np.float32(1))
    return doubt


def to_frame(mask: Floats, frame: Pixels) -> Floats:
    """A mask [256, 256] as a matte [H, W] in [0, 1] that follows the edges of `frame` [H, W, 3].

    The guided filter (He, Sun and Tang, 2010) with the frame's luma as its guide; its coefficients are found at
    a reduced size (He and Sun, Fast Guided Filter, 2015).
    """
    height, width = frame.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    luma: Pixels = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    small: Floats = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    window = 2 * max(1, round(RADIUS * max(size))) + 1
    slope, offset = guide(small, cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR), window, EPSILON)
    slope = cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR)
    offset = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR)
    gain = np.float32(1 / (HIGH - LOW))
    matte = cv2.multiply(slope, luma, scale=float(gain / 255), dtype=cv2.CV_32F)
    cv2.scaleAdd(offset, float(gain), matte, dst=matte)
    matte -= np.float32(LOW) * gain
    stretched: Floats = np.clip(matte, 0, 1, out=matte)
    return stretched


def guide(guidance: Floats, target: Floats, window: int, epsilon: float) -> tuple[Floats, Floats]:
    """The guided filter's slope and offset [H, W]: its result is slope * guidance + offset.

    `guidance` and `target` have one shape, with or without channels; `window` is its box in pixels.
    """

    def mean(values: Floats) -> Floats:
        blurred: Floats = cv2.boxFilter(values, -1, (window, window), borderType=cv2.BORDER_REFLECT)
        return blurred

    mean_guidance, mean_target = mean(guidance), mean(target)
    covariance = mean(guidance * target) - mean_guidance * mean_target
    variance = mean(guidance * guidance) - mean_guidance * mean_guidance
    slope = covariance / (variance + np.float32(epsilon))
    return mean(slope), mean(mean_target - slope * mean_guidance)
