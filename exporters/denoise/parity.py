"""Parity with the released one-frame graph in an overlap-add loop, and the gain on real noisy speech."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evaluation.speech import clips
from exporters.contract import Measurement
from exporters.denoise.network import FFT, HOP, STATES
from exporters.onnx_tools import Floats, Graph, max_difference
from tooling.sources import Library

NOISE_DB = 5.0
LEAST_GAIN_DB = 6.0


def frame_by_frame(graph: Graph, audio: Floats) -> Floats:
    """The released graph over ``audio`` [256 n], delayed by one hop like the exported one."""
    window = np.hanning(FFT + 1)[:-1] ** 0.5
    states = [np.zeros(shape, np.float32) for shape in ((2, 1, 16, 16, 33), (2, 3, 1, 1, 16), (2, 1, 33, 16))]
    padded = np.concatenate([np.zeros(HOP), audio])
    clean = np.zeros(len(padded))
    for start in range(0, len(audio), HOP):
        spectrum = np.fft.rfft(padded[start : start + FFT] * window)
        mix = np.stack([spectrum.real, spectrum.imag], axis=-1).astype(np.float32)[None, :, None, :]
        found, *states = graph(mix=mix, conv_cache=states[0], tra_cache=states[1], inter_cache=states[2])
        frame = np.fft.irfft(found[0, :, 0, 0] + 1j * found[0, :, 0, 1]) * window
        clean[start : start + FFT] += frame
    return clean[: len(audio)].astype(np.float32)


def in_calls(graph: Graph, audio: Floats, hops_per_call: int) -> Floats:
    """The exported graph over a batch of rooms [B, 256 n], some hops a call."""
    states = {name: np.zeros((len(audio), *shape), np.float32) for name, shape in STATES.items()}
    found = []
    for start in range(0, audio.shape[1], hops_per_call * HOP):
        chunk = audio[:, start : start + hops_per_call * HOP]
        clean, *after = graph(audio=chunk, **{f"{name}_state": state for name, state in states.items()})
        states = dict(zip(STATES, after, strict=True))
        found.append(clean)
    return np.concatenate(found, axis=1)


def snr(clean: Floats, noisy: Floats) -> float:
    """Signal-to-noise ratio in dB."""
    error = noisy.astype(np.float64) - clean
    return float(10 * np.log10(np.square(clean, dtype=np.float64).sum() / np.square(error).sum()))


def measure(path: Path, reference: Path, library: Library, default_weights: bool) -> Iterator[Measurement]:
    """Parity over calls of 1 and 31 hops and over a batch, then the gain against white noise."""
    graph, original = Graph(path), Graph(reference)
    speech = [
        clip.audio[: len(clip.audio) // HOP * HOP] for clip in clips(library=library) if clip.seconds < 20
    ]
    noisy = [_with_noise(audio, seed) for seed, audio in enumerate(speech)]
    expected = [frame_by_frame(original, audio) for audio in noisy]
    for hops in (1, 31):
        yield Measurement(
            gate="parity",
            name=f"max sample difference with {hops} hops a call",
            value=max(
                max_difference(in_calls(graph, audio[None], hops)[0], wanted)
                for audio, wanted in zip(noisy, expected, strict=True)
            ),
            limit=1e-4,
            data=f"{len(noisy)} noisy clips, the released graph frame by frame",
        )
    length = min(len(audio) for audio in noisy)
    batch = np.stack([audio[:length] for audio in noisy])
    alone = np.concatenate([in_calls(graph, audio[None], 8) for audio in batch])
    yield Measurement(
        gate="parity",
        name="batched against solo",
        value=max_difference(in_calls(graph, batch, 8), alone),
        limit=1e-5,
        data=f"{len(batch)} rooms",
    )
    gains = [snr(audio[:-HOP], clean[HOP:]) - NOISE_DB for audio, clean in zip(speech, expected, strict=True)]
    yield Measurement(
        gate="accuracy",
        name="mean gain in signal-to-noise ratio",
        value=float(np.mean(gains)),
        limit=LEAST_GAIN_DB if default_weights else None,
        bound=0.0,
        unit=" dB",
        higher_is_better=True,
        data=f"{len(gains)} clips with white noise at {NOISE_DB:g} dB",
    )


def _with_noise(audio: Floats, seed: int) -> Floats:
    noise = np.random.default_rng(seed).standard_normal(len(audio))
    noise *= np.sqrt(np.mean(np.square(audio)) / np.mean(np.square(noise)) / 10 ** (NOISE_DB / 10))
    return (audio + noise).astype(np.float32)
