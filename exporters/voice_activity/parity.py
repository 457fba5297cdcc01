"""Parity with the graph Silero ships, window by window, and of any way to cut a room into calls."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evaluation.speech import SAMPLE_RATE, clips
from exporters.contract import Measurement
from exporters.onnx_tools import Floats, Graph, max_difference
from exporters.voice_activity.network import CONTEXT, STATE, WINDOW
from tooling.sources import Library

TOLERANCE = 1e-3
"""Of a probability; thresholds are multiples of 0.05."""


SPEECH = 0.5
"""The probability from which on a window is taken for speech."""
USELESS = 50.0
"""Percent."""


def shipped(graph: Graph, audio: Floats) -> Floats:
    """Silero's own graph in Silero's own loop: one window of 512 samples and 64 of context at a time."""
    state = np.zeros((2, 1, 128), np.float32)
    padded = np.concatenate([np.zeros(CONTEXT, np.float32), audio])
    found = []
    for start in range(0, len(audio), WINDOW):
        window = padded[None, start : start + CONTEXT + WINDOW]
        probability, state = graph(input=window, state=state, sr=np.array(SAMPLE_RATE, np.int64))
        found.append(probability[0, 0])
    return np.array(found, np.float32)


def in_calls(graph: Graph, audio: Floats, windows_per_call: int) -> Floats:
    """The exported graph over a batch of rooms ``audio`` [B, 512 n], a few windows a call: [B, n]."""
    state = np.zeros((len(audio), *STATE), np.float32)
    context = np.zeros((len(audio), CONTEXT), np.float32)
    found = []
    for start in range(0, audio.shape[1], windows_per_call * WINDOW):
        chunk = audio[:, start : start + windows_per_call * WINDOW]
        probability, state, context = graph(audio=chunk, state=state, context=context)
        found.append(probability)
    return np.concatenate(found, axis=1)


def parity(path: Path, reference: Path, library: Library) -> Iterator[Measurement]:
    """Compare on every clip with a second of silence before it; then batched with solo."""
    graph, original = Graph(path), Graph(reference)
    rooms = [_whole_windows(clip.audio) for clip in clips(library=library)]
    for windows in (1, 31):
        yield Measurement(
            gate="parity",
            name=f"max probability difference with {windows} windows a call",
            value=max(
                max_difference(in_calls(graph, room[None], windows)[0], shipped(original, room))
                for room in rooms
            ),
            limit=TOLERANCE,
            data=f"{len(rooms)} clips, the graph Silero ships",
        )
    length = min(len(room) for room in rooms)
    batch = np.stack([room[:length] for room in rooms])
    alone = np.concatenate([in_calls(graph, room[None], 8) for room in batch])
    yield Measurement(
        gate="parity",
        name="batched against solo",
        value=max_difference(in_calls(graph, batch, 8), alone),
        limit=1e-5,
        data=f"{len(rooms)} rooms",
    )

    heard = [in_calls(graph, room[None], 8)[0] > SPEECH for room in rooms]
    before = SAMPLE_RATE // WINDOW
    for name, wrong in (
        ("clips in which no speech is found", [not found[before:].any() for found in heard]),
        ("seconds of silence taken for speech", [found[: before - 1].any() for found in heard]),
    ):
        yield Measurement(
            gate="accuracy",
            name=name,
            value=100 * float(np.mean(wrong)),
            limit=None,
            unit=" %",
            bound=USELESS,
            data=f"{len(rooms)} clips, threshold {SPEECH}",
        )


def _whole_windows(audio: Floats) -> Floats:
    """A second of silence, then the clip, cut to whole windows."""
    room: Floats = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), audio])
    return room[: len(room) // WINDOW * WINDOW]
