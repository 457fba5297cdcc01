"""Parity with the shipped network in LiteRT, decoded in numpy; faces found in photos."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from evaluation.pictures import Image, photos, read_image
from exporters.blazeface.network import CLIP, FACES, LANDMARKS, SIZE, anchors
from exporters.contract import Measurement
from exporters.detections import miscounted
from exporters.onnx_tools import Floats, Graph, max_difference
from exporters.picture_network import batched_against_solo, one_by_one
from exporters.tflite.reference import Reference
from tooling.sources import Library

TOLERANCE = 1e-4
"""Of probabilities, and of positions in [0, 1] of the input: a fiftieth of a pixel."""


def letterbox(picture: Image) -> Image:
    """``picture`` [H, W, 3] in the middle of a black square of the network's size."""
    scale = SIZE / max(picture.shape[:2])
    height, width = (max(round(length * scale), 1) for length in picture.shape[:2])
    left, top = (SIZE - width) // 2, (SIZE - height) // 2
    square = np.zeros((SIZE, SIZE, 3), np.uint8)
    inner = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    square[top : top + height, left : left + width] = inner
    return square


def every_cell(shipped: Reference, square: Image) -> Floats:
    """What the shipped network finds in a picture [192, 192, 3]: a row of 17 for each of its 2304 cells.

    These are score, box and landmarks; positions are in [0, 1] of the input, as in the exported graph.
    """
    outputs = shipped(square[None].astype(np.float32) / 127.5 - 1)
    raw, logits = outputs["Identity"][0], outputs["Identity_1"][0]
    points = raw.reshape(-1, 2 + LANDMARKS, 2) / SIZE
    centers, halves = points[:, 0] + anchors(), points[:, 1] / 2
    landmarks = (points[:, 2:] + anchors()[:, None]).reshape(len(points), -1)
    scores = 1 / (1 + np.exp(-np.clip(logits, -CLIP, CLIP).astype(np.float64)))
    found: Floats = np.hstack([scores, centers - halves, centers + halves, landmarks]).astype(np.float32)
    return found


def rows(scores: Floats, boxes: Floats, landmarks: Floats) -> Floats:
    """What the exported graph finds in B pictures, as rows of the same form: [B, 64, 17]."""
    return np.concatenate([scores[..., None], boxes, landmarks.reshape(len(scores), FACES, -1)], axis=2)


def measure(path: Path, tflite: Path, library: Library) -> Iterator[Measurement]:
    """Compare on every photo, then batched with solo, then count faces."""
    graph, shipped = Graph(path), Reference(tflite.read_bytes())
    known = photos(library)
    squares = np.stack([letterbox(read_image(photo.path)) for photo in known])
    alone = one_by_one(graph, squares)
    found = rows(*alone)
    expected = np.stack([every_cell(shipped, square) for square in squares])
    best = -np.sort(-expected[..., 0], axis=1)[:, :FACES]
    # Two cells of nearly one score may change places, so a face is compared with the cell it is most like.
    apart = np.abs(found[:, :, None] - expected[:, None]).max(axis=3).min(axis=2)
    for name, value in (
        ("score difference", max_difference(found[..., 0], best)),
        ("difference of a face to the nearest of all cells", float(apart.max())),
    ):
        yield Measurement(
            gate="parity",
            name=name,
            value=value,
            limit=TOLERANCE,
            data=f"{len(squares)} photos, the shipped network in LiteRT",
        )
    yield batched_against_solo(graph, squares, alone, "photos")
    yield miscounted(known, list(found), limit=5.0, pixels=SIZE)
