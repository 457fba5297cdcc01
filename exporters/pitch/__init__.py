"""SwiftF0, the pitch of a voice: a spectrogram and a small network in one graph."""

from functools import partial

from evaluation.speech import SOURCES
from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights

GRAPH = "swift_f0/model.onnx"
LOWEST, HIGHEST = 65.0, 500.0
"""Hz: speech, from a low male voice to an excited child's."""
HOP = 256
"""Samples of a frame."""

SWIFT_F0 = Weights(
    package="swift-f0",
    version="0.3.0",
    license="MIT",
    origin="Nieradzik 2025, SwiftF0 (arXiv:2508.18440), github.com/lars76/swift-f0",
    training_data="speech and music with exact pitch, by the author's account synthetic and public corpora",
    size=116_429,
    files={GRAPH: "6385e8c2ebc3872e82c9ff5946228de44cd3be77a750ea53698b7dbfe94b0a22"},
)


class PitchExporter(Exporter):
    """The released graph, with the range of speech as constants."""

    name = "pitch"
    summary = "SwiftF0 at 16 kHz: audio [1,N] -> pitch in Hz and its confidence, a frame of 16 ms each"
    models = ("pitch",)
    checkpoint = "another release of SwiftF0's ONNX graph"
    formats = (".onnx",)
    evaluation = SOURCES

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The package with the graph, unless the user brings one."""
        return () if options.checkpoint else (SWIFT_F0,)

    def build(self, job: Job) -> Build:
        """Make constants of the two inputs that are the same in every request."""
        from exporters.pitch.graph import with_range  # noqa: PLC0415 - imports onnx
        from exporters.pitch.parity import measure  # noqa: PLC0415 - used with the above only

        released = job.options.checkpoint or job.file(SWIFT_F0, GRAPH)
        path = with_range(released, job.folder("pitch") / "model.onnx", LOWEST, HIGHEST)
        profiles = {"audio": Profile((1, 2 * HOP), (1, 16_000), (1, 30 * 16_000))}
        artifact = Artifact("pitch", path, "fp32", profiles, tensorrt=False)
        return Build((artifact,), partial(measure, path, released, job.library))


EXPORTER = PitchExporter()
