"""MediaPipe's face landmarks as one graph: from bytes of a crop to points in its coordinates.

MediaPipe's graph ``face_landmark_cpu`` hands pixels in [0, 1] to the network, gets points in pixels of its
input (z, depth, in the same scale, smaller is nearer) and a logit that there is a face.
"""

from pathlib import Path

from exporters.tflite.builder import GraphBuilder
from exporters.tflite.convert import convert
from exporters.tflite.flatbuffer import read
from exporters.tflite.picture import pixels

SIZE = 192
"""Pixels of the input along each side."""
POINTS = 468


def write(shipped: Path, path: Path) -> Path:
    """Convert ``face_landmark.tflite`` to ``path``."""
    graph = GraphBuilder()
    raw, logit = convert(read(shipped), graph, [pixels(graph, SIZE, low=0.0)])
    points = graph.node("Reshape", raw, graph.ints(-1, POINTS, 3))
    scaled = graph.node("Mul", points, graph.scalar(1 / SIZE))
    graph.output("landmarks", scaled, ["batch", POINTS, 3])
    presence = graph.node("Sigmoid", graph.node("Reshape", logit, graph.ints(-1, 1)))
    graph.output("presence", presence, ["batch", 1])
    return graph.save(path)
