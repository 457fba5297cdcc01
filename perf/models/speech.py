"""The models of speech without a server: the served modules in this process."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from exporters.onnx_tools import Floats
from perf.inputs.recorded import Step
from perf.models.instances import InProcess, Instance
from perf.report import PROJECT
from perf.served.networks import session
from server.repository import Repository
from waveform.audio import normalize
from whisper_decoder.decoding import Decoder, Request
from whisper_decoder.network import Network
from whisper_decoder.vocabulary import Vocabulary


def _waveform(threads: int) -> Instance:
    """Clips one after the other; numpy has but one thread for them."""
    return lambda batch: lambda: [_laid_out(step) for step in batch]


def _decoder(threads: int) -> Instance:
    """A batch is decoded together."""
    folder = PROJECT / "model_repository" / "whisper_decoder" / "1"
    vocabulary = Vocabulary(folder)
    decoder = Decoder(Network(folder, threads), vocabulary)

    def request(step: Step) -> Request:
        language, prefix, draft = (str(step[name][0]) for name in ("language", "prefix", "draft"))
        return Request(
            step["states"].astype(np.float32, copy=False),
            float(step["duration"][0]),
            vocabulary.indices(language),
            vocabulary.encode(prefix),
            vocabulary.encode(draft),
        )

    def decode(batch: Sequence[Step]) -> list[str]:
        return [vocabulary.decode(found.tokens) for found in decoder.decode([request(s) for s in batch])]

    return lambda batch: lambda: decode(batch)


def _asr(threads: int) -> Instance:
    """The ensemble's steps: clip by clip up to the decoder, which gets the batch."""
    repository = Repository(PROJECT / "model_repository")
    mel, encoder = (session(repository.read(name), threads) for name in ("log_mel", "whisper_encoder"))
    decoder = _decoder(threads)

    def listen(step: Step) -> Step:
        waveform = _laid_out(step)[None]
        (features,) = mel.run(["features"], {"waveform": waveform})
        (states,) = encoder.run(["states"], {"features": features})
        seconds = np.float32(len(step["audio"]) / step["sample_rate"][0])
        return {**step, "states": states[0], "duration": np.array([seconds])}

    return lambda batch: lambda: decoder([listen(step) for step in batch])()


def _laid_out(step: Step) -> Floats:
    return normalize(step["audio"].astype(np.float32, copy=False), int(step["sample_rate"][0]))[0]


def _context(step: Step) -> Hashable:
    return len(_laid_out(step))


PYTHON: Mapping[str, InProcess] = {
    "asr": InProcess(_asr, _context),
    "waveform": InProcess(_waveform, _context),
    "whisper_decoder": InProcess(_decoder),
}
UNLIKE: Mapping[str, str] = {
    "captions": "it waits for asr and voice_activity and computes next to nothing: see asr",
    "voice_mood": "it waits for asr, pitch and voice_activity: see those",
}
