"""dlib's face recognition network: faces of one person lie close together."""

from functools import partial

from evaluation import pictures
from exporters.contract import Build, Exporter, Job, Options, Weights
from exporters.picture_network import export

MANIFEST = "model/face_recognition_model-weights_manifest.json"
BYTES = "model/face_recognition_model.bin"

FACE_API = Weights(
    package=pictures.FACE_API.package,
    version=pictures.FACE_API.version,
    registry=pictures.FACE_API.registry,
    size=pictures.FACE_API.size,
    license="MIT (package), public domain (dlib's weights)",
    origin="Davis King, dlib_face_recognition_resnet_model_v1, as face-api has it: a byte a weight",
    training_data=(
        "3 million photos of 7,485 people: FaceScrub and VGG Face (for research only by their own terms) "
        "and photos from the web"
    ),
    files={
        MANIFEST: "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
        BYTES: "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
    },
)


class FaceEmbeddingExporter(Exporter):
    """Rebuilt from face-api's weights, the embedding brought to unit length."""

    name = "face_embedding"
    summary = (
        "dlib's face recognition: aligned faces uint8 [B,150,150,3] -> embeddings [B,128] of unit length"
    )
    models = ("face_embedder",)
    checkpoint = (
        "dlib's network as dlib saves it (.dat), or a TensorFlow.js manifest with its weights beside it"
    )
    formats = (".dat", ".json")
    evaluation = pictures.SOURCES
    shared = ("evaluation/pictures", "exporters/picture_network")
    group_fairness = (
        "not measured: the photos at hand carry no labels of group and show too few people. Its author calls "
        "it biased to good-looking, white, middle-aged American celebrities (dlib-models issue 42). Users "
        "found that it takes many different Chinese people for one at dlib's usual threshold (dlib issue "
        "480), and that it does worse on people from Asia and on children (face_recognition issue 362 and "
        "README): measure false accepts on your own people before its names are trusted"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The package with the weights, unless the user brings some."""
        return () if options.checkpoint else (FACE_API,)

    def build(self, job: Job) -> Build:
        """Rebuild the network and export it."""
        from exporters.face_embedding.network import SIDE  # noqa: PLC0415 - imports torch
        from exporters.face_embedding.parity import measure  # noqa: PLC0415 - used with the above only
        from exporters.face_embedding.weights import read_weights  # noqa: PLC0415 - imports torch

        network = read_weights(job.options.checkpoint or job.file(FACE_API, MANIFEST))
        graph = export(network, job, "face_embedder", SIDE, "embedding", largest_batch=64)
        default = not job.options.checkpoint
        return Build((graph,), partial(measure, graph.path, network, job.library, default))


EXPORTER = FaceEmbeddingExporter()
