"""faster-whisper as a neighbour: the same weights, in a process and an environment of its own."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from exporters.contract import Job, Options
from exporters.sources import Library
from exporters.whisper.vocabulary import TIMESTAMPS
from exporters.whisper.weights import BASE, place
from perf.peers import environments

REQUIREMENTS = ("faster-whisper==1.2.1", "ctranslate2==4.8.5")
SAME_JOB: Mapping[str, object] = {
    "beam_size": 1,
    "temperature": 0.0,
    "without_timestamps": True,
    "condition_on_previous_text": False,
    "vad_filter": False,
}
"""Greedy decoding of a clip in a known language, as `asr` does it; temperature 0 spares it second tries."""
DEFAULTS: Mapping[str, object] = {}
"""What a user who sets nothing gets: beam 5, timestamps, the language detected."""


class FasterWhisper:
    """A running peer, made by `started`; `versions` are its packages'."""

    def __init__(self, process: "subprocess.Popen[str]", scratch: Path) -> None:
        self._process = process
        self._scratch = scratch
        self.versions: dict[str, str] = self._answer()

    def transcribe(
        self, name: str, audio: NDArray[np.float32], options: Mapping[str, object]
    ) -> tuple[str, float]:
        """The text of a clip (mono [n] at 16 kHz) and the seconds it took inside the peer's process."""
        file = self._scratch / f"{name}.npy"
        if not file.exists():
            np.save(file, audio)
        if self._process.stdin is None:
            raise RuntimeError("faster-whisper was started without a pipe to it")
        self._process.stdin.write(json.dumps({"audio": str(file), "options": dict(options)}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        return str(answer["text"]), float(answer["seconds"])

    def _answer(self) -> dict[str, str]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"faster-whisper ended with {self._process.wait()}: see what it said above")
        answer: dict[str, str] = json.loads(line)
        return answer


@contextmanager
def started(threads: int, library: Library) -> Iterator[FasterWhisper]:
    """Runs the peer on Whisper base, on `threads` threads, until the block ends.

    Raises SourceError or RuntimeError where its weights or packages can't be had.
    """
    with library.progress.step("setting up faster-whisper in an environment of its own (once)"):
        python = environments.environment("faster-whisper", *REQUIREMENTS)
    with tempfile.TemporaryDirectory(prefix="liveroom-peer-") as folder:
        scratch = Path(folder)
        model = weights(scratch, library)
        script = Path(__file__).with_name("faster_whisper_peer.py")
        command = [str(python), "-P", str(script), str(model), str(threads)]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield FasterWhisper(process, scratch)
            finally:
                process.terminate()


def weights(scratch: Path, library: Library) -> Path:
    """The CTranslate2 folder that our own export starts from, with the vocabulary that CTranslate2 reads."""
    folder = place(Job(Options(), scratch, library), BASE)
    known = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    tokens = sorted(known, key=lambda token: known[token])
    tokens += [f"<|{0.02 * step:.2f}|>" for step in range(TIMESTAMPS)]
    (folder / "vocabulary.json").write_text(json.dumps(tokens), encoding="utf-8")
    return folder
