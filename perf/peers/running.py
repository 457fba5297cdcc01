"""A peer's service while it is measured: started, waited for, and gone without a trace."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from perf.peers.catalogue import SERVICES, Layout, Peer
from perf.peers.subjects import Subject

START_S = 90.0
"""Ray takes up to 20."""
STOP_S = 5.0
_MARK = "LIVEROOM_PEER"
"""The variable that a service's processes are known by, daemons that left its process group included."""
_PORTS = range(20_000, 30_000)
"""Below those that the kernel deals out to clients."""
_SAID = 400


@contextlib.contextmanager
def running(peer: Peer, python: Path, subject: Subject, layout: Layout) -> Iterator[Sequence[int]]:
    """Serves `subject` until the block ends; yields the ports once its answer is right.

    Raises:
        RuntimeError: it ends, does not answer within START_S, or answers wrong; with what it printed last.
    """
    first = free_ports(layout.workers + 2)
    ports = range(first, first + (layout.workers if peer.spread else 1))
    with tempfile.TemporaryDirectory(prefix="peer-") as scratch:
        settings = {
            "PEER_MODEL": str(subject.file),
            "PEER_SHAPE": ",".join(map(str, subject.x.shape)),
            "PEER_HEAVY": "1" if subject.heavy else "0",
            "PEER_PORT": str(first),
            "PEER_SPARE_PORT": str(first + layout.workers + 1),
            "PEER_WORKERS": str(layout.workers),
            "PEER_THREADS": str(layout.threads),
            "PEER_BATCH": str(layout.batch),
            "PYTHONPATH": str(SERVICES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": scratch,
            "BENTOML_HOME": scratch,
        }
        with started([str(python), str(SERVICES / peer.script)], settings, Path(scratch)) as (process, log):
            _wait(peer, process, subject, ports, log)
            yield ports


@contextlib.contextmanager
def started(
    command: Sequence[str], variables: Mapping[str, str], folder: Path
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Runs `command` in `folder` until the block ends, and then ends it and all that it has started.

    Yields the process and the file that has what it prints.

    Raises:
        RuntimeError: one can't be ended.
    """
    mark = uuid.uuid4().hex
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **variables, _MARK: mark},
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        _stop(process, mark)


def _wait(
    peer: Peer, process: "subprocess.Popen[bytes]", subject: Subject, ports: Sequence[int], log: Path
) -> None:
    """Returns when every port gives the right answer."""
    wire = peer.wire(heavy=subject.heavy)
    deadline = time.monotonic() + START_S
    for port in ports:
        while True:
            try:
                answer = wire.ask([port], subject.x)
                break
            except (OSError, RuntimeError) as error:
                ended = process.poll() is not None
                if ended or time.monotonic() > deadline:
                    what = f"ended with {process.returncode}" if ended else f"is not ready in {START_S:g} s"
                    raise RuntimeError(f"{peer.name} {what} ({error}): {last_words(log)}") from None
                time.sleep(0.1)
        if not subject.is_right(answer):
            raise RuntimeError(f"{peer.name} answers {subject.model.name} wrong: not what ONNX Runtime gives")


def last_words(log: Path) -> str:
    """What a process printed last."""
    return " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-_SAID:]


def _stop(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """Ends the service's process group, then all that it has started.

    Raises:
        RuntimeError: one of them can't be ended.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    for _ in range(3):  # a process may start another while it is looked for
        left = _marked(mark)
        for stray in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                stray.kill()
        psutil.wait_procs(left, STOP_S)
    process.wait(STOP_S)
    if left := _marked(mark):
        raise RuntimeError(
            f"processes of a peer can't be ended: {', '.join(str(stray.pid) for stray in left)}"
        )


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == mark:
                found.append(process)
    return found


def free_ports(count: int) -> int:
    """The first of `count` free ports in a row."""
    for first in range(_PORTS.start + os.getpid() % 5000, _PORTS.stop, count):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise RuntimeError(f"no {count} free ports in a row between {_PORTS.start} and {_PORTS.stop}")
