"""What was seen, drawn onto the picture: boxes, landmarks and labels that show on any background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._faces import Face
from .._picture import Pixels
from ._fonts import Fonts

if TYPE_CHECKING:
    from PIL import ImageDraw

Rectangle: TypeAlias = tuple[float, float, float, float]

READABLE = 480
"""Pixels: pictures whose shorter side has less are enlarged by a whole number before they are drawn on."""

_KNOWN = (64, 224, 255)
_UNKNOWN = (255, 208, 64)
_DARK = (0, 0, 0)
_PLATE = (0, 0, 0, 176)
_WHITE = (255, 255, 255)


class Annotator:
    """Draws on pictures of one size.

    Boxes and points are light with a dark edge, and labels stand on a dark plate: on white, on black and on
    anything else one of the two shows. A name that no font at hand can draw is drawn as its number in
    `legend`.

    Args:
        width: pixels of the pictures.
        height: likewise.
        font: a font file for the labels.

    Raises:
        InvalidInput: that is not a font.
    """

    def __init__(self, width: int, height: int, font: str | None = None) -> None:
        self.scale = max(1, -(-READABLE // max(1, min(width, height))))
        if self.scale * max(width, height) > 16 * READABLE:  # a long thin strip
            self.scale = 1
        self._line = max(1, round(min(width, height) * self.scale / 220))
        self._fonts = Fonts(max(12, round(min(width, height) * self.scale / 26)), font)
        self.legend: dict[str, str] = {}

    def draw(self, pixels: Pixels, faces: Sequence[Face]) -> Pixels:
        """A copy of `pixels` [height, width, 3], `scale` times as large, with the faces on it."""
        from PIL import Image, ImageDraw  # noqa: PLC0415 - an optional extra

        image = Image.fromarray(pixels)
        if self.scale > 1:
            size = (image.width * self.scale, image.height * self.scale)
            image = image.resize(size, Image.Resampling.BICUBIC)
        canvas = ImageDraw.Draw(image, "RGBA")
        for face in faces:
            self._mark(canvas, face)
        taken: list[Rectangle] = []
        for face in faces:
            self._label(canvas, face, taken, image.size)
        return np.asarray(image)

    def _mark(self, canvas: ImageDraw.ImageDraw, face: Face) -> None:
        color, line = _color(face), self._line
        box = [edge * self.scale for edge in face.box]
        canvas.rectangle([box[0] - line, box[1] - line, box[2] + line, box[3] + line], None, _DARK, 3 * line)
        canvas.rectangle(box, None, color, line)
        if face.mesh is not None:
            for x, y in (face.mesh[:, :2] * self.scale).tolist():
                canvas.ellipse([x - line / 2, y - line / 2, x + line / 2, y + line / 2], color)
        for x, y in face.landmarks:
            for radius, fill in ((2.5 * line, _DARK), (1.5 * line, color)):
                left, top = x * self.scale - radius, y * self.scale - radius
                canvas.ellipse([left, top, left + 2 * radius, top + 2 * radius], fill)

    def _label(
        self, canvas: ImageDraw.ImageDraw, face: Face, taken: list[Rectangle], size: tuple[int, int]
    ) -> None:
        text = label(face, face.name)
        font = self._fonts.for_text(text)
        if font is None and face.name:
            text = label(face, self.legend.setdefault(face.name, f"#{len(self.legend) + 1}"))
            font = self._fonts.for_text(text)
        if font is None:  # it has not even letters
            return
        left, top, right, bottom = canvas.textbbox((0, 0), text, font=font)
        pad = 2 * self._line
        width, height = right - left + 2 * pad, bottom - top + 2 * pad
        plate = _place(face, self.scale, (width, height), size, taken, 2 * self._line)
        taken.append(plate)
        canvas.rectangle(plate, _PLATE)
        canvas.text((plate[0] + pad - left, plate[1] + pad - top), text, _WHITE, font)


def label(face: Face, name: str | None) -> str:
    """Who it is, the likeliest expression, and its probability."""
    expression = f"{face.top_expression} {face.expression[face.top_expression]:.2f}"
    return f"{name} {expression}" if name else expression


def _color(face: Face) -> tuple[int, int, int]:
    return _KNOWN if face.name else _UNKNOWN


def _place(
    face: Face,
    scale: int,
    plate: tuple[float, float],
    picture: tuple[int, int],
    taken: Iterable[Rectangle],
    gap: float,
) -> Rectangle:
    """Above the face, below it, or inside at the top or bottom: the first that fits and covers no label."""
    x1, y1, _, y2 = (edge * scale for edge in face.box)
    width, height = plate
    left = min(max(0.0, x1), max(0.0, picture[0] - width))
    tops = (y1 - gap - height, y2 + gap, y1 + gap, y2 - gap - height)
    places = [(left, top, left + width, top + height) for top in tops]
    within = [place for place in places if place[1] >= 0 and place[3] <= picture[1]]
    free = [place for place in within if not any(_overlap(place, other) for other in taken)]
    if free or within:
        return (free or within)[0]
    top = min(max(0.0, y1), max(0.0, picture[1] - height))
    return (left, top, left + width, top + height)


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
