"""Kokoro-82M: text in Chinese and English -> speech, with the voices and dictionaries that it needs."""

from functools import partial

from exporters.contract import Artifact, Build, Exporter, Job, Options, Profile, Weights
from exporters.kokoro.sources import DICTIONARY, PARTS, SOURCES, SPELLING, VOCABULARY, VOICES

LONGEST = 512
"""Tokens with the two at the ends, which the network's positions are made for."""


class KokoroExporter(Exporter):
    """Rewritten from the published int8 graph: floats, and the durations of tokens given out."""

    name = "kokoro"
    summary = "Kokoro-82M: phonemes [1,T], style [1,256], speed [1] -> 24 kHz audio, frames a phoneme"
    models = ("tts",)
    group_fairness = (
        "not measured: its voices speak American or British English or standard Mandarin; other accents and "
        "dialects can't be chosen, and names from elsewhere are read as English or Mandarin has them"
    )

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The packages of the graph, its voices and the dictionaries."""
        return SOURCES

    def build(self, job: Job) -> Build:
        """Put the graph together and rewrite it; pack voices and dictionaries."""
        import onnx  # noqa: PLC0415 - not needed to see that an export is up to date

        from exporters.kokoro.graph import rewritten  # noqa: PLC0415 - imports onnx
        from exporters.kokoro.packing import (  # noqa: PLC0415
            pack_english,
            pack_spelling,
            pack_vocabulary,
            pack_voices,
        )
        from exporters.kokoro.parity import measure  # noqa: PLC0415 - used with the above only

        folder = job.folder("tts")
        source = b"".join(job.file(part, next(iter(part.files))).read_bytes() for part in PARTS)
        onnx.save(rewritten(source), folder / "kokoro.onnx")
        packed = [
            pack_voices(job.library.fetch(VOICES), folder),
            pack_english(job.library.fetch(DICTIONARY), folder),
            pack_spelling(job.library.fetch(SPELLING), folder),
            pack_vocabulary(job.library.fetch(VOCABULARY), folder),
        ]
        profiles = {
            "tokens": Profile((1, 3), (1, 64), (1, LONGEST)),
            "keep": Profile((2,), (2,), (2,)),
            "style": Profile((1, 256), (1, 256), (1, 256)),
            "speed": Profile((1,), (1,), (1,)),
        }
        graph = Artifact("tts", folder / "kokoro.onnx", "fp32", profiles, tensorrt=False)
        files = tuple(Artifact("tts", path) for paths in packed for path in paths)
        return Build((graph, *files), partial(measure, source, folder))


EXPORTER = KokoroExporter()
