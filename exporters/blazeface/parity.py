"""Parity with the shipped network in LiteRT, decoded in numpy."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from exporters.blazeface.network import CLIP, FACES, LANDMARKS, SIZE, anchors
from exporters.contract import Measurement
from exporters.onnx_tools import Floats, Graph, max_difference
from exporters.pictures import Image, photos, read_image
from exporters.sources import Library
from exporters.tflite.reference import Reference

TOLERANCE = 1e-4
"""Of probabilities, and of positions in [0, 1] of the input: a fiftieth of a pixel."""


def letterbox(image: Image) -> Image:
    """The picture [H, W, 3] in a square of the network's size, black beside or above and below it."""
    height, width = image.shape[:2]
    scale = SIZE / max(height, width)
    inner = max(round(width * scale), 1), max(round(height * scale), 1)
    square = np.zeros((SIZE, SIZE, 3), np.uint8)
    left, top = (SIZE - inner[0]) // 2, (SIZE - inner[1]) // 2
    square[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    return square


@dataclass(frozen=True)
class Shipped:
    """The shipped network; gives every cell's face."""

    reference: Reference

    def __call__(self, square: Image) -> Floats:
        """Score, box and landmarks of every cell of one picture [192, 192, 3], as a row of 17: [2304, 17]."""
        outputs = self.reference(square[None].astype(np.float32) / 127.5 - 1)
        raw, logits = outputs["Identity"][0], outputs["Identity_1"][0]
        points = raw.reshape(-1, 2 + LANDMARKS, 2) / SIZE
        centres, sizes = points[:, 0] + anchors(), points[:, 1]
        landmarks = points[:, 2:] + anchors()[:, None]
        scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -CLIP, CLIP)))
        rows = [scores, centres - sizes / 2, centres + sizes / 2, landmarks.reshape(len(points), -1)]
        return np.concatenate(rows, axis=1).astype(np.float32)


def rows(outputs: list[Floats]) -> Floats:
    """The exported graph's outputs (scores, boxes, landmarks) in the form of :class:`Shipped`: [B, 64, 17]."""
    scores, boxes, landmarks = outputs
    return np.concatenate([scores[..., None], boxes, landmarks.reshape(len(scores), FACES, -1)], axis=2)


def parity(path: Path, tflite: Path, library: Library) -> Iterator[Measurement]:
    """Compare on every photo; then batched with solo."""
    graph, shipped = Graph(path), Shipped(Reference(tflite))
    squares = [letterbox(read_image(photo.path)) for photo in photos(library)]
    alone = np.concatenate([rows(graph(image=square[None])) for square in squares])
    every = [shipped(square) for square in squares]
    data = f"{len(squares)} photos, the network MediaPipe ships in LiteRT"
    best = np.stack([np.sort(cells[:, 0])[::-1][:FACES] for cells in every])
    yield Measurement(
        gate="parity",
        name="max difference of the scores",
        value=max_difference(alone[..., 0], best),
        limit=TOLERANCE,
        data=data,
    )
    # Two cells with equal scores may change places: each face is compared with the cell it is most like.
    yield Measurement(
        gate="parity",
        name="max difference of a face to the nearest of all cells",
        value=max(
            float(np.abs(faces[:, None] - cells[None]).max(axis=2).min(axis=1).max())
            for faces, cells in zip(alone, every, strict=True)
        ),
        limit=TOLERANCE,
        data=data,
    )
    yield Measurement(
        gate="parity",
        name="batched against solo",
        value=max_difference(rows(graph(image=np.stack(squares))), alone),
        limit=1e-5,
        data=f"{len(squares)} photos",
    )
