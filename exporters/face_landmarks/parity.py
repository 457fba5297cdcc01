"""Parity with the shipped network in LiteRT, on the faces of real photos."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from exporters.blazeface.parity import every_cell, letterbox
from exporters.contract import Measurement
from exporters.face_landmarks.network import POINTS, SIZE
from exporters.mediapipe import FACE_DETECTION, FACE_LANDMARKS, MEDIAPIPE
from exporters.onnx_tools import Graph, max_difference
from exporters.pictures import Image, photos, read_image
from exporters.sources import Library
from exporters.tflite.reference import Reference

TOLERANCE = 1e-4
"""Of the crop's side: a fiftieth of a pixel; and of the probability of a face."""


def crops(library: Library) -> list[Image]:
    """Of every photo the likeliest face with half its size around it; a detector always finds something."""
    detector = Reference(library.path(MEDIAPIPE, FACE_DETECTION).read_bytes())
    found = []
    for photo in photos(library):
        image = read_image(photo.path)
        cells = every_cell(detector, letterbox(image))
        box = cells[cells[:, 0].argmax(), 1:5]
        side = max(image.shape[:2])
        centre = (box[:2] + box[2:]) / 2 * side - (side - np.array(image.shape[1::-1])) / 2
        size = max(1.5 * float((box[2:] - box[:2]).max()) * side, 1.0)
        scale = SIZE / size
        matrix = np.array(
            [[scale, 0, SIZE / 2 - centre[0] * scale], [0, scale, SIZE / 2 - centre[1] * scale]]
        )
        found.append(np.asarray(cv2.warpAffine(image, matrix, (SIZE, SIZE)), np.uint8))
    return found


def measure(path: Path, library: Library) -> Iterator[Measurement]:
    """Compare on a crop of every photo; then batched with solo."""
    graph, shipped = Graph(path), Reference(library.path(MEDIAPIPE, FACE_LANDMARKS).read_bytes())
    images = np.stack(crops(library))
    alone = [graph(image=image[None]) for image in images]
    landmarks, presence = (np.concatenate(each) for each in zip(*alone, strict=True))
    theirs = [shipped(image[None].astype(np.float32) / 255) for image in images]
    their_landmarks = np.stack([each["conv2d_21"].reshape(POINTS, 3) / SIZE for each in theirs])
    logits = np.stack([each["conv2d_31"].reshape(1) for each in theirs])
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
    together = graph(image=images)
    yield Measurement(
        gate="parity",
        name="batched against solo",
        value=max(max_difference(together[0], landmarks), max_difference(together[1], presence)),
        limit=1e-5,
        data=f"{len(images)} crops",
    )
