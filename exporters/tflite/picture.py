"""The input of a network that looks at pictures."""

import numpy as np

from exporters.tflite.builder import GraphBuilder


def pixels(graph: GraphBuilder, size: int, low: float) -> str:
    """Declare the input ``image``, uint8 RGB [batch, size, size, 3]; return it as [batch, 3, size, size].

    Its values become floats from ``low`` to 1.
    """
    image = graph.input("image", np.uint8, ["batch", size, size, 3])
    channels_first = graph.node("Transpose", image, perm=[0, 3, 1, 2])
    values = graph.node("Cast", channels_first, to=GraphBuilder.FLOAT)
    scaled = graph.node("Mul", values, graph.scalar((1 - low) / 255))
    return graph.node("Add", scaled, graph.scalar(low)) if low else scaled
