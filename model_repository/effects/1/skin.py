"""Skin of faces: smoother and brighter, and only that. Eyes, brows, lips, hair and glasses stay as they are."""

from __future__ import annotations

import cv2
import numpy as np
from matte import guide
from mesh import BARE, FEATURES, OVAL, extent, pose
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

SMALLEST_FACE = 24.0
"""Pixels across; a smaller one has no skin to speak of."""
WORKING_FACE = 220.0
"""Pixels across at which a face is smoothed; a larger one at a reduced size, its finest detail is kept anyway."""
WINDOW = 0.07
"""Of the smoothing, as a part of the face: blemishes are smaller, the shading of cheeks is larger."""
EPSILON = 3e-3
"""Variance in [0, 1] up to which a window is smoothed: about 14 levels of 255; edges have more."""
FINE = 0.006
"""Sigma of what counts as texture (pores, fine hair), as a part of the face."""
TEXTURE = 0.45
"""How much of that stays at full strength: without it skin looks like plastic."""
GLOW = 0.35
"""The most that brightening adds, at mid-tones, as a part of the distance to white."""
LEAST_SPREAD, MOST_SPREAD = (40.0, 8.0, 8.0), (60.0, 14.0, 14.0)
"""Within what the spread of skin is believed, in levels of YCrCb. Light and shade move a face's luma a lot."""
FEATHER, RIM = 0.02, 0.05
"""Softness around features, and of the face's own outline, as parts of the face."""
FOREHEAD = 1.25
"""How much higher than the mesh a forehead may be, eyes to top. Hair there is told by its colour."""


def improve(frame: Pixels, meshes: Floats, smooth: float, brighten: float) -> Pixels:
    """`frame` [H, W, 3] with the skin of the faces `meshes` [F, 468, 3] smoothed and brightened."""
    edited = frame
    for mesh in meshes:
        size = extent(mesh)
        box = _box(mesh, frame.shape[1], frame.shape[0], margin=0.25 * size)
        if size < SMALLEST_FACE or box is None:
            continue
        if edited is frame:
            edited = frame.copy()
        left, top, right, bottom = box
        face = edited[top:bottom, left:right]
        face[:] = _improved(face, mesh[:, :2] - np.array([left, top], np.float32), size, smooth, brighten)
    return edited


def region(face: Pixels, points: Floats, size: float) -> Floats:
    """Where skin is, [H, W] in [0, 1]: inside the face's outline, off its features, in its own skin's colours.

    `points` [468, 2] are in pixels of `face` [H, W, 3]; `size` is the face's extent in pixels.
    """
    feather, rim = max(1, round(FEATHER * size)), max(1, round(RIM * size))
    inside = np.zeros(face.shape[:2], np.uint8)
    cv2.fillPoly(inside, [_forehead_too(points)], 255)
    inside = cv2.blur(cv2.erode(inside, _square(rim)), (2 * rim + 1, 2 * rim + 1))
    likely = (likelihood(face, points) * 255).astype(np.uint8)
    # Spots of another colour are what is to be smoothed.
    likely = cv2.morphologyEx(likely, cv2.MORPH_CLOSE, _square(2 * feather))
    kept = np.zeros_like(inside)
    cv2.fillPoly(kept, [_outline(points, feature) for feature in FEATURES], 255)
    likely[cv2.dilate(kept, _square(feather + 1)) > 0] = 0
    likely = cv2.blur(likely, (2 * feather + 1, 2 * feather + 1))
    soft: Floats = cv2.multiply(likely, inside, scale=1 / 255**2, dtype=cv2.CV_32F)
    return soft


def likelihood(face: Pixels, points: Floats) -> Floats:
    """How well each pixel fits the face's own skin, [H, W] in [0, 1]; learnt from cheeks and nose.

    A normal distribution in YCrCb with a least spread, so that it holds for any skin, light and camera.
    """
    colours = cv2.cvtColor(face, cv2.COLOR_RGB2YCrCb)
    bare = np.zeros(face.shape[:2], np.uint8)
    for place in BARE:
        cv2.fillPoly(bare, [_outline(points, place)], 255)
    samples = colours[bare > 0].astype(np.float32)
    if len(samples) < 8:  # out of the picture, or turned away
        return np.ones(face.shape[:2], np.float32)
    middle = np.median(samples, axis=0)
    spread = 1.4826 * np.median(np.abs(samples - middle), axis=0)
    spread = np.clip(spread, LEAST_SPREAD, MOST_SPREAD).astype(np.float32)
    away = cv2.absdiff(colours.astype(np.float32), np.broadcast_to(middle.astype(np.float32), colours.shape))
    distance = np.square(away / spread).sum(axis=2)
    fit: Floats = np.exp(-0.5 * np.maximum(distance - 2.0, 0)).astype(np.float32)
    return fit


def _improved(face: Pixels, points: Floats, size: float, smooth: float, brighten: float) -> Pixels:
    scale = min(1.0, WORKING_FACE / size)
    height, width = face.shape[:2]
    small_size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(face, small_size, interpolation=cv2.INTER_AREA)
    where = region(small, points * np.float32(scale), size * scale)
    change = np.zeros(small.shape, np.float32)
    if smooth > 0:
        change += smooth * (_smoothed(small, size * scale) - small)
    if brighten > 0:
        change += brighten * _glow(small + change)
    change *= where[..., None]
    if scale < 1:
        change = cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR)
    edited: Pixels = cv2.add(face, change, dtype=cv2.CV_8U)
    return edited


def _smoothed(face: Pixels, size: float) -> Floats:
    """Skin without blotches, in levels [H, W, 3]: a guided filter of the face by itself, its texture put back."""
    values = face.astype(np.float32) / 255
    window = 2 * max(2, round(WINDOW * size)) + 1
    slope, offset = guide(values, values, window, EPSILON)
    even = slope * values + offset
    texture = values - cv2.GaussianBlur(values, (0, 0), max(0.6, FINE * size))
    smoothed: Floats = 255 * (even + TEXTURE * texture)
    return smoothed


def _glow(levels: Floats) -> Floats:
    """What brightening adds in levels [H, W, 3], at full strength: luma y becomes y + GLOW y (1 - y).

    Black and white stay (a soft shoulder: nothing burns out), and colours keep their hue and saturation.
    """
    luma = np.clip(levels @ np.array([0.299, 0.587, 0.114], np.float32), 0, 255) / 255
    added: Floats = levels * (GLOW * (1 - luma))[..., None]
    return added


def _outline(points: Floats, indices: list[int]) -> NDArray[np.int32]:
    return np.rint(points[indices]).astype(np.int32)


def _forehead_too(points: Floats) -> NDArray[np.int32]:
    """The face's outline, its part above the eyes drawn up."""
    lies = pose(points)
    outline = points[OVAL]
    above = np.minimum((outline - lies.origin) @ lies.down, 0)
    return np.rint(outline + ((FOREHEAD - 1) * above)[:, None] * lies.down).astype(np.int32)


def _square(radius: int) -> Pixels:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)


def _box(mesh: Floats, width: int, height: int, margin: float) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of a face within the picture; None where less than 2 pixels are."""
    low = np.floor(mesh[:, :2].min(axis=0) - margin)
    high = np.ceil(mesh[:, :2].max(axis=0) + margin)
    left, top = (int(v) for v in np.clip(low, 0, [width, height]))
    right, bottom = (int(v) for v in np.clip(high, 0, [width, height]))
    return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None
