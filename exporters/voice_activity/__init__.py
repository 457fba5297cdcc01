"""Silero's voice activity detector, a room's windows in one call and the rooms of a batch together."""

from functools import partial

from evaluation.speech import SOURCES
from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights
from exporters.onnx_tools import export_module

GRAPH = "silero_vad/data/silero_vad_16k_op15.onnx"

# The package's silero_vad_16k.safetensors holds other weights than its graphs: probabilities differ by 0.5.
SILERO = Weights(
    package="silero-vad",
    version="6.2.3",
    license="MIT",
    origin="Silero Team, github.com/snakers4/silero-vad",
    training_data="not published; by the authors' account large corpora of over 6000 languages",
    size=11_317_527,
    files={GRAPH: "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"},
)


class VoiceActivityExporter(Exporter):
    """Rebuilt from the shipped graph's weights: that takes one window of many rooms, this many of many."""

    name = "voice_activity"
    summary = "Silero VAD at 16 kHz: audio [B,512n] -> speech probability [B,n], state carried along"
    models = ("voice_activity",)
    checkpoint = "another version of Silero's 16 kHz ONNX graph"
    formats = (".onnx",)
    evaluation = SOURCES

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The package with the graph, unless the user brings one."""
        return () if options.checkpoint else (SILERO,)

    def build(self, job: Job) -> Build:
        """Rebuild the network and export it with the windows of a call as the time axis of one LSTM."""
        import torch  # noqa: PLC0415 - a second to import: only when something is really exported

        from exporters.voice_activity.network import (  # noqa: PLC0415 - imports torch
            CONTEXT,
            STATE,
            WINDOW,
            VoiceActivity,
            read_weights,
        )
        from exporters.voice_activity.parity import parity  # noqa: PLC0415 - used with the above only

        shipped = job.options.checkpoint or job.file(SILERO, GRAPH)
        network = VoiceActivity(read_weights(shipped))
        path = export_module(
            network,
            job.folder("voice_activity") / "model.onnx",
            inputs={
                "audio": torch.randn(2, 3 * WINDOW),
                "state": torch.zeros(2, *STATE),
                "context": torch.zeros(2, CONTEXT),
            },
            outputs=["probability", "next_state", "next_context"],
            dynamic={
                "audio": {0: "batch", 1: "samples"},
                "state": {0: "batch"},
                "context": {0: "batch"},
                "probability": {0: "batch", 1: "windows"},
                "next_state": {0: "batch"},
                "next_context": {0: "batch"},
            },
        )
        # A call of a live room has 8 windows (0.26 s), one of waveform its longest context, 39 s.
        profiles = {
            "audio": Profile((1, WINDOW), (8, 8 * WINDOW), (64, 1219 * WINDOW), (1, WINDOW)),
            "state": Profile((1, *STATE), (8, *STATE), (64, *STATE)),
            "context": Profile((1, CONTEXT), (8, CONTEXT), (64, CONTEXT)),
        }
        artifact = Artifact("voice_activity", path, "fp32", profiles)
        return Build((artifact,), partial(parity, path, shipped, job.library))


EXPORTER = VoiceActivityExporter()
