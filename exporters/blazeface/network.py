"""BlazeFace full range as one graph: from bytes of a picture to faces in its coordinates.

How a picture is normalized and the output decoded is set by MediaPipe's graph ``face_detection_full_range``:
pixels in [-1, 1]; one anchor of the input's size at the center of each cell of 48x48; offsets in pixels;
scores clipped to [-100, 100] before the sigmoid.
"""

from pathlib import Path

import numpy as np

from exporters.onnx_tools import Floats
from exporters.tflite.builder import GraphBuilder
from exporters.tflite.convert import convert
from exporters.tflite.flatbuffer import read
from exporters.tflite.picture import pixels

SIZE = 192
"""Pixels of the input along each side."""
CELLS = 48
"""Of the grid of anchors, along each side: a stride of 4 pixels."""
FACES = 64
"""How many candidates the graph gives."""
LANDMARKS = 6
"""Eyes (the left in the picture first), tip of the nose, mouth, ears (the left in the picture first)."""
CLIP = 100.0


def anchors() -> Floats:
    """The centers of all cells, row by row: x, y in [0, 1] of the input, [2304, 2]."""
    centers = (np.arange(CELLS, dtype=np.float32) + 0.5) / CELLS
    x, y = np.meshgrid(centers, centers)
    found: Floats = np.stack([x, y], axis=-1).reshape(-1, 2)
    return found


def write(shipped: Path, path: Path) -> Path:
    """Convert ``face_detection_full_range_sparse.tflite`` to ``path``."""
    graph = GraphBuilder()
    raw, logits = convert(read(shipped), graph, [pixels(graph, SIZE, low=-1.0)])
    best, cells = graph.nodes(
        "TopK", graph.node("Squeeze", logits, graph.ints(2)), graph.ints(FACES), outputs=2
    )
    clipped = graph.node("Clip", best, graph.scalar(-CLIP), graph.scalar(CLIP))
    graph.output("scores", graph.node("Sigmoid", clipped), ["batch", FACES])

    chosen = graph.node("GatherND", raw, graph.node("Unsqueeze", cells, graph.ints(2)), batch_dims=1)
    # A box's center, its size, six landmarks, each as x and y.
    points = graph.node("Reshape", chosen, graph.ints(-1, FACES, 2 + LANDMARKS, 2))
    scaled = graph.node("Mul", points, graph.scalar(1 / SIZE))
    offset, size, landmarks = graph.nodes("Split", scaled, graph.ints(1, 1, LANDMARKS), outputs=3, axis=2)
    anchor = graph.node("Gather", graph.constant(anchors()[:, None]), cells)
    center = graph.node("Add", offset, anchor)
    half = graph.node("Mul", size, graph.scalar(0.5))
    corners = graph.node("Concat", graph.node("Sub", center, half), graph.node("Add", center, half), axis=2)
    graph.output("boxes", graph.node("Reshape", corners, graph.ints(-1, FACES, 4)), ["batch", FACES, 4])
    graph.output("landmarks", graph.node("Add", landmarks, anchor), ["batch", FACES, LANDMARKS, 2])
    return graph.save(path)
