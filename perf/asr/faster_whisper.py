"""faster-whisper as a neighbor: the same weights, in a process and an environment of its own."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from evaluation.speech import Clip
from exporters.contract import Job, Options
from exporters.whisper.vocabulary import TIMESTAMPS
from exporters.whisper.weights import BASE, place
from perf.peers import environments
from perf.peers.worker import Worker, working
from tooling.sources import Library

REQUIREMENTS = ("faster-whisper==1.2.1", "ctranslate2==4.8.5")
SAME_JOB: Mapping[str, object] = {
    "beam_size": 1,
    "temperature": 0.0,
    "without_timestamps": True,
    "condition_on_previous_text": False,
    "vad_filter": False,
}
"""Greedy decoding of a clip in a known language, as `asr` does it; temperature 0 spares it second tries."""
SAME_JOB_BATCHED: Mapping[str, object] = {"beam_size": 1, "temperature": 0.0}
"""The same of the batched pipeline, which leaves timestamps and previous text out, and cuts with a VAD."""
BATCH = 8
"""The batched pipeline's default."""
DEFAULTS: Mapping[str, object] = {}
"""What a user who sets nothing gets: beam 5, timestamps, the language detected."""


class FasterWhisper:
    """A running peer, made by `started`; `versions` are its packages'."""

    def __init__(self, worker: Worker, scratch: Path) -> None:
        self._worker = worker
        self._scratch = scratch
        self.versions = worker.versions

    def transcribe(
        self, clips: Sequence[Clip], options: Mapping[str, object], *, batch: int | None = None
    ) -> tuple[list[str], float]:
        """The texts of clips and the seconds they took together inside the peer's process.

        Args:
            clips: at 16 kHz.
            options: of its `transcribe`.
            batch: through the batched pipeline, in batches of so many; None: one clip after the other.
        """
        files = [str(self._file(clip)) for clip in clips]
        answer = self._worker.ask({"audio": files, "options": dict(options), "batch": batch})
        texts, seconds = answer["texts"], answer["seconds"]
        if not isinstance(texts, list) or not isinstance(seconds, float):
            raise RuntimeError(f"faster-whisper answered {answer}")
        return [str(text) for text in texts], seconds

    def _file(self, clip: Clip) -> Path:
        file = self._scratch / f"{clip.name}.npy"
        if not file.exists():
            np.save(file, clip.audio)
        return file


@contextmanager
def started(threads: int, library: Library) -> Iterator[FasterWhisper]:
    """Runs the peer on Whisper base, on `threads` threads, until the block ends.

    Raises:
        SourceError: its weights or packages can't be had.
        RuntimeError: its weights or packages can't be had.
    """
    with library.progress.step("setting up faster-whisper in an environment of its own (once)"):
        python = environments.environment("faster-whisper", *REQUIREMENTS)
    with tempfile.TemporaryDirectory(prefix="liveroom-peer-") as folder:
        scratch = Path(folder)
        model = weights(scratch, library)
        script = Path(__file__).with_name("faster_whisper_peer.py")
        command = [str(python), "-P", str(script), str(model), str(threads)]
        with working("faster-whisper", command, {**os.environ, "HF_HUB_OFFLINE": "1"}) as worker:
            yield FasterWhisper(worker, scratch)


def weights(scratch: Path, library: Library) -> Path:
    """The CTranslate2 folder that our own export starts from, with the vocabulary that CTranslate2 reads."""
    folder = place(Job(Options(), scratch, library), BASE)
    known = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    tokens = sorted(known, key=lambda token: known[token])
    tokens += [f"<|{0.02 * step:.2f}|>" for step in range(TIMESTAMPS)]
    (folder / "vocabulary.json").write_text(json.dumps(tokens), encoding="utf-8")
    return folder
