"""Skin of faces: smoother and brighter. Eyes, brows, hair and glasses stay as they are."""

from __future__ import annotations

import cv2
import numpy as np

from effects.matte import guide
from effects.mesh import BARE, EYES_AND_BROWS, LIPS, OVAL, extent, pose
from effects.raster import Floats, Pixels, added, box_mean, filled, gaussian, inside, resized, shrunk, tripled

MARGIN = 0.25
"""Of what is looked at around the mesh, as a part of the face."""
FEWEST = 8
"""Pixels of bare skin from which its color can be learnt."""
SMALLEST_FACE = 24.0
"""Pixels across; a smaller one has no skin to speak of."""
WORKING_FACE = 220.0
"""Pixels across at which a face is smoothed; a larger one is made smaller: its finest detail stays anyway."""
COARSE_FACE = 110.0
"""Pixels across at which it is found out where skin is, and how to smooth it."""
WINDOW = 0.07
"""Of the smoothing, as a part of the face: blemishes are smaller, the shading of cheeks is larger."""
EPSILON = 6e-3
"""Variance in [0, 1] up to which a window is smoothed: about 20 levels of 255; edges have more."""
FINE = 0.006
"""Sigma of what counts as texture (pores, fine hair), as a part of the face."""
TEXTURE = 0.35
"""How much of that stays at full strength: without it skin looks like plastic."""
GLOW = 0.4
"""The most that brightening adds, at mid-tones, as a part of the distance to white."""
HEADROOM = 0.8
"""How much of what the strongest color lacks to white it may be given."""
LEAST_SPREAD, MOST_SPREAD = (40.0, 8.0, 8.0), (60.0, 14.0, 14.0)
"""Within what a spread of skin is believed, in levels of YCrCb: light and shade move luma a lot."""
FEATHER, RIM = 0.02, 0.05
"""Softness around features, and of the face's own outline, as parts of the face."""
FOREHEAD = 1.25
"""How much higher than the mesh a forehead may be, eyes to top. Hair there is told by its color."""


def improve(frame: Pixels, meshes: Floats, smooth: float, brighten: float) -> Pixels:
    """`frame` [H, W, 3] with the skin of the faces `meshes` [F, 468, 3] smoothed and brightened."""
    edited = frame
    for mesh in meshes:
        size = extent(mesh)
        low, high = mesh[:, :2].min(axis=0) - MARGIN * size, mesh[:, :2].max(axis=0) + MARGIN * size
        box = inside(low, high, frame.shape[1], frame.shape[0])
        if size < SMALLEST_FACE or box is None:
            continue
        if edited is frame:
            edited = frame.copy()
        left, top, right, bottom = box
        face = edited[top:bottom, left:right]
        face[:] = _improved(face, mesh[:, :2] - np.array([left, top], np.float32), size, smooth, brighten)
    return edited


def region(fit: Floats, points: Floats, size: float, *, lips: bool = False) -> Floats:
    """Where skin is, [H, W] in [0, 1]: inside the face's outline, off its features, in its own colors.

    `fit` [H, W] is the face's `likelihood`, `points` [468, 2] are in its pixels, `size` is the face's extent.
    `lips` says whether they count as skin.
    """
    height, width = fit.shape
    feather, rim = max(1, round(FEATHER * size)), max(1, round(RIM * size))
    outline = filled(height, width, [_forehead_too(points)])
    within = box_mean(np.asarray(cv2.erode(outline, _square(rim)), np.uint8), 2 * rim + 1)
    likely = (fit * 255).astype(np.uint8)
    # Spots of another color are what is to be smoothed.
    likely = np.asarray(cv2.morphologyEx(likely, cv2.MORPH_CLOSE, _square(2 * feather)), np.uint8)
    # Features stay as they are, with as much around them as the softening reaches.
    around = _square(feather + 1)
    mouth = np.asarray(cv2.dilate(filled(height, width, [points[LIPS]]), around))
    likely[mouth > 0] = 255 if lips else 0
    features = filled(height, width, [points[outline] for outline in EYES_AND_BROWS])
    likely[np.asarray(cv2.dilate(features, around)) > 0] = 0
    soft = box_mean(likely, 2 * feather + 1)
    return soft.astype(np.float32) * within / np.float32(255**2)


