"""Google's MediaPipe networks: where they come from, and how a picture is handed to them."""

import numpy as np

from exporters.sources import Source
from exporters.tflite.builder import GraphBuilder

_MODULES = "mediapipe/modules"
FACE_DETECTION = f"{_MODULES}/face_detection/face_detection_full_range_sparse.tflite"
FACE_LANDMARKS = f"{_MODULES}/face_landmark/face_landmark.tflite"
SELFIE_SEGMENTATION = f"{_MODULES}/selfie_segmentation/selfie_segmentation.tflite"

# Later wheels download their networks at run time; this one carries them.
MEDIAPIPE = Source(
    package="mediapipe",
    version="0.10.14",
    licence="Apache-2.0",
    origin="Google, github.com/google-ai-edge/mediapipe",
    training_data="Google's own pictures, not published; the package says nothing of their terms",
    size=35_664_771,
    platform="manylinux2014_x86_64",
    files={
        FACE_DETECTION: "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        FACE_LANDMARKS: "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        SELFIE_SEGMENTATION: "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    },
)


def pixels(graph: GraphBuilder, size: int, low: float) -> str:
    """Declare the input ``image``, uint8 RGB [batch, size, size, 3]; return it as [batch, 3, size, size].

    Its values become floats from ``low`` to 1.
    """
    image = graph.input("image", np.uint8, ["batch", size, size, 3])
    channels_first = graph.node("Transpose", image, perm=[0, 3, 1, 2])
    values = graph.node("Cast", channels_first, to=GraphBuilder.FLOAT)
    scaled = graph.node("Mul", values, graph.scalar((1 - low) / 255))
    return graph.node("Add", scaled, graph.scalar(low)) if low else scaled
