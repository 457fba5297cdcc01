"""mediapipe and facenet-pytorch as neighbors: processes of their own, asked about the same pictures."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from evaluation.pictures import Image
from perf.peers.environments import environment
from perf.peers.worker import Worker, working
from tooling.progress import Progress

MEDIAPIPE = (
    "absl-py==2.3.1",
    "attrs==25.4.0",
    "flatbuffers==25.9.23",
    "matplotlib==3.10.7",
    "numpy==1.26.4",
    "opencv-python-headless==4.11.0.86",
    "protobuf==4.25.8",
)
"""What its solutions import; the rest that it asks for (JAX, a sound card's headers) they never do."""
MEDIAPIPE_BARE = ("mediapipe==0.10.14",)
FACENET = ("requests==2.32.5", "tqdm==4.67.1")
FACENET_BARE = ("facenet-pytorch==2.6.0",)


@dataclass(frozen=True)
class Faces:
    """What a detector found in each picture: boxes x1, y1, x2, y2 in pixels [N,4], scores [N], and its ms."""

    boxes: Sequence[NDArray[np.float32]]
    scores: Sequence[NDArray[np.float32]]
    ms: Sequence[float]


class Peer:
    """A running peer.

    Attributes:
        versions: of its packages.
    """

    def __init__(self, worker: Worker, scratch: Path) -> None:
        self._worker = worker
        self._scratch = scratch
        self.versions = worker.versions

    def detect(self, pictures: Sequence[Image], job: str = "") -> Faces:
        """The faces of pictures of one size.

        Args:
            pictures: RGB.
            job: of mediapipe the range, "short" or "full".
        """
        answer = self._ask(pictures, {"job": job})
        found = cast("list[list[list[float]]]", answer["found"])
        tables = [np.array(faces, np.float32).reshape(-1, 5) for faces in found]
        times = cast("list[float]", answer["ms"])
        return Faces([table[:, :4] for table in tables], [table[:, 4] for table in tables], times)

    def matte(self, pictures: Sequence[Image]) -> tuple[NDArray[np.float32], list[float]]:
        """Of mediapipe: how probably each pixel shows a person [N,H,W], and the ms of each picture."""
        out = self._scratch / "matte.npy"
        answer = self._ask(pictures, {"job": "matte", "out": str(out)})
        return np.load(out), cast("list[float]", answer["ms"])

    def _ask(self, pictures: Sequence[Image], request: dict[str, object]) -> dict[str, object]:
        file = self._scratch / "pictures.npy"
        np.save(file, np.stack(pictures))
        return self._worker.ask({**request, "pictures": str(file)})


@contextmanager
def mediapipe(progress: Progress) -> Iterator[Peer]:
    """mediapipe's solutions, which take the threads they want.

    Raises:
        RuntimeError: it can't be had.
    """
    with progress.step("setting up mediapipe in an environment of its own (once)"):
        python = environment("mediapipe", *MEDIAPIPE, bare=MEDIAPIPE_BARE)
    command = [str(python), "-P", str(_script("mediapipe_peer.py"))]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with working("mediapipe", command, quiet) as worker, _scratch() as scratch:
        yield Peer(worker, scratch)


@contextmanager
def facenet(threads: int, progress: Progress) -> Iterator[Peer]:
    """facenet-pytorch's MTCNN on `threads` threads.

    Raises:
        RuntimeError: it can't be had.
    """
    with progress.step("setting up facenet-pytorch in an environment of its own (once)"):
        python = environment("facenet-pytorch", *FACENET, bare=FACENET_BARE)
    (packages,) = python.parent.parent.glob("lib/python*/site-packages")
    command = [sys.executable, "-P", str(_script("facenet_peer.py")), str(threads)]
    found = {**os.environ, "PYTHONPATH": str(packages)}
    with working("MTCNN", command, found) as worker, _scratch() as scratch:
        yield Peer(worker, scratch)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        yield Path(folder)


def _script(name: str) -> Path:
    return Path(__file__).with_name(name)