def likelihood(face: Pixels, points: Floats) -> Floats:
    """How well each pixel fits the face's own skin, [H, W] in [0, 1]; learnt from cheeks and nose.

    A normal distribution in YCrCb with a least spread, so that it holds for any skin, light and camera.
    """
    height, width = face.shape[:2]
    colors = np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2YCrCb)).astype(np.float32)
    samples = colors[filled(height, width, [points[place] for place in BARE]) > 127]
    if len(samples) < FEWEST:  # out of the picture, or turned away
        return np.ones((height, width), np.float32)
    middle = np.median(samples, axis=0)
    spread = 1.4826 * np.median(np.abs(samples - middle), axis=0)  # of a normal distribution
    spread = np.clip(spread, LEAST_SPREAD, MOST_SPREAD).astype(np.float32)
    distance = np.square((colors - middle) / spread).sum(axis=2)
    fit: Floats = np.exp(-0.5 * np.maximum(distance - 2, 0)).astype(np.float32)
    return fit


def _improved(face: Pixels, points: Floats, size: float, smooth: float, brighten: float) -> Pixels:
    height, width = face.shape[:2]
    pixels = shrunk(face, WORKING_FACE / size * max(height, width))
    small = shrunk(pixels, COARSE_FACE / size * max(height, width))
    scale = max(small.shape) / max(height, width)
    own, own_size = points * np.float32(scale), size * scale
    fit = likelihood(small, own)
    levels = pixels.astype(np.float32)
    change = np.zeros_like(levels)
    if smooth > 0:
        where = resized(region(fit, own, own_size), levels.shape[1], levels.shape[0])
        change += tripled(np.float32(smooth) * where) * (_smoothed(levels, small, own_size) - levels)
    if brighten > 0:  # lips too: between brighter skin they would look dark
        where = resized(region(fit, own, own_size, lips=True), levels.shape[1], levels.shape[0])
        change += tripled(np.float32(brighten) * where) * _glow(levels + change)
    return added(face, resized(change, width, height))


def _smoothed(levels: Floats, small: Pixels, size: float) -> Floats:
    """Skin without blotches [H, W, 3]: a guided filter of the face by itself, with its texture put back.

    The filter's coefficients come from the face made smaller, `small`, whose extent is `size`.
    """
    height, width = levels.shape[:2]
    values = small.astype(np.float32)
    slope, offset = guide(values, values, 2 * max(1, round(WINDOW * size)) + 1, EPSILON * 255**2)
    even = resized(slope, width, height) * levels + resized(offset, width, height)
    texture = levels - gaussian(levels, max(0.6, FINE * size * width / small.shape[1]))
    even += np.float32(TEXTURE) * texture
    return even


def _glow(levels: Floats) -> Floats:
    """What brightening adds [H, W, 3], at full strength: luma y in [0, 1] becomes y + GLOW y (1 - y).

    Black and white stay (a soft shoulder), and colors keep hue and saturation: where the strongest of the
    three would burn out all get less.
    """
    luma = np.asarray(cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY), np.float32)
    red, green, blue = cv2.split(levels)
    strongest = np.maximum(np.maximum(np.maximum(red, green), blue), 1)
    gain = np.minimum(np.float32(GLOW) * (1 - luma / 255), np.float32(HEADROOM) * (255 / strongest - 1))
    return levels * tripled(np.maximum(gain, 0))


def _forehead_too(points: Floats) -> Floats:
    """The face's outline, its part above the eyes drawn up."""
    lies = pose(points)
    outline = points[OVAL]
    above = np.minimum((outline - lies.origin) @ lies.down, 0)
    drawn: Floats = outline + (np.float32(FOREHEAD - 1) * above)[:, None] * lies.down
    return drawn


def _square(radius: int) -> Pixels:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
