"""WhisperLive's server as a neighbor: the same weights, in an environment of its own, with live rooms."""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.speech import Clip
from perf.asr.faster_whisper import weights
from perf.peers import environments
from perf.peers.running import free_ports, last_words, started
from tooling.sources import Library

VERSION = "0.10.0"
REQUIREMENTS = (
    "faster-whisper==1.2.0",
    "ctranslate2==4.8.5",
    "torch==2.13.0",
    "fastapi==0.121.2",
    "uvicorn==0.38.0",
    "python-multipart==0.0.20",
    "websockets==15.0.1",
    "requests==2.32.5",
    "scipy==1.14.1",
    "numpy==1.26.4",
)
"""What its server imports with this backend."""
BARE = (f"whisper-live=={VERSION}",)
"""Itself, without the rest that it asks for: CUDA's libraries, OpenVINO, a sound card's headers."""
_SPARE_S = 150.0
"""For the server to load, for rooms to be accepted and to end."""


@dataclass
class Heard:
    """What a room saw, see whisper_live_rooms.py."""

    partial_s: list[float]
    final_s: list[float]
    text: str
    lateness_s: float
    error: str


class WhisperLive:
    """A running server, made by `running`."""

    def __init__(self, python: Path, port: int, scratch: Path) -> None:
        self._python = python
        self._port = port
        self._scratch = scratch

    def play(self, clip: Clip, rooms: int) -> list[Heard]:
        """Plays the clip into so many rooms at once, in real time.

        Raises:
            RuntimeError: they did not end, or failed.
        """
        file = self._scratch / "audio.npy"
        np.save(file, clip.audio)
        command = [str(self._python), "-P", str(_script("whisper_live_rooms.py")), str(self._port)]
        try:
            result = subprocess.run(
                [*command, str(file), str(rooms)],
                capture_output=True,
                text=True,
                check=True,
                timeout=clip.seconds + _SPARE_S,
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"WhisperLive's {rooms} rooms did not end") from None
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"WhisperLive's rooms failed: {error.stderr.strip()[-300:]}") from None
        return [Heard(**room) for room in json.loads(result.stdout)["rooms"]]


@contextmanager
def running(threads: int, rooms: int, library: Library) -> Iterator[WhisperLive]:
    """WhisperLive on Whisper base, for so many rooms at the most, until the block ends.

    Raises:
        SourceError: its weights or packages can't be had, or it ends.
        RuntimeError: its weights or packages can't be had, or it ends.
    """
    with library.progress.step("setting up WhisperLive in an environment of its own (once; a few minutes)"):
        python = environments.environment("whisper-live", *REQUIREMENTS, bare=BARE)
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        scratch = Path(folder)
        port = free_ports(1)
        command = [str(python), "-P", str(_script("whisper_live_server.py"))]
        command += [str(weights(scratch, library)), str(port), str(rooms)]
        variables = {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "HOME": folder}
        with started(command, variables, scratch) as (process, log):
            _wait(process, port, log)
            yield WhisperLive(python, port, scratch)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Returns when the server listens."""
    deadline = time.monotonic() + _SPARE_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"WhisperLive does not start: {last_words(log)}")
        time.sleep(0.1)


def _script(name: str) -> Path:
    return Path(__file__).with_name(name)
