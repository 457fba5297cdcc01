"""MediaPipe's face landmarks: 468 points of a face in an upright crop."""

from functools import partial

from evaluation.pictures import SOURCES
from exporters.contract import Build, Exporter, Job, Options, Weights
from exporters.mediapipe import FACE_LANDMARKS, MEDIAPIPE
from exporters.picture_network import artifact


class FaceLandmarksExporter(Exporter):
    """Rebuilt from the shipped TFLite network, with normalization in the graph."""

    name = "face_landmarks"
    summary = "MediaPipe face landmarks: crop [B,192,192,3] -> 468 points, and whether it shows a face"
    models = ("face_landmarks",)
    evaluation = SOURCES
    shared = (
        "evaluation/pictures",
        "exporters/blazeface",
        "exporters/mediapipe",
        "exporters/picture_network",
        "exporters/tflite",
    )
    group_fairness = (
        "not measured: the photos at hand have no landmarks to compare with. Google publishes model cards "
        "with errors by region, skin tone and gender; the package does not carry them"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """MediaPipe's package."""
        return (MEDIAPIPE,)

    def build(self, job: Job) -> Build:
        """Convert the network and add what comes before and after it."""
        from exporters.face_landmarks.network import SIZE, write  # noqa: PLC0415 - imports onnx and LiteRT
        from exporters.face_landmarks.parity import measure  # noqa: PLC0415 - used with the above only

        path = write(job.file(MEDIAPIPE, FACE_LANDMARKS), job.folder("face_landmarks") / "model.onnx")
        graph = artifact("face_landmarks", path, SIZE, largest_batch=64)
        return Build((graph,), partial(measure, path, job.library))


EXPORTER = FaceLandmarksExporter()
