"""The matte: how much of each pixel is person, steady from frame to frame and true to the picture's edges."""

from __future__ import annotations

import cv2
import numpy as np

from effects.raster import Floats, Pixels, box_mean, gaussian, resized, shrunk

KEEP = 0.9
"""How much of its past a wholly undecided pixel keeps."""
MOVED = 8.0
"""Change of luma, in levels, from which a pixel shows something else than before."""
LOOK = 1.5
"""Pixels of the mask over which luma is compared: a camera's noise is no movement."""
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

    An uncertain pixel keeps most of what it was, a certain one takes its new value at once, so that edges do
    not flicker. That is MediaPipe's SegmentationSmoothingCalculator (mediapipe/calculators/image/
    segmentation_smoothing_calculator.cc), whose polynomial approximates the entropy of a pixel's probability.
    Beyond it, nothing is kept where the picture itself has changed: who moves leaves no ghost.
    """

    def __init__(self) -> None:
        self._last: tuple[Floats, Floats] | None = None

    def next(self, mask: Floats, frame: Pixels) -> Floats:
        """The steadied mask of the next frame [H, W, 3]; both masks [256, 256], probabilities."""
        luma = _luma(shrunk(frame, 2 * max(mask.shape)))
        seen = gaussian(resized(luma, mask.shape[1], mask.shape[0]), LOOK).astype(np.float32)
        steadied = mask.copy()
        if self._last is not None:
            past, seen_then = self._last
            if float(np.abs(mask - past).mean()) < CUT:
                still = np.exp(-np.square((seen - seen_then) / np.float32(MOVED)))
                steadied += (past - mask) * (KEEP * uncertainty(mask) * still)
        self._last = steadied, seen
        return steadied


def uncertainty(mask: Floats) -> Floats:
    """How undecided each probability is: 1 at 0.5, 0 towards 0 and 1."""
    x = np.square(mask - np.float32(0.5))
    decided = x * (5.68842 + x * (-0.748699 + x * (-57.8051 + x * (291.309 + x * -624.717))))
    doubt: Floats = 1 - np.minimum(decided, np.float32(1))
    return doubt


def to_frame(mask: Floats, frame: Pixels) -> Floats:
    """A mask [256, 256] as a matte [H, W] in [0, 1] that follows the edges of `frame` [H, W, 3].

    The guided filter (He, Sun and Tang, 2010) with the frame's luma as its guide; its coefficients are found
    at a reduced size (He and Sun, Fast Guided Filter, 2015).
    """
    height, width = frame.shape[:2]
    luma = _luma(frame)
    small = shrunk(luma, WORKING_SIDE).astype(np.float32) / 255
    window = 2 * max(1, round(RADIUS * max(small.shape))) + 1
    slope, offset = guide(small, resized(mask, small.shape[1], small.shape[0]), window, EPSILON)
    # Stretched while it is small: the rest is one product and one sum over the whole frame.
    gain = np.float32(1 / (HIGH - LOW))
    slope = resized(slope * (gain / 255), width, height)
    offset = resized((offset - np.float32(LOW)) * gain, width, height)
    matte = slope * luma + offset
    return np.clip(matte, 0, 1, out=matte)


def guide(guidance: Floats, target: Floats, window: int, epsilon: float) -> tuple[Floats, Floats]:
    """The guided filter's slope and offset: its result is slope * guidance + offset.

    `guidance` and `target` have one shape, with or without channels; `window` is its box in pixels.
    """
    mean_guidance, mean_target = box_mean(guidance, window), box_mean(target, window)
    covariance = box_mean(guidance * target, window) - mean_guidance * mean_target
    variance = box_mean(guidance * guidance, window) - mean_guidance * mean_guidance
    slope = covariance / (variance + np.float32(epsilon))
    return box_mean(slope, window), box_mean(mean_target - slope * mean_guidance, window)


def _luma(frame: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
