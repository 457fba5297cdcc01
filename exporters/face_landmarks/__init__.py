"""MediaPipe's face landmarks: 468 points of a face in an upright crop."""

from functools import partial

from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile
from exporters.mediapipe import FACE_LANDMARKS, MEDIAPIPE
from exporters.pictures import SOURCES
from exporters.sources import Source


class FaceLandmarksExporter(Exporter):
    """Rebuilt from the shipped TFLite network, with normalisation in the graph."""

    name = "face_landmarks"
    summary = "MediaPipe face landmarks: crop [B,192,192,3] -> 468 points, and whether it shows a face"
    models = ("face_landmarks",)
    evaluation = SOURCES
    shared = ("blazeface", "mediapipe", "pictures", "tflite")
    group_fairness = (
        "not measured: the photos at hand have no landmarks to compare with. Google publishes model cards "
        "with errors by region, skin tone and gender; the package does not carry them"
    )

    def sources(self, options: Options) -> tuple[Source, ...]:
        """MediaPipe's package."""
        return (MEDIAPIPE,)

    def build(self, job: Job) -> Build:
        """Convert the network and add what comes before and after it."""
        from exporters.face_landmarks.network import SIZE, write  # noqa: PLC0415 - imports onnx and LiteRT
        from exporters.face_landmarks.parity import measure  # noqa: PLC0415 - used with the above only

        path = write(job.file(MEDIAPIPE, FACE_LANDMARKS), job.folder("face_landmarks") / "model.onnx")
        shapes = ((batch, SIZE, SIZE, 3) for batch in (1, 8, 64))
        artifact = Artifact("face_landmarks", path, "fp32", {"image": Profile(*shapes)})
        return Build((artifact,), partial(measure, path, job.library))


EXPORTER = FaceLandmarksExporter()
