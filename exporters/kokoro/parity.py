"""Is the rewritten graph the published one? On sentences, by durations and by the sound of each phoneme.

The published graph rounds activations to 8 bits as it runs, so no sample is equal: what can be compared is
how long each phoneme is spoken, and its average spectrum.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx

from exporters.contract import Measurement
from exporters.kokoro.graph import DURATIONS
from exporters.onnx_tools import Array, Floats, Graph

SENTENCES = (
    ("zf_xiaoxiao", "欢迎来到直播间。"),
    ("zm_yunxi", "iPhone 17 只要 $799！"),
    ("af_heart", "Today we have 20% off."),
)
FRAME = 600
_WINDOW, _BANDS = 1200, 40


def measure(source: bytes, folder: Path) -> Iterator[Measurement]:
    """Speak sentences with both graphs."""
    published = Graph(_with_durations(source), threads=0)
    ours = Graph(folder / "kokoro.onnx", threads=0)
    lengths, sounds, seconds, loudness = [], [], 0.0, []
    for inputs in _inputs(folder):
        expected, expected_frames = (output.ravel() for output in published(**inputs))
        found, frames, _ = (output.ravel() for output in ours(keep=np.zeros(2, np.int64), **inputs))
        lengths.append(np.abs(frames - expected_frames))
        sounds.append(_spectra(found, frames) - _spectra(expected, expected_frames))
        loudness.append(20 * np.log10(np.std(found) / np.std(expected)))
        seconds += len(found) / (40 * FRAME)
    data = f"{len(SENTENCES)} sentences, {seconds:.1f} s of audio, Chinese and English"
    yield Measurement(
        gate="parity",
        name="frames of 25 ms a phoneme differs by, on average",
        value=float(np.concatenate(lengths).mean()),
        limit=0.2,
        data=data,
    )
    yield Measurement(
        gate="parity",
        name="difference of the phonemes' spectra",
        value=float(np.median(np.abs(np.concatenate(sounds)))),
        limit=2.0,
        unit=" dB",
        data=data,
    )
    yield Measurement(
        gate="parity",
        name="difference in loudness",
        value=float(np.abs(loudness).max()),
        limit=1.0,
        unit=" dB",
        data=data,
    )


def _with_durations(source: bytes) -> bytes:
    model = onnx.load_model_from_string(source)
    model.graph.output.append(onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.FLOAT, None))
    return bytes(model.SerializeToString())


def _inputs(folder: Path) -> Iterator[dict[str, Array]]:
    """What the network gets for each sentence, by the package that serves it."""
    import json  # noqa: PLC0415

    from tts.clauses import clauses  # noqa: PLC0415 - the served package
    from tts.english import English  # noqa: PLC0415
    from tts.lexicon import Lexicon  # noqa: PLC0415
    from tts.reading import Reader  # noqa: PLC0415
    from tts.voices import Voices  # noqa: PLC0415

    vocabulary = json.loads((folder / "vocabulary.json").read_bytes())
    reader, voices = Reader(English(folder)), Voices(folder)
    for voice, sentence in SENTENCES:
        script = reader.script(sentence)
        for clause in clauses(reader.words(script, Lexicon(""), "en"), script.content):
            tokens = [vocabulary[token] for token in clause.tokens if token in vocabulary]
            yield {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": voices.style(voice, len(tokens)),
                "speed": np.ones(1, np.float32),
            }


def _spectra(audio: Floats, frames: Floats) -> Floats:
    """The average of each phoneme's spectrum in dB [phonemes, bands], but for silence at both ends."""
    edges = np.concatenate([[0], np.cumsum(frames)]).astype(int) * FRAME
    bands = []
    for begin, end in pairwise(edges[1:-1]):
        part = audio[begin : max(end, begin + _WINDOW)]
        part = np.pad(part, (0, max(0, _WINDOW - len(part))))
        windows = np.lib.stride_tricks.sliding_window_view(part, _WINDOW)[:: _WINDOW // 2]
        power = np.square(np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), axis=1))).mean(0)
        bands.append([chunk.mean() for chunk in np.array_split(power[: _WINDOW // 3], _BANDS)])
    return np.asarray(10 * np.log10(np.array(bands) + 1e-4), np.float32)
