"""MediaPipe's selfie segmentation as one graph: from bytes of a picture to a mask of its size.

MediaPipe's graph ``selfie_segmentation_cpu`` stretches the picture to the input's square and hands pixels in
[0, 1] to the network; the sigmoid is the network's own.
"""

from pathlib import Path

from exporters.tflite.builder import GraphBuilder
from exporters.tflite.convert import convert
from exporters.tflite.flatbuffer import read
from exporters.tflite.picture import pixels

SIZE = 256
"""Pixels of the input and of the mask along each side."""


def write(shipped: Path, path: Path) -> Path:
    """Convert ``selfie_segmentation.tflite`` to ``path``."""
    graph = GraphBuilder()
    (mask,) = convert(read(shipped), graph, [pixels(graph, SIZE, low=0.0)])
    graph.output("mask", graph.node("Reshape", mask, graph.ints(-1, SIZE, SIZE)), ["batch", SIZE, SIZE])
    return graph.save(path)
