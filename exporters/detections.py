"""How well a face detector counts the faces of real photos."""

from collections.abc import Sequence

import cv2

from evaluation.pictures import Photo
from exporters.contract import Measurement
from exporters.onnx_tools import Floats

LIKELY = 0.5
"""The score from which on a face is believed."""
USELESS = 50.0
"""Percent of faces missed or invented from which on nobody is served by a detector."""
_OVERLAP = 0.3
"""Of two boxes that share more of their union than this, the better one is kept."""


def count(rows: Floats) -> int:
    """How many faces are left of one picture's ``rows`` (score, x1, y1, x2, y2, ...) after suppression."""
    likely = rows[rows[:, 0] > LIKELY]
    boxes = [(left, top, right - left, bottom - top) for left, top, right, bottom in likely[:, 1:5].tolist()]
    return len(cv2.dnn.NMSBoxes(boxes, likely[:, 0].tolist(), LIKELY, _OVERLAP))


def miscounted(
    known: Sequence[Photo], found: Sequence[Floats], limit: float | None, pixels: int
) -> Measurement:
    """Percent of faces missed or invented in photos that the detector saw ``pixels`` on the longer side."""
    wrong = sum(abs(count(rows) - photo.faces) for photo, rows in zip(known, found, strict=True))
    return Measurement(
        gate="accuracy",
        name="faces missed or invented",
        value=100 * wrong / sum(photo.faces for photo in known),
        limit=limit,
        unit=" %",
        bound=USELESS,
        data=f"{len(known)} photos at {pixels} pixels, threshold {LIKELY}",
    )
