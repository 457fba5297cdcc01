"""MediaPipe's selfie segmentation: which pixels of a picture show a person."""

from functools import partial

from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile
from exporters.mediapipe import MEDIAPIPE, SELFIE_SEGMENTATION
from exporters.pictures import SOURCES
from exporters.sources import Source


class PersonSegmentationExporter(Exporter):
    """Rebuilt from the shipped TFLite network, with normalisation in the graph."""

    name = "person_segmentation"
    summary = "MediaPipe selfie segmentation: picture [B,256,256,3] -> probability of a person [B,256,256]"
    models = ("person_segmenter",)
    evaluation = SOURCES
    shared = ("mediapipe", "pictures", "tflite")
    group_fairness = (
        "not measured: the photos at hand have no masks to compare with. Google publishes model cards "
        "with overlap by region, skin tone and gender; the package does not carry them"
    )

    def sources(self, options: Options) -> tuple[Source, ...]:
        """MediaPipe's package."""
        return (MEDIAPIPE,)

    def build(self, job: Job) -> Build:
        """Convert the network and add what comes before and after it."""
        from exporters.person_segmentation.network import SIZE, write  # noqa: PLC0415 - imports onnx, LiteRT
        from exporters.person_segmentation.parity import measure  # noqa: PLC0415 - used with the above only

        shipped = job.file(MEDIAPIPE, SELFIE_SEGMENTATION)
        path = write(shipped, job.folder("person_segmenter") / "model.onnx")
        shapes = ((batch, SIZE, SIZE, 3) for batch in (1, 8, 32))
        artifact = Artifact("person_segmenter", path, "fp32", {"image": Profile(*shapes)})
        return Build((artifact,), partial(measure, path, shipped, job.library))


EXPORTER = PersonSegmentationExporter()
