"""An independent float64 computation of the features, and the parity of the graph with it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.speech import clips
from exporters.contract import Measurement
from exporters.log_mel.filters import FFT, HOP, mel_filters
from exporters.onnx_tools import Graph, max_difference
from tooling.sources import Library

# Features span about 2 (8 decades / 4); int8 encoders err by percents, so 1e-3 is far below what matters.
TOLERANCE = 1e-3


def log_mel(waveform: NDArray[np.float32], bands: int) -> NDArray[np.float64]:
    """Features of one waveform [N] by numpy's FFT: [bands, N // 160]."""
    padded = np.pad(waveform.astype(np.float64), FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][:-1]
    power = np.abs(np.fft.rfft(frames * np.hanning(FFT + 1)[:-1])) ** 2
    decades = np.log10(np.maximum(mel_filters(bands) @ power.T, 1e-10))
    features: NDArray[np.float64] = (np.maximum(decades, decades.max() - 8.0) + 4.0) / 4.0
    return features


def parity(path: Path, bands: int, library: Library) -> Iterator[Measurement]:
    """Compare the graph with the reference on every clip, and a loud and a quiet clip batched with solo."""
    graph = Graph(path)
    speech = clips(library=library)
    differences = [
        max_difference(graph(waveform=c.audio[None])[0][0], log_mel(c.audio, bands)) for c in speech
    ]
    yield Measurement(
        gate="parity",
        name="max feature difference",
        value=max(differences),
        limit=TOLERANCE,
        data=f"{len(speech)} clips, float64 reference",
    )
    length = min(len(clip.audio) for clip in speech)
    batch = np.stack([speech[0].audio[:length], 0.01 * speech[1].audio[:length]])
    together = graph(waveform=batch)[0]
    alone = np.concatenate([graph(waveform=item[None])[0] for item in batch])
    yield Measurement(
        gate="parity",
        name="batched against solo",
        value=max_difference(together, alone),
        limit=1e-5,
        data="a clip with another at -40 dB",
    )
