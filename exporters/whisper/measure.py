"""Measure an exported Whisper: parity with torch, and error rates on speech through the served decoder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.error_rates import error_rate
from evaluation.mixed_scripts import of_the_other_script
from evaluation.speech import SAMPLE_RATE, Clip
from exporters.contract import Measurement
from exporters.errors import GateError
from exporters.log_mel.features import LogMel
from exporters.onnx_tools import Graph, max_difference
from exporters.whisper.assembly import Whisper
from exporters.whisper.graphs import cache_names
from exporters.whisper.network import Dimensions
from serving_common.chinese_script import script_of
from waveform.audio import normalize
from whisper_decoder.decoding import Decoder, Request
from whisper_decoder.network import Network
from whisper_decoder.punctuation import chinese
from whisper_decoder.vocabulary import Vocabulary

Floats = NDArray[np.float32]

STATES_TOLERANCE = 5e-3
"""Largest difference of encoder states (of size 1 after the last norm) from torch's, both fp32."""
PROBABILITY_TOLERANCE = 2e-3
"""The same of the probabilities of decoded tokens."""
WORSE_BY = 1.0
"""How much error rate a precision may cost: one point."""
USELESS = {"en": 60.0, "zh": 80.0}
"""Percent of words (en) and characters (zh) wrong from which on a text helps nobody; base has 3 and 23."""
_LONGEST_PIECE = 12
"""Seconds; longer recordings are cut at a quiet place, as a room's audio is."""


@dataclass(frozen=True)
class Piece:
    """A part of a clip that fits a context: its features, what they say of, and the clip's index."""

    features: Floats
    seconds: float
    clip: int


def pieces(clips: Sequence[Clip], mels: int) -> list[Piece]:
    """Cut clips and compute features as the served front end does, contexts included."""
    front = LogMel(mels)
    found = []
    for index, clip in enumerate(clips):
        for part in _cut(clip.audio):
            waveform, seconds = normalize(part, SAMPLE_RATE)
            with torch.no_grad():
                features = front(torch.from_numpy(waveform)[None]).numpy()
            found.append(Piece(features, seconds, index))
    return found


def _cut(audio: Floats) -> Iterator[Floats]:
    """Split at the quietest 0.1 s between 8 and 12 s, as long as there is more than 12 s."""
    frame = SAMPLE_RATE // 10
    while len(audio) > _LONGEST_PIECE * SAMPLE_RATE:
        levels = np.square(audio[: _LONGEST_PIECE * SAMPLE_RATE].reshape(-1, frame)).mean(1)
        cut = (80 + int(levels[80:].argmin())) * frame
        yield audio[:cut]
        audio = audio[cut:]
    yield audio


def parity(
    whisper: Whisper, size: Dimensions, folder: Path, speech: Sequence[Piece]
) -> Iterator[Measurement]:
    """Compare `encoder.onnx`, `cross.onnx` and `decoder.onnx` (fp32, in `folder`) with the torch modules."""
    encoder, cross, decoder = (Graph(folder / f"{part}.onnx") for part in ("encoder", "cross", "decoder"))
    states_off = caches_off = chosen_off = 0.0
    generator = np.random.default_rng(0)
    for piece in speech:
        tokens = generator.integers(0, size.vocabulary, (1, 12))
        inputs = {
            "tokens": tokens,
            "positions": np.arange(12)[None],
            "mask": np.triu(np.full((1, 1, 12, 12), -1e9, np.float32), 1),
            "rows": np.arange(12),
            "probe": np.array([0, 11]),
        }
        with torch.no_grad():
            states = whisper.encoder(torch.from_numpy(piece.features))
            caches = whisper.cross(states)
            empty = torch.zeros(1, size.heads, 0, size.decoder_head)
            past = [empty] * (2 * size.decoder_layers)
            wanted = whisper.decoder(*map(torch.from_numpy, inputs.values()), *past, *caches)
        states_off = max(states_off, max_difference(encoder(features=piece.features)[0], states.numpy()))
        given = [cache.numpy() for cache in caches]
        got = cross(states=states.numpy())
        caches_off = max(caches_off, *(max_difference(a, b) for a, b in zip(got, given, strict=True)))
        named = dict(zip(cache_names("cross", size.decoder_layers), given, strict=True))
        named |= dict.fromkeys(cache_names("past", size.decoder_layers), empty.numpy())
        answers = decoder(**inputs, **named)
        chosen_off = max(chosen_off, max_difference(answers[1], wanted[1].numpy()))
    data = f"{len(speech)} pieces of speech, torch against ONNX Runtime"
    for name, value, limit in (
        ("encoder states", states_off, STATES_TOLERANCE),
        ("cross-attention caches", caches_off, STATES_TOLERANCE),
        ("token probabilities", chosen_off, PROBABILITY_TOLERANCE),
    ):
        yield Measurement(
            gate="parity", name=f"max difference of {name}", value=value, limit=limit, data=data
        )


def transcribe(encoder: Path, decoder: Path, speech: Sequence[Piece], clips: Sequence[Clip]) -> list[str]:
    """The text of every clip by `encoder` (a graph) and the folder `decoder`, in the clip's own language."""
    vocabulary = Vocabulary(decoder)
    greedy, texts = Decoder(Network(decoder, threads=0), vocabulary), [""] * len(clips)
    states_of = Graph(encoder)
    for piece in speech:
        states = states_of(features=piece.features)[0][0]
        language = vocabulary.indices(clips[piece.clip].language)
        hypothesis = greedy.decode([Request(states, piece.seconds, language)])[0]
        if not np.isfinite([hypothesis.average_logprob, hypothesis.no_speech]).all():
            raise GateError(f"{decoder.name}: probabilities of {clips[piece.clip].name} are not finite")
        texts[piece.clip] += vocabulary.decode(hypothesis.tokens)
    return [
        chinese(text, clip.language, script_of(clip.language))
        for text, clip in zip(texts, clips, strict=True)
    ]


def accuracy(
    texts: Mapping[str, Sequence[str]], clips: Sequence[Clip], languages: Sequence[str]
) -> Iterator[Measurement]:
    """Error rates by precision; every one but fp32 must stay within a point of it."""
    for language in languages:
        chosen = [index for index, clip in enumerate(clips) if clip.language == language]
        kind = "character" if language == "zh" else "word"
        baseline: float | None = None
        for precision, heard in texts.items():
            rate = 100 * error_rate([(clips[i].text, heard[i]) for i in chosen], language)
            limit = None if baseline is None else baseline + WORSE_BY
            baseline = rate if baseline is None else baseline
            yield Measurement(
                gate="accuracy",
                name=f"{kind} error rate ({language})",
                value=rate,
                limit=limit,
                precision=precision,
                unit=" %",
                bound=USELESS[language],
                data=f"{len(chosen)} clips",
            )
            if language == "zh":
                yield from _as_served([(clips[i].text, heard[i]) for i in chosen], precision)


def _as_served(pairs: Sequence[tuple[str, str]], precision: str) -> Iterator[Measurement]:
    """What the error rate does not see, which brings both sides to one script: the script itself."""
    data = f"{len(pairs)} clips, as served"
    yield Measurement(
        gate="accuracy",
        name="character error rate in their own script (zh)",
        value=100 * error_rate(pairs, "zh", one_script=False),
        limit=None,
        precision=precision,
        unit=" %",
        data=data,
    )
    yield Measurement(
        gate="accuracy",
        name="characters of the wrong script (zh)",
        value=float(sum(len(of_the_other_script(heard)) for _, heard in pairs)),
        limit=0.0,
        precision=precision,
        data=data,
    )
