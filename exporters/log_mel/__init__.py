"""Whisper's log-mel front end as an ONNX graph, so that features are made where the encoder runs."""

from functools import partial

from evaluation.speech import SAMPLE_RATE, SOURCES
from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights
from exporters.onnx_tools import export_module


class LogMelExporter(Exporter):
    """Computed from its formula: there are no weights to fetch."""

    name = "log_mel"
    summary = "Whisper's log-mel features: waveform [B,N] at 16 kHz -> features [B,80,N/160]"
    models = ("log_mel",)
    variants = ("80", "128")
    evaluation = SOURCES

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """None: the filters are computed."""
        return ()

    def build(self, job: Job) -> Build:
        """Export the module; its mel bands are 80, or 128 for Whisper large-v3 (``--variant 128``)."""
        import torch  # noqa: PLC0415 - a second to import: only when something is really exported

        from exporters.log_mel.features import LogMel  # noqa: PLC0415 - imports torch
        from exporters.log_mel.reference import parity  # noqa: PLC0415 - used with the above only

        bands = int(job.options.variant or self.variants[0])
        path = export_module(
            LogMel(bands),
            job.folder("log_mel") / "model.onnx",
            inputs={"waveform": torch.randn(2, 10 * SAMPLE_RATE)},
            outputs=["features"],
            dynamic={"waveform": {0: "batch", 1: "samples"}, "features": {0: "batch", 2: "frames"}},
        )
        # The longest context the encoder is given has three windows of 13 s.
        profile = Profile((1, SAMPLE_RATE), (8, 15 * SAMPLE_RATE), (32, 39 * SAMPLE_RATE))
        artifact = Artifact("log_mel", path, "fp32", {"waveform": profile})
        return Build((artifact,), partial(parity, path, bands, job.library))


EXPORTER = LogMelExporter()
