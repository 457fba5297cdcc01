"""A clause -> its samples, trimmed to what is heard, and when each word is spoken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from serving_common.core_lease import Cores
from tts.reading import Clause
from tts.spans import Span
from tts.voices import Style

SAMPLE_RATE = 24_000
FRAME = 600
"""Samples of a frame, in which the network counts how long a phoneme is spoken."""
LONGEST_TOKENS = 510
_KEPT = (6, 18)
"""Frames at speed 1 that are spoken before the first phoneme, and from the last one on; all else is silence."""
_SLOW_LEAD = 2
"""The former where speech is slower: the silence is stretched too, and all of it but these becomes a sound."""
_QUIET = 10 ** (-50 / 20)
"""Of full scale: what is quieter at the ends of a clause is silence."""
_WINDOW = SAMPLE_RATE // 100
_LEAD, _TAIL, _FADE = 0.02, 0.06, 0.005
"""Seconds kept before the first sound and after the last one, and of the fades there."""

Samples = NDArray[np.float32]


class Cancelled(Exception):  # noqa: N818 - not an error
    """Nobody waits for it any more."""


class SpokenWord(NamedTuple):
    """A word of the original and when it is spoken, in samples."""

    span: Span
    begin: int
    end: int


class Network:
    """The graph of the folder that the exporter wrote; one pass at a time."""

    def __init__(self, folder: Path, threads: int, gpu: int | None = None) -> None:
        self.vocabulary: dict[str, int] = json.loads((folder / "vocabulary.json").read_bytes())
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers: list[str | tuple[str, dict[str, int]]] = ["CPUExecutionProvider"]
        if gpu is not None:
            providers = [("CUDAExecutionProvider", {"device_id": gpu}), *providers]
        self._session = ort.InferenceSession(folder / "kokoro.onnx", options, providers=providers)
        self._cores = Cores.of_server()
        self._run_options: ort.RunOptions | None = None

    def stop(self) -> None:
        """End the pass under way, if there is one, at its next operator."""
        if options := self._run_options:
            options.terminate = True

    def speak(
        self, clause: Clause, style: Callable[[int], Style], speed: float
    ) -> tuple[Samples, list[SpokenWord]]:
        """Samples of a clause in [-1, 1], and its words in them.

        Args:
            clause: at most LONGEST_TOKENS long.
            style: the voice's, by the number of phonemes.
            speed: how much faster than usual.

        Raises:
            Cancelled: `stop` was called.
        """
        lead, tail = _KEPT if speed >= 1.0 else (_SLOW_LEAD, int(np.ceil(_KEPT[1] / speed)))
        kept = [self.vocabulary.get(token) for token in clause.tokens]
        tokens = [token for token in kept if token is not None]
        self._run_options = options = ort.RunOptions()
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "keep": np.array([lead, tail], np.int64),
            "style": style(len(tokens)),
            "speed": np.array([speed], np.float32),
        }
        try:
            with self._cores.working():
                audio, durations, skipped = self._session.run(
                    ["audio", "durations", "skipped"], inputs, options
                )
        except Exception as error:
            if options.terminate:
                raise Cancelled from error
            raise
        finally:
            self._run_options = None
        # Frame edges of the tokens that the network knows; those it does not take no time.
        edges = (
            np.concatenate([[0], np.cumsum(durations.ravel())]).astype(int) * FRAME - int(skipped[0]) * FRAME
        )
        place = np.concatenate([[0], np.cumsum([token is not None for token in kept])]).astype(int) + 1
        head, onset, stop = heard(audio)
        words = [
            SpokenWord(span, *(int(np.clip(edges[place[at]] - head, 0, stop - head)) for at in (begin, end)))
            for span, begin, end in clause.ranges
        ]
        # The network begins to sound before the edge.
        words[:1] = [word._replace(begin=min(word.begin, onset - head)) for word in words[:1]]
        return faded(audio[head:stop]), words


def heard(audio: Samples) -> tuple[int, int, int]:
    """What of some samples is heard: from a little before the first sound, where that begins, to after the last one."""
    count = len(audio) // _WINDOW
    levels = (
        np.sqrt(np.square(audio[: count * _WINDOW]).reshape(count, _WINDOW).mean(1)) if count else np.zeros(0)
    )
    loud = np.flatnonzero(levels > _QUIET)
    if not len(loud):
        return 0, 0, min(len(audio), _WINDOW)
    onset = int(loud[0]) * _WINDOW
    end = (int(loud[-1]) + 1) * _WINDOW + round(_TAIL * SAMPLE_RATE)
    return max(onset - round(_LEAD * SAMPLE_RATE), 0), onset, min(end, len(audio))


def faded(audio: Samples) -> Samples:
    """The same from and to silence, so that nothing clicks."""
    length = min(round(_FADE * SAMPLE_RATE), len(audio) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    result = audio.copy()
    result[:length] *= ramp
    result[len(result) - length :] *= ramp[::-1]
    return result


def to_int16(audio: Samples) -> NDArray[np.int16]:
    """Samples as 16 bits."""
    return np.asarray(np.clip(np.round(audio * 32767), -32768, 32767), np.int16)
