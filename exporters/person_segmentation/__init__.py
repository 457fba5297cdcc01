"""MediaPipe's selfie segmentation: which pixels of a picture show a person."""

from functools import partial

from evaluation.pictures import SOURCES
from exporters.contract import Build, Exporter, Job, Options, Weights
from exporters.mediapipe import MEDIAPIPE, SELFIE_SEGMENTATION
from exporters.picture_network import artifact


class PersonSegmentationExporter(Exporter):
    """Rebuilt from the shipped TFLite network, with normalization in the graph."""

    name = "person_segmentation"
    summary = "MediaPipe selfie segmentation: picture [B,256,256,3] -> probability of a person [B,256,256]"
    models = ("person_segmenter",)
    evaluation = SOURCES
    shared = (
        "evaluation/pictures",
        "exporters/mediapipe",
        "exporters/picture_network",
        "exporters/tflite",
    )
    group_fairness = (
        "not measured: the photos at hand have no masks to compare with. Google publishes model cards "
        "with overlap by region, skin tone and gender; the package does not carry them"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """MediaPipe's package."""
        return (MEDIAPIPE,)

    def build(self, job: Job) -> Build:
        """Convert the network and add what comes before and after it."""
        from exporters.person_segmentation.network import SIZE, write  # noqa: PLC0415 - imports onnx, LiteRT
        from exporters.person_segmentation.parity import measure  # noqa: PLC0415 - used with the above only

        shipped = job.file(MEDIAPIPE, SELFIE_SEGMENTATION)
        path = write(shipped, job.folder("person_segmenter") / "model.onnx")
        graph = artifact("person_segmenter", path, SIZE, largest_batch=32)
        return Build((graph,), partial(measure, path, shipped, job.library))


EXPORTER = PersonSegmentationExporter()
