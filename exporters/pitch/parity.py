"""Parity with the released graph, and tones whose pitch is known."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evaluation.speech import SAMPLE_RATE, clips
from exporters.contract import Measurement
from exporters.onnx_tools import Floats, Graph, max_difference
from tooling.sources import Library

CONFIDENT = 0.5
"""The author's own threshold, from which on a frame is voiced."""


def measure(path: Path, released: Path, library: Library) -> Iterator[Measurement]:
    """Compare on real speech; then the pitch of tones like voices, and that noise has none."""
    from exporters.pitch import HIGHEST, LOWEST  # noqa: PLC0415 - it imports this

    graph, original = Graph(path), Graph(released)
    limits = {"fmin": np.array(LOWEST, np.float32), "fmax": np.array(HIGHEST, np.float32)}
    heard = [clip.audio[None, : 30 * SAMPLE_RATE] for clip in clips(library=library)]
    yield Measurement(
        gate="parity",
        name="max pitch difference",
        value=max(
            max_difference(graph(audio=audio)[0], original(audio=audio, **limits)[0]) for audio in heard
        ),
        limit=1e-3,
        unit=" Hz",
        data=f"{len(heard)} clips, the released graph",
    )
    tones = (80.0, 120.0, 200.0, 320.0, 450.0)
    yield Measurement(
        gate="accuracy",
        name="worst median error of tones",
        value=max(abs(_semitones(float(np.median(graph(audio=_tone(hertz))[0])), hertz)) for hertz in tones),
        limit=0.5,
        unit=" semitones",
        data=f"{len(tones)} tones with the overtones of a voice",
    )
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 5 * SAMPLE_RATE)).astype(np.float32)
    yield Measurement(
        gate="accuracy",
        name="noise taken for a voice",
        value=100 * float(np.mean(graph(audio=noise)[1] >= CONFIDENT)),
        limit=5.0,
        unit=" %",
        data="5 s of white noise",
    )


def _tone(hertz: float) -> Floats:
    """Two seconds with ten overtones [1,N], each weaker than the one before."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * n * hertz * time) / n for n in range(1, 11) if n * hertz < SAMPLE_RATE / 2)
    return np.asarray(0.1 * np.asarray(tone), np.float32)[None]


def _semitones(found: float, hertz: float) -> float:
    return float(12 * np.log2(found / hertz))
