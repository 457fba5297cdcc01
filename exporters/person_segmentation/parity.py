"""Parity with the shipped network in LiteRT, on real photos."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from exporters.contract import Measurement
from exporters.onnx_tools import Graph, max_difference
from exporters.person_segmentation.network import SIZE
from exporters.pictures import photos, read_image
from exporters.sources import Library
from exporters.tflite.reference import Reference

TOLERANCE = 5e-4
"""Of a probability: an eighth of the smallest step of a mask of bytes."""


def measure(path: Path, tflite: Path, library: Library) -> Iterator[Measurement]:
    """Compare on every photo; then batched with solo."""
    graph, shipped = Graph(path), Reference(tflite.read_bytes())
    images = np.stack(
        [
            cv2.resize(read_image(photo.path), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
            for photo in photos(library)
        ]
    )
    alone = np.concatenate([graph(image=image[None])[0] for image in images])
    theirs = [next(iter(shipped(image[None].astype(np.float32) / 255).values())) for image in images]
    yield Measurement(
        gate="parity",
        name="mask difference",
        value=max_difference(alone, np.concatenate(theirs)[..., 0]),
        limit=TOLERANCE,
        data=f"{len(images)} photos, the shipped network in LiteRT",
    )
    yield Measurement(
        gate="parity",
        name="batched against solo",
        value=max_difference(graph(image=images)[0], alone),
        limit=1e-5,
        data=f"{len(images)} photos",
    )
