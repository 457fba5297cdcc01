"""Vector shapes that stickers are made of, and how they get into a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from effects.raster import Floats, Pixels, filled, gaussian, inside, mixed, stroked

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Shape:
    """A polygon [N, 2] in units of whoever draws it: filled with an RGB color, or its line of some width."""

    points: Floats
    color: Color
    opacity: float = 1.0
    line: float = 0.0
    closed: bool = True
    soft: float = 0.0
    """Blur of the rim, in the same units."""


def draw(picture: Pixels, shape: Shape, points: Floats, unit: float) -> None:
    """Draw `shape` into `picture` [H, W, 3]: `points` are its own in pixels, `unit` is its unit in pixels."""
    soft = shape.soft * unit
    line = max(1, round(shape.line * unit)) if shape.line else 0
    margin = 2 + line + 3 * soft
    box = inside(points.min(axis=0) - margin, points.max(axis=0) + margin, picture.shape[1], picture.shape[0])
    if box is None:
        return
    left, top, right, bottom = box
    here = points - np.array([left, top], np.float32)
    if line:
        coverage = stroked(bottom - top, right - left, here, line, closed=shape.closed)
    else:
        coverage = filled(bottom - top, right - left, [here])
    if soft > 0:
        coverage = gaussian(coverage, soft)
    part = picture[top:bottom, left:right]
    color = np.broadcast_to(np.array(shape.color, np.uint8), part.shape)
    part[:] = mixed(color, part, coverage * np.float32(shape.opacity / 255))


def polygon(*corners: tuple[float, float]) -> Floats:
    """Corners as points."""
    return np.array(corners, np.float32)


def oval(center: tuple[float, float], across: float, high: float, square: float = 2.0) -> Floats:
    """An ellipse with these half axes; `square` above 2 bulges it towards its rectangle (a superellipse)."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    bulge = 2 / square
    points = np.stack(
        [across * np.sign(x) * np.abs(x) ** bulge, high * np.sign(y) * np.abs(y) ** bulge], axis=1
    )
    placed: Floats = (points + np.array(center)).astype(np.float32)
    return placed


def curve(start: tuple[float, float], over: tuple[float, float], end: tuple[float, float]) -> Floats:
    """A quadratic Bezier curve."""
    t = np.linspace(0, 1, 17)[:, None]
    points = (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(over) + t**2 * np.array(end)
    placed: Floats = points.astype(np.float32)
    return placed


def heart(center: tuple[float, float], size: float, turn: float = 0.0) -> Floats:
    """A heart as wide as `size`, turned by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    upright = np.stack([x, y], axis=1) * (size / 32)
    cosine, sine = np.cos(turn), np.sin(turn)
    turned = upright @ np.array([[cosine, sine], [-sine, cosine]])
    placed: Floats = (turned + np.array(center)).astype(np.float32)
    return placed
