"""BlazeFace full range, Google's face detector of the MediaPipe package."""

from functools import partial

from evaluation.pictures import SOURCES
from exporters.contract import Build, Exporter, Job, Options, Weights
from exporters.mediapipe import FACE_DETECTION, MEDIAPIPE
from exporters.picture_network import artifact


class BlazeFaceExporter(Exporter):
    """Rebuilt from the shipped TFLite network, with normalization and decoding in the graph."""

    name = "blazeface"
    summary = "BlazeFace full range: picture [B,192,192,3] -> the 64 likeliest faces with 6 landmarks"
    models = ("face_detector_blazeface",)
    evaluation = SOURCES
    shared = (
        "evaluation/pictures",
        "exporters/detections",
        "exporters/mediapipe",
        "exporters/picture_network",
        "exporters/tflite",
    )
    group_fairness = (
        "not measured: the photos at hand carry no labels of group and are too few. Google publishes model "
        "cards with accuracy by region, skin tone and gender; the package does not carry them"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """MediaPipe's package."""
        return (MEDIAPIPE,)

    def build(self, job: Job) -> Build:
        """Convert the network and add what comes before and after it."""
        from exporters.blazeface.network import SIZE, write  # noqa: PLC0415 - imports onnx and LiteRT
        from exporters.blazeface.parity import measure  # noqa: PLC0415 - used with the above only

        shipped = job.file(MEDIAPIPE, FACE_DETECTION)
        path = write(shipped, job.folder("face_detector_blazeface") / "model.onnx")
        graph = artifact("face_detector_blazeface", path, SIZE, largest_batch=32)
        return Build((graph,), partial(measure, path, shipped, job.library))


EXPORTER = BlazeFaceExporter()
