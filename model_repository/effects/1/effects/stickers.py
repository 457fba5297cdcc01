"""Stickers: drawn as shapes onto each face, which they follow in place, size and in-plane rotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from effects.mesh import CHIN, FOREHEAD, LEFT_EYE, LEFT_TEMPLE, NOSE_TIP, RIGHT_EYE, RIGHT_TEMPLE, Pose, pose
from effects.raster import Floats, Pixels
from effects.shapes import Shape, curve, draw, heart, oval, polygon

Point = tuple[float, float]

GOLD, DARK_GOLD, RUBY, SAPPHIRE = (247, 198, 52), (190, 132, 20), (206, 32, 60), (48, 96, 208)
BLACK, TINT, GLINT = (24, 24, 28), (40, 60, 90), (255, 255, 255)
HIDDEN = 0.2
"""Of a side of the face that is seen, up to which nothing is drawn on it."""
FUR, PINK, BLUSH, RED = (72, 62, 60), (244, 150, 170), (240, 96, 120), (228, 40, 84)


class Anchors:
    """Places on a face, in its own units: x to the right, y down from between the eyes, 1 their distance."""

    def __init__(self, mesh: Floats) -> None:
        self.pose: Pose = pose(mesh)
        self._points = mesh[:, :2]
        self.left_eye, self.right_eye = self.at(LEFT_EYE), self.at(RIGHT_EYE)
        self.left_side, self.right_side = self.at([LEFT_TEMPLE]), self.at([RIGHT_TEMPLE])
        self.top, self.chin, self.nose = self.at([FOREHEAD]), self.at([CHIN]), self.at([NOSE_TIP])
        self.middle = (self.left_side[0] + self.right_side[0]) / 2
        """Of the head: behind the eyes when it turns."""

    def seen(self, side: float) -> float:
        """How much of a side (-1: left, 1: right) is seen, from 0 to 1: less when the face turns to it."""
        temple = self.left_side if side < 0 else self.right_side
        return min(1.0, max(0.0, (temple[0] * side - 0.3) / 0.6))

    def at(self, indices: list[int]) -> Point:
        """Where the middle of these points of the mesh is."""
        away = (self._points[indices].mean(axis=0) - self.pose.origin) / self.pose.unit
        return float(away @ self.pose.right), float(away @ self.pose.down)


def apply(frame: Pixels, meshes: Floats, sticker: str, strength: float) -> Pixels:
    """`frame` [H, W, 3] with `sticker` on each of the faces `meshes` [F, 468, 3], `strength` its opacity."""
    if not len(meshes):
        return frame
    edited = frame.copy()
    for mesh in meshes:
        anchors = Anchors(mesh)
        for shape in STICKERS[sticker](anchors):
            draw(edited, shape, anchors.pose.place(shape.points), anchors.pose.unit)
    return np.asarray(cv2.addWeighted(edited, strength, frame, 1 - strength, 0), np.uint8)


def _glasses(face: Anchors) -> Iterator[Shape]:
    lenses = [
        (face.left_eye, face.left_side, -1.0),
        (face.right_eye, face.right_side, 1.0),
    ]
    for eye, temple, side in lenses:
        # A lens narrows as its side of the face does.
        half = 0.40 * max(0.45, face.seen(side))
        center = (eye[0] + 0.03 * side, eye[1] + 0.06)
        rim = oval(center, half, 0.33, square=3.0)
        yield Shape(rim, TINT, opacity=0.30)
        yield Shape(
            curve(
                (center[0] - 0.2, center[1] - 0.12),
                (center[0] - 0.16, center[1] - 0.22),
                (center[0] + 0.02, center[1] - 0.23),
            ),
            GLINT,
            0.5,
            line=0.045,
            closed=False,
        )
        yield Shape(rim, BLACK, line=0.06)
        outer = (center[0] + half * side, center[1] - 0.1)
        if (temple[0] - outer[0]) * side > 0:
            yield Shape(polygon(outer, (temple[0], temple[1] - 0.02)), BLACK, line=0.06, closed=False)
    left, right = face.left_eye, face.right_eye
    start, end = (left[0] + 0.37, left[1]), (right[0] - 0.37, right[1])
    if end[0] > start[0]:
        yield Shape(curve(start, (0.0, -0.12), end), BLACK, line=0.06, closed=False)


def _crown(face: Anchors) -> Iterator[Shape]:
    middle, base = face.middle, face.top[1] - 0.22
    half, spikes = 0.82, 5
    rim = []
    for i in range(2 * spikes - 1):
        x = -1 + i / (spikes - 1)
        # The band bends as it goes round the head; outer spikes lean outwards.
        y = base - 0.08 * (1 - x * x)
        rim.append((middle + half * x * (1.12 if i % 2 == 0 else 1.0), y - (0.85 if i % 2 == 0 else 0.42)))
    band = [
        (middle + half * x, base - 0.08 * (1 - x * x) + 0.14 * (1 - x * x)) for x in np.linspace(1, -1, 15)
    ]
    outline = polygon(*rim, *band)
    yield Shape(outline, GOLD)
    yield Shape(outline, DARK_GOLD, line=0.035)
    lower = [(x, y - 0.22) for x, y in band]
    yield Shape(polygon(*lower), DARK_GOLD, line=0.035, closed=False)
    for i, (x, y) in enumerate(rim[::2]):
        yield Shape(oval((x, y - 0.04), 0.075, 0.075), RUBY if i % 2 == 0 else SAPPHIRE)
    for x in (-0.55, 0.0, 0.55):
        y = base + 0.06 * (1 - x * x) - 0.11
        yield Shape(oval((middle + half * x, y), 0.075, 0.06), RUBY if x == 0 else SAPPHIRE)


def _cat(face: Anchors) -> Iterator[Shape]:
    middle, base = face.middle, face.top[1]
    for side in (-1.0, 1.0):
        inner, outer = middle + 0.28 * side, middle + 0.98 * side
        tip = (middle + 0.88 * side, base - 0.95)
        ear = np.concatenate(
            [
                curve((inner, base - 0.30), (middle + 0.48 * side, base - 0.75), tip),
                curve(tip, (middle + 1.06 * side, base - 0.45), (outer, base + 0.12)),
            ]
        )
        yield Shape(ear, FUR)
        center = np.array([middle + 0.72 * side, base - 0.32], np.float32)
        yield Shape(center + (ear - center) * np.float32(0.6), PINK)
    x, y = face.nose
    yield Shape(oval((x, y - 0.02), 0.15, 0.10, square=2.4), PINK)
    yield Shape(oval((x - 0.04, y - 0.05), 0.035, 0.02), GLINT, opacity=0.7)
    for side in (-1.0, 1.0):
        seen = face.seen(side)
        for lift in (-0.16, 0.0, 0.16) if seen > HIDDEN else ():
            start = (x + 0.34 * side * seen, y + 0.14 + 0.5 * lift)
            end = (x + 1.12 * side * seen, y + 0.10 + 1.6 * lift)
            over = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 0.05)
            yield Shape(curve(start, over, end), FUR, line=0.028, closed=False)


def _hearts(face: Anchors) -> Iterator[Shape]:
    for eye, side in ((face.left_eye, -1.0), (face.right_eye, 1.0)):
        seen = face.seen(side)
        if seen > HIDDEN:
            cheek = (eye[0] + 0.05 * side, 0.5 * (eye[1] + face.nose[1]) + 0.28)
            yield Shape(oval(cheek, 0.22 * seen, 0.13), BLUSH, opacity=0.55, soft=0.07)
    middle, top = face.middle, face.top[1] - 0.8
    for x, lift, size in ((-0.78, 0.16, 0.36), (0.0, -0.10, 0.48), (0.78, 0.16, 0.36)):
        turn = 0.3 * x
        shape = heart((middle + x, top + lift), size, turn)
        yield Shape(shape, RED)
        yield Shape(
            oval((middle + x - 0.22 * size, top + lift - 0.2 * size), 0.1 * size, 0.07 * size), GLINT, 0.6
        )


STICKERS: dict[str, Callable[[Anchors], Iterator[Shape]]] = {
    "glasses": _glasses,
    "crown": _crown,
    "cat": _cat,
    "hearts": _hearts,
}
"""By the names that settings know them by."""
