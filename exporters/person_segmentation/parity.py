"""Parity with the shipped network in LiteRT, on real photos."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from evaluation.pictures import Image, photos, read_image
from exporters.contract import Measurement
from exporters.onnx_tools import Graph, max_difference
from exporters.person_segmentation.network import SIZE
from exporters.picture_network import batched_against_solo, one_by_one
from exporters.tflite.reference import Reference
from tooling.sources import Library

TOLERANCE = 5e-4
"""Of a probability: an eighth of the smallest step of a mask of bytes."""


def measure(path: Path, tflite: Path, library: Library) -> Iterator[Measurement]:
    """Compare on every photo; then batched with solo."""
    graph, shipped = Graph(path), Reference(tflite.read_bytes())
    images = np.stack([_stretched(read_image(photo.path)) for photo in photos(library)])
    (alone,) = one_by_one(graph, images)
    theirs = [next(iter(shipped(image[None].astype(np.float32) / 255).values())) for image in images]
    yield Measurement(
        gate="parity",
        name="mask difference",
        value=max_difference(alone, np.concatenate(theirs)[..., 0]),
        limit=TOLERANCE,
        data=f"{len(images)} photos, the shipped network in LiteRT",
    )
    yield batched_against_solo(graph, images, [alone], "photos")
    people = np.array([photo.faces > 0 for photo in photos(library)])
    yield Measurement(
        gate="accuracy",
        name="photos of people without a person in the mask",
        value=100 * float(np.mean((alone[people] > 0.5).mean((1, 2)) < 0.02)),
        limit=None,
        unit=" %",
        bound=50.0,
        data=f"{people.sum()} photos, a fiftieth of the picture at least",
    )


def _stretched(picture: Image) -> Image:
    return np.asarray(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
