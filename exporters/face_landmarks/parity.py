"""Parity with the shipped network in LiteRT, on the faces of real photos."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from evaluation.pictures import Image, photos, read_image
from exporters.blazeface.parity import every_cell, letterbox
from exporters.contract import Measurement
from exporters.face_landmarks.network import POINTS, SIZE
from exporters.mediapipe import FACE_DETECTION, FACE_LANDMARKS, MEDIAPIPE
from exporters.onnx_tools import Floats, Graph, max_difference
from exporters.picture_network import batched_against_solo, one_by_one
from exporters.tflite.reference import Reference
from tooling.sources import Library

TOLERANCE = 1e-4
"""Of the crop's side: a fiftieth of a pixel; and of the probability of a face."""


def around(picture: Image, box: Floats) -> tuple[Image, Callable[[Floats], Floats]]:
    """A square crop around a face, and the way back from points in [0, 1] of it to pixels of ``picture``.

    ``box`` is the detector's, in [0, 1] of what :func:`letterbox` makes; half of its size is added.
    """
    height, width = picture.shape[:2]
    side = max(height, width)
    corners = box.reshape(2, 2) * side - (side - np.array([width, height])) / 2
    size = max(1.5 * float((corners[1] - corners[0]).max()), 1.0)
    origin = corners.mean(axis=0) - size / 2
    scale = SIZE / size
    matrix = np.array([[scale, 0, -origin[0] * scale], [0, scale, -origin[1] * scale]])
    crop = np.asarray(cv2.warpAffine(picture, matrix, (SIZE, SIZE)), np.uint8)
    return crop, lambda points: points * np.float32(size) + origin.astype(np.float32)


def crops(library: Library) -> Image:
    """The likeliest face of every photo: also of those without one, for the network must tell."""
    detector = Reference(library.path(MEDIAPIPE, FACE_DETECTION).read_bytes())
    found = []
    for photo in photos(library):
        picture = read_image(photo.path)
        cells = every_cell(detector, letterbox(picture))
        found.append(around(picture, cells[cells[:, 0].argmax(), 1:5])[0])
    return np.stack(found)


def measure(path: Path, library: Library) -> Iterator[Measurement]:
    """Compare on a crop of every photo; then batched with solo."""
    graph, shipped = Graph(path), Reference(library.path(MEDIAPIPE, FACE_LANDMARKS).read_bytes())
    images = crops(library)
    landmarks, presence = one_by_one(graph, images)
    theirs = [shipped(image[None].astype(np.float32) / 255) for image in images]
    their_landmarks = np.stack([outputs["conv2d_21"].reshape(POINTS, 3) / SIZE for outputs in theirs])
    logits = np.stack([outputs["conv2d_31"].reshape(1) for outputs in theirs])
    for name, value in (
        ("landmark difference", max_difference(landmarks, their_landmarks)),
        ("presence difference", max_difference(presence, 1 / (1 + np.exp(-logits)))),
    ):
        yield Measurement(
            gate="parity",
            name=name,
            value=value,
            limit=TOLERANCE,
            data=f"crops of {len(images)} photos, the shipped network in LiteRT",
        )
    yield batched_against_solo(graph, images, [landmarks, presence], "crops")
    shown = np.array([photo.faces > 0 for photo in photos(library)])
    yield Measurement(
        gate="accuracy",
        name="faces and other things mistaken",
        value=100 * float(np.mean((presence[:, 0] > 0.5) != shown)),
        limit=None,
        unit=" %",
        bound=50.0,
        data=f"crops of {len(images)} photos, threshold 0.5",
    )
