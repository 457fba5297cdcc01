"""Whisper: any checkpoint of the family -> `whisper_encoder` and `whisper_decoder`, fp32 or row-wise int8."""

import shutil
from collections.abc import Iterator

from evaluation.speech import SOURCES, clips
from exporters.contract import Artifact, Build, Exporter, Job, Measurement, Options, Weights
from exporters.errors import ExportError
from exporters.whisper.weights import DEFAULTS, Default, place

MELS = 80
"""Mel bands of the front end that is served, as its config says; Whisper large-v3 takes 128."""
MOST_BYTES = 2**31
"""What a protobuf message holds."""
PARTS = {"encoder": "whisper_encoder", "cross": "whisper_decoder", "decoder": "whisper_decoder"}
"""The Triton model that each exported part belongs to."""


class WhisperExporter(Exporter):
    """OpenAI's speech recognizer, multilingual by default."""

    name = "whisper"
    summary = "Whisper: log-mel features -> text in 99 languages"
    models = ("whisper_encoder", "whisper_decoder")
    variants = tuple(DEFAULTS)
    precisions = ("int8", "fp32")
    checkpoint = "a Hugging Face folder (safetensors), a CTranslate2 folder, or an OpenAI .pt file"
    formats = ("", ".pt", ".pth", ".bin")
    evaluation = SOURCES

    def sources(self, options: Options) -> tuple[Weights, ...]:
        """The packages of the default weights; none where the user brings a checkpoint."""
        return () if options.checkpoint else self.default(options).sources

    def build(self, job: Job) -> Build:
        """Build the network, export its three parts in fp32, and from those the precision asked for."""
        from exporters.tensorrt_lint import lint  # noqa: PLC0415 - imports onnx
        from exporters.whisper import graphs  # noqa: PLC0415 - imports torch
        from exporters.whisper.assembly import assemble  # noqa: PLC0415
        from exporters.whisper.checkpoint import read_checkpoint  # noqa: PLC0415
        from exporters.whisper.quantize import quantize  # noqa: PLC0415
        from exporters.whisper.vocabulary import complete  # noqa: PLC0415
        from whisper_decoder.decoding import POSITIONS, WINDOW  # noqa: PLC0415

        precision = job.options.precision or self.precisions[0]
        place_of = job.options.checkpoint or place(job, self.default(job.options))
        checkpoint = read_checkpoint(place_of)
        size = checkpoint.size
        if size.mels != MELS:
            raise ExportError(
                f"the checkpoint takes {size.mels} mel bands; log_mel serves {MELS}: use one of {MELS} "
                "bands, as tiny, base, small, medium and what is trained from them have (large-v3 has 128)"
            )
        if checkpoint.largest_graph > MOST_BYTES:
            raise ExportError(
                f"the checkpoint makes a graph of {checkpoint.largest_graph / 1e9:.1f} GB; "
                "one ONNX file holds 2.1 GB, which is enough up to Whisper medium"
            )
        if size.encoder_positions < WINDOW or size.decoder_positions < POSITIONS:
            raise ExportError(
                f"the checkpoint hears {size.encoder_positions} positions, writes {size.decoder_positions} "
                f"tokens; {WINDOW} and {POSITIONS} are served: use one with Whisper's own, 1500 and 448"
            )
        tokenizer, vocabulary = complete(checkpoint, job)
        whisper = assemble(checkpoint, vocabulary)
        fp32 = job.folder("fp32")
        export = {
            "encoder": graphs.export_encoder,
            "cross": graphs.export_cross,
            "decoder": graphs.export_decoder,
        }
        files = {"tokenizer.json": tokenizer, "vocabulary.json": vocabulary.to_json()}
        artifacts = []
        for part, model in PARTS.items():
            graph = export[part](whisper, size, fp32 / f"{part}.onnx")
            lint(graph.path, graph.profiles)
            path = job.folder(model) / ("model.onnx" if part == "encoder" else graph.path.name)
            if precision == "int8":
                quantize(graph.path, path)
                artifacts.append(Artifact(model, path, precision, graph.profiles, tensorrt=False))
            else:
                shutil.copyfile(graph.path, path)
                artifacts.append(Artifact(model, path, precision, graph.profiles))
        for folder in (fp32, job.folder("whisper_decoder")):
            for name, content in files.items():
                (folder / name).write_text(content, encoding="utf-8")
        artifacts += [Artifact("whisper_decoder", job.folder("whisper_decoder") / name) for name in files]

        def measure() -> Iterator[Measurement]:
            from exporters.whisper import measure, own  # noqa: PLC0415

            known = set(vocabulary.codes) or {"en"}
            recordings = [clip for clip in clips(library=job.library) if clip.language in known]
            speech = measure.pieces(recordings, size.mels)
            yield from measure.parity(whisper, size, fp32, speech)
            yield from own.parity(checkpoint.source, place_of, tokenizer, whisper, speech)
            texts = {"fp32": measure.transcribe(fp32 / "encoder.onnx", fp32, speech, recordings)}
            if precision != "fp32":
                served = job.folder("whisper_encoder") / "model.onnx"
                decoder = job.folder("whisper_decoder")
                texts[precision] = measure.transcribe(served, decoder, speech, recordings)
            languages = sorted({clip.language for clip in recordings})
            yield from measure.accuracy(texts, recordings, languages)

        return Build(tuple(artifacts), measure)

    def default(self, options: Options) -> Default:
        """The default weights that the options ask for."""
        return DEFAULTS[options.variant or self.variants[0]]


EXPORTER = WhisperExporter()
